import type { JsonObject } from '../../../src/domain/json.ts';
import type { Random } from '../../simulation/world/random.ts';
import type { Simulator } from '../../support/simulator/simulator.ts';
import type { Api } from '../support/api.ts';
import { publish } from '../support/jobs.ts';
import { openai, type Definition } from '../support/pipelines.ts';

/** A pipeline of the load and what one of its jobs needs. */
export type Kind = {
  readonly definition: Definition;
  /** Model calls without which no job of it can end; those of its children count with the children. */
  readonly callsNeeded: number;
  /** Children that each of its jobs has. */
  readonly children: number;
  /** How often it is drawn, beside the others; a child is never submitted by the load. */
  readonly weight: number;
};

const STEADY = 'crash-steady';
const FLAKY = 'crash-flaky';
/** A lost attempt counts, and a job may be killed many times over. */
const RETRY = { retry: { max_attempts: 20, base_delay: '20ms', max_delay: '500ms' } };
const ITEMS = 6;

function ask(id: string, model: string, content: string, more: JsonObject = {}): JsonObject {
  const messages = [{ role: 'user', content }];
  return { id, uses: 'model.chat', route: openai(model), with: { messages }, ...RETRY, ...more };
}

const kinds: readonly Kind[] = [
  {
    definition: {
      name: 'crash-sequence',
      steps: [
        ask('first', STEADY, '${{ input.question }}'),
        ask('second', STEADY, '${{ steps.first.output.text }}'),
        ask('third', STEADY, '${{ steps.second.output.text }}'),
      ],
      output: { answer: '${{ steps.third.output.text }}' },
    },
    callsNeeded: 3,
    children: 0,
    weight: 4,
  },
  {
    definition: {
      name: 'crash-map',
      steps: [
        ask('each', STEADY, '${{ item }}', { for_each: '${{ input.items }}', max_concurrency: 3 }),
      ],
      output: { answers: '${{ steps.each.output.map(a, a.text) }}' },
    },
    callsNeeded: ITEMS,
    children: 0,
    weight: 2,
  },
  {
    definition: {
      name: 'crash-retried',
      steps: [
        ask('shaky', FLAKY, '${{ input.question }}'),
        ask('again', FLAKY, '${{ steps.shaky.output.text }}'),
      ],
      output: { answer: '${{ steps.again.output.text }}' },
    },
    callsNeeded: 2,
    children: 0,
    weight: 2,
  },
  {
    definition: {
      name: 'crash-child',
      steps: [ask('ask', STEADY, '${{ input.question }}')],
      output: { answer: '${{ steps.ask.output.text }}' },
    },
    callsNeeded: 1,
    children: 0,
    weight: 0,
  },
  {
    definition: {
      name: 'crash-waiting',
      steps: [
        { id: 'pause', uses: 'wait', with: { duration: '1500ms' } },
        {
          id: 'sub',
          uses: 'pipeline',
          needs: ['pause'],
          with: { pipeline: 'crash-child', input: { question: '${{ input.question }}' } },
          ...RETRY,
        },
      ],
      output: { answer: '${{ steps.sub.output.answer }}' },
    },
    callsNeeded: 0,
    children: 1,
    weight: 2,
  },
];

export function kindOf(pipeline: string): Kind {
  const kind = kinds.find(({ definition }) => definition.name === pipeline);
  if (kind === undefined) throw new Error(`${pipeline} is no pipeline of the load`);
  return kind;
}

/** The body of a new job of a kind that is drawn by weight. */
export function drawJob(random: Random): JsonObject {
  const drawn = random.pick(
    kinds.flatMap((kind) => Array.from({ length: kind.weight }, () => kind)),
  );
  const words = String(random.below(1e9));
  const items = Array.from({ length: ITEMS }, (_, index) => `${words} ${index}`);
  return { pipeline: drawn.definition.name, input: { question: words, items } };
}

/**
 * Publishes the pipelines, the child first, and scripts their models. Bodies come slowly, after the headers: the
 * provider bills a call as soon as it has begun to answer, so one that a crash breaks off is paid in vain.
 */
export async function prepareLoad(api: Api, simulator: Simulator): Promise<void> {
  for (const { definition } of kinds) await publish(api, definition);
  const slow = { slow_body: { delay_ms: 100, chunks: 4 } };
  const quick = { slow_body: { delay_ms: 10, chunks: 2 } };
  simulator.addRules(
    // Seldom enough that the target is not closed for everyone.
    { match: { model: FLAKY }, probability: 0.15, fault: { status: 500 } },
    { match: { model: FLAKY }, probability: 0.05, fault: { status: 429, retry_after_ms: 300 } },
    { match: { model: FLAKY }, fault: quick },
    { match: { model: STEADY }, probability: 0.5, fault: slow },
    { match: { model: STEADY }, fault: quick },
  );
}

/** Calls of the load that reached the provider. */
export function callsOfLoad(simulator: Simulator) {
  return simulator.journal().filter(({ model }) => model === STEADY || model === FLAKY);
}
