import { canonicalJson } from '../../../src/domain/canonical.ts';
import { definitionSchema, type Definition } from '../../../src/domain/definition/definition.ts';
import { makePlan, type Plan } from '../../../src/engine/plan/plan.ts';
import { makePlanCache } from '../../../src/services/pipelines/plan-cache.ts';
import type { Pipelines } from '../../../src/services/ports/pipelines.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { sha256 } from '../../support/shard-driver.ts';

const openai = { provider: 'openai', model: 'gpt-4.1-mini' };
const groq = { provider: 'groq', model: 'llama-3.3-70b-versatile' };

/** Long enough for whatever happens here: a job that ends by its deadline was forgotten. */
const timeouts = { job: '5d', queue: '5d' } as const;
const prompt = { messages: [{ role: 'user' as const, content: 'Count.' }] };
const counted = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } };

const chat = {
  uses: 'model.chat' as const,
  route: { targets: [{ ...openai }, { ...groq }] },
  prompt,
  timeouts: { attempt: '10m' },
  retry: { max_attempts: 4, base_delay: '2s' },
} satisfies Omit<DefinitionBody['steps'][number], 'id'>;

/** Shared between two targets where another step has gone well, as it always does here. */
const routed: DefinitionBody['steps'][number]['route'] = {
  strategy: { mode: 'conditional' },
  targets: [
    {
      when: "${{ steps.nap.status == 'succeeded' && steps.a.output == 1 }}",
      route: {
        strategy: { mode: 'loadbalance', key: '${{ job.id }}' },
        targets: [{ ...openai, weight: 3 }, { ...groq }],
      },
    },
  ],
};

/** A second target is asked when the first one takes as long as it often does here. */
const hedgedRoute = {
  hedge: { after: '2s', max: 2 },
  targets: [{ ...openai }, { ...groq }, { provider: 'builtin', model: 'extractive-summary-1' }],
};

/** Calls that cost nearly as much as they may: what is read is counted, and little is written. */
const thrifty = {
  ...chat,
  prompt: { messages: [{ role: 'user' as const, content: 'x'.repeat(1_200) }] },
  route: {
    targets: [openai, groq].map((target) => ({ ...target, parameters: { max_output_tokens: 10 } })),
  },
} satisfies Omit<DefinitionBody['steps'][number], 'id'>;

/** One call that outlives many requests, at a provider that is asked for it now and then. */
const slow: DefinitionBody = {
  timeouts,
  steps: [
    {
      id: 'ask',
      ...chat,
      route: {
        targets: [{ provider: 'slow', model: 'gpt-4.1-mini', execution: 'background' }],
      },
      timeouts: { attempt: '1h' },
      retry: { max_attempts: 9, base_delay: '2s' },
    },
  ],
  output: { text: '${{ steps.ask.output.text }}' },
};

const pipelines: Readonly<Record<string, DefinitionBody>> = {
  local: {
    timeouts,
    steps: [
      { id: 'a', uses: 'data.compose', with: { value: '${{ input.n }}' } },
      { id: 'b', uses: 'data.compose', with: { value: '${{ steps.a.output + 1 }}' } },
    ],
    output: { n: '${{ steps.b.output }}' },
  },
  chat: {
    timeouts,
    steps: [
      { id: 'ask', ...chat, check: { schema: counted, re_ask: 1 } },
      {
        id: 'after',
        uses: 'data.compose',
        if: '${{ steps.ask.output.json.n > 0 }}',
        with: { value: '${{ steps.ask.output.json.n }}' },
      },
    ],
    output: { n: '${{ steps.after.output }}' },
  },
  map: {
    timeouts,
    steps: [
      {
        id: 'each',
        ...chat,
        for_each: '${{ input.list }}',
        max_concurrency: 2,
        on_item_failure: 'continue',
      },
      { id: 'sum', uses: 'data.compose', with: { value: '${{ size(steps.each.output) }}' } },
    ],
    output: { n: '${{ steps.sum.output }}' },
  },
  hedged: {
    timeouts,
    steps: [
      { id: 'ask', ...chat, route: hedgedRoute, check: { schema: counted, re_ask: 1 } },
      { id: 'after', uses: 'data.compose', with: { value: '${{ steps.ask.output.text }}' } },
    ],
    output: { text: '${{ steps.after.output }}' },
  },
  'hedged-map': {
    timeouts,
    steps: [
      {
        id: 'each',
        ...chat,
        route: hedgedRoute,
        for_each: '${{ input.list }}',
        max_concurrency: 2,
        on_item_failure: 'continue',
      },
    ],
    output: { n: '${{ size(steps.each.output) }}' },
  },
  waits: {
    timeouts,
    steps: [
      { id: 'a', uses: 'data.compose', with: { value: 1 } },
      { id: 'go', uses: 'wait', needs: ['a'], with: { event: 'go' } },
      { id: 'nap', uses: 'wait', needs: ['go'], with: { duration: '40s' } },
      { id: 'ask', needs: ['nap'], ...chat, route: routed },
    ],
    output: { text: '${{ steps.ask.output.text }}' },
  },
  parent: {
    timeouts,
    steps: [
      { id: 'sub', uses: 'pipeline', with: { pipeline: 'chat', input: { n: 1 } } },
      { id: 'other', uses: 'pipeline', with: { pipeline: 'local', input: { n: 1 } } },
      {
        id: 'after',
        uses: 'data.compose',
        with: { value: '${{ steps.other.output }}' },
        needs: ['sub'],
      },
    ],
    output: { n: '${{ steps.after.output }}' },
  },
  limited: {
    timeouts,
    concurrency: { key: '${{ input.key }}', limit: 1 },
    steps: [
      { id: 'ask', ...chat },
      { id: 'nap', uses: 'wait', needs: ['ask'], with: { duration: '20s' } },
      { id: 'b', uses: 'data.compose', needs: ['nap'], with: { value: 1 } },
    ],
    output: { n: '${{ steps.b.output }}' },
  },
  slow,
  'slow-map': {
    timeouts,
    steps: [
      {
        id: 'each',
        ...chat,
        route: {
          targets: [{ provider: 'slow', model: 'gpt-4.1-mini', execution: 'background' as const }],
        },
        timeouts: { attempt: '20m' },
        retry: { max_attempts: 5, base_delay: '2s' },
        for_each: '${{ input.list }}',
        max_concurrency: 2,
        on_item_failure: 'continue',
      },
    ],
    output: { n: '${{ size(steps.each.output) }}' },
  },
  thrift: {
    timeouts,
    steps: [{ id: 'ask', ...thrifty }],
    output: { text: '${{ steps.ask.output.text }}' },
  },
  'thrift-map': {
    timeouts,
    steps: [
      {
        id: 'each',
        ...thrifty,
        for_each: '${{ input.list }}',
        max_concurrency: 3,
        on_item_failure: 'continue',
      },
    ],
    output: { n: '${{ size(steps.each.output) }}' },
  },
  'thrift-slow': slow,
  family: {
    timeouts,
    budget: { max_cost_usd: 0.0013 },
    steps: [
      {
        id: 'each',
        uses: 'pipeline',
        for_each: '${{ input.list }}',
        max_concurrency: 3,
        on_item_failure: 'continue',
        with: { pipeline: 'thrift', input: { n: 1 } },
      },
      { id: 'ask', ...thrifty, on_failure: 'continue' },
      { id: 'free', uses: 'pipeline', with: { pipeline: 'local', input: { n: 1 } } },
    ],
    output: { n: '${{ steps.free.output.n }}' },
  },
  dynasty: {
    timeouts,
    budget: { max_cost_usd: 0.0027 },
    steps: [
      {
        id: 'each',
        uses: 'pipeline',
        for_each: '${{ input.list }}',
        max_concurrency: 3,
        on_item_failure: 'continue',
        with: { pipeline: 'family', input: { list: '${{ input.list }}' } },
      },
    ],
    output: { n: '${{ size(steps.each.output) }}' },
  },
  large: {
    timeouts,
    steps: [
      { id: 'a', uses: 'data.compose', with: { value: '${{ input.text }}' } },
      { id: 'b', uses: 'data.compose', with: { value: '${{ steps.a.output }}' } },
    ],
    output: { text: '${{ steps.b.output }}' },
  },
  throws: {
    timeouts: { job: '1h', queue: '1h' },
    steps: [{ id: 'a', ...chat, route: { targets: [{ provider: 'poison', model: 'throws' }] } }],
  },
  kills: {
    timeouts: { job: '1h', queue: '1h' },
    steps: [
      { id: 'nap', uses: 'wait', with: { duration: '30s' } },
      {
        id: 'a',
        needs: ['nap'],
        ...chat,
        route: { targets: [{ provider: 'poison', model: 'kills' }] },
      },
    ],
  },
};

export const POISONED: ReadonlySet<string> = new Set(['throws', 'kills']);

const definitions = new Map<string, Definition>(
  Object.entries(pipelines).map(([name, body]) => [
    name,
    definitionSchema.parse({ name, ...body }),
  ]),
);
const hashes = new Map(
  [...definitions].map(([name, definition]) => [name, sha256(canonicalJson(definition))]),
);

const planned = new Map<string, Plan>();
for (const [name, definition] of definitions) {
  const plan = makePlan(definition);
  if (!plan.ok) throw new Error(`${name}: ${JSON.stringify(plan.violations)}`);
  planned.set(name, plan.plan);
}

export function planFor(name: string): Plan | null {
  return planned.get(name) ?? null;
}

/** Compiling gives the same every time, so that all worlds may share it. */
export const plans = makePlanCache(10_000_000);

export const published = {
  head: async (_project: string, name: string) => {
    const hash = hashes.get(name);
    if (hash === undefined) return null;
    return { name, version: 1, hash, createdAtMs: 0, createdBy: 'key_1' };
  },
  definition: async (_project: string, name: string) => definitions.get(name) ?? null,
} as unknown as Pipelines;
