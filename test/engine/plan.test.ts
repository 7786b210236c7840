import { describe, expect, test } from 'vitest';

import type { Violation } from '../../src/domain/job/failure.ts';
import { formatPath } from '../../src/engine/expression/path.ts';
import { orderSteps } from '../../src/engine/plan/order.ts';
import { controlKey, makePlan } from '../../src/engine/plan/plan.ts';
import {
  definitionOf,
  planOf,
  type DefinitionBody,
  type StepBody,
} from '../support/engine-driver.ts';

const target = { provider: 'openai', model: 'm' };
const compose = (id: string, rest: Partial<StepBody> = {}): StepBody => ({
  id,
  uses: 'data.compose',
  ...rest,
});
const chat = (id: string, rest: Partial<StepBody> = {}): StepBody => ({
  id,
  uses: 'model.chat',
  route: { targets: [target] },
  ...rest,
});

function violationsOf(body: DefinitionBody): readonly Violation[] {
  const result = makePlan(definitionOf(body));
  if (result.ok) throw new Error('the definition has a plan');
  return result.violations;
}

const pointers = (body: DefinitionBody) =>
  violationsOf(body).map(({ pointer, code }) => `${pointer} ${code}`);

describe('what does not fit together is told with a pointer', () => {
  test.each<[string, DefinitionBody, string]>([
    [
      'a need that is no step',
      { steps: [compose('a', { needs: ['b'] })] },
      '/steps/0/needs/0 reference',
    ],
    [
      'a need named like a key of JavaScript',
      { steps: [compose('a', { needs: ['constructor'] })] },
      '/steps/0/needs/0 reference',
    ],
    ['two steps of one name', { steps: [compose('a'), compose('a')] }, '/steps/1/id duplicate'],
    [
      'an input that reads no step',
      { steps: [compose('a', { with: { x: '${{ steps.b.output }}' } })] },
      '/steps/0/with reference',
    ],
    [
      'a condition that reads no step',
      { steps: [compose('a', { if: "${{ steps.b.status == 'failed' }}" })] },
      '/steps/0/if reference',
    ],
    [
      'a list that reads no step',
      { steps: [compose('a', { for_each: '${{ steps.b.output }}' })] },
      '/steps/0/for_each reference',
    ],
    [
      'an output that reads no step',
      { steps: [compose('a')], output: { x: '${{ steps.b.output }}' } },
      '/output reference',
    ],
    [
      'a step without a field',
      { steps: [compose('a'), compose('b', { with: { x: '${{ steps.a }}' } })] },
      '/steps/1/with reference',
    ],
    [
      'all steps at once',
      { steps: [compose('a'), compose('b', { with: { x: '${{ steps }}' } })] },
      '/steps/1/with reference',
    ],
    [
      'a field that steps do not have',
      { steps: [compose('a'), compose('b', { with: { x: '${{ steps.a.text }}' } })] },
      '/steps/1/with reference',
    ],
    [
      'a computed step name',
      { steps: [compose('a'), compose('b', { with: { x: '${{ steps[input.which].output }}' } })] },
      '/steps/1/with reference',
    ],
    [
      'an item outside a map',
      { steps: [compose('a', { with: { x: '${{ item }}' } })] },
      '/steps/0/with reference',
    ],
    [
      'an index outside a map',
      { steps: [compose('a', { with: { x: 'n ${{ index + 1 }}' } })] },
      '/steps/0/with reference',
    ],
    [
      'an item in the condition of a map',
      { steps: [compose('a', { for_each: '${{ input.l }}', if: '${{ item == 1 }}' })] },
      '/steps/0/if reference',
    ],
    [
      'an item in the list of a map',
      { steps: [compose('a', { for_each: '${{ item }}' })] },
      '/steps/0/for_each reference',
    ],
    [
      'an item in the output',
      { steps: [compose('a')], output: '${{ item }}' },
      '/output reference',
    ],
    [
      'a bad expression in an input',
      { steps: [compose('a', { with: { x: { y: ['${{ 1 + }}'] } } })] },
      '/steps/0/with/x/y/0 expression',
    ],
    [
      'a bad expression in a condition',
      { steps: [compose('a', { if: '${{ 1 + }}' })] },
      '/steps/0/if expression',
    ],
    [
      'a bad expression in the output',
      { steps: [compose('a')], output: { 'a/b~c': '${{ nope }}' } },
      '/output/a~1b~0c expression',
    ],
    [
      'concurrency without a map',
      { steps: [compose('a', { max_concurrency: 2 })] },
      '/steps/0/max_concurrency misplaced',
    ],
    [
      'a model without a route',
      { steps: [{ id: 'a', uses: 'model.chat' }] },
      '/steps/0/route required',
    ],
    [
      'a route that is not there',
      { steps: [chat('a', { route: 'fast' })] },
      '/steps/0/route reference',
    ],
    [
      'a route named like a key of JavaScript',
      { steps: [chat('a', { route: 'constructor' })], routes: { fast: { targets: [target] } } },
      '/steps/0/route reference',
    ],
    [
      'a route on a transform',
      { steps: [compose('a', { route: { targets: [target] } })] },
      '/steps/0/route misplaced',
    ],
    [
      'a prompt on a transform',
      { steps: [compose('a', { prompt: { messages: [{ role: 'user', content: 'x' }] } })] },
      '/steps/0/prompt misplaced',
    ],
    [
      're-asking a transform',
      { steps: [compose('a', { check: { schema: {}, re_ask: 1 } })] },
      '/steps/0/check/re_ask misplaced',
    ],
    [
      'a step that waits for itself',
      { steps: [compose('a', { with: { x: '${{ steps.a.output }}' } })] },
      '/steps/0 cycle',
    ],
  ])('%s', (_, body, expected) => {
    expect(pointers(body)).toEqual([expected]);
  });

  test('all violations are told at once', () => {
    const body: DefinitionBody = {
      steps: [
        compose('a', { needs: ['x'], with: { y: '${{ 1 + }} ${{ steps.z.output }}' } }),
        { id: 'a', uses: 'model.chat', max_concurrency: 3 },
      ],
      output: '${{ steps.q.output }}',
    };
    expect(pointers(body).toSorted()).toEqual([
      '/output reference',
      '/steps/0/needs/0 reference',
      '/steps/0/with reference',
      '/steps/0/with/y expression',
      '/steps/1/id duplicate',
      '/steps/1/max_concurrency misplaced',
      '/steps/1/route required',
    ]);
  });

  test('a mistaken field comes with the reference that was meant', () => {
    const steps = [compose('a'), compose('b', { with: { x: '${{ steps.a.text }}' } })];
    expect(violationsOf({ steps })[0]?.message).toContain('did you mean steps.a.output.text?');
  });
});

const order = (...nodes: readonly [string, ...string[]][]) =>
  orderSteps(nodes.map(([id, ...needs]) => ({ id, needs })));

describe('the order of steps', () => {
  test('each step follows what it needs, otherwise the author decides', () => {
    const { steps, cycle } = order(['d', 'b', 'c'], ['b', 'a'], ['a'], ['c', 'a'], ['e']);
    expect(cycle).toBeNull();
    expect(steps.map(({ id }) => id)).toEqual(['a', 'e', 'b', 'c', 'd']);
  });

  test('a ring is named in the order in which it waits', () => {
    expect(order(['x'], ['a', 'x', 'b'], ['b', 'c'], ['c', 'a'], ['d', 'a']).cycle).toEqual([
      'a',
      'b',
      'c',
    ]);
    expect(order(['t', 'a'], ['a', 'b'], ['b', 'a']).cycle).toEqual(['a', 'b']);
  });

  test('a ring of needs and references is refused with all its members', () => {
    const steps = [
      compose('a', { needs: ['c'] }),
      compose('b', { if: "${{ steps.a.status == 'failed' }}" }),
      compose('c', { for_each: '${{ steps.b.output }}' }),
    ];
    const [violation] = violationsOf({ steps });
    expect(violation).toMatchObject({ pointer: '/steps/0', code: 'cycle' });
    expect(violation?.message).toContain('a -> c -> b -> a');
  });
});

describe('what a plan knows', () => {
  test('a step needs what is named and what it reads, each once', () => {
    const { byId } = planOf({
      steps: [
        compose('a'),
        compose('b'),
        compose('c'),
        compose('d', {
          needs: ['a', 'a'],
          if: "${{ steps.b.status == 'succeeded' }}",
          for_each: '${{ steps.c.output.list }}',
          with: { x: '${{ item }} ${{ steps.a.output.n }}' },
        }),
      ],
    });
    expect(byId.get('d')?.needs).toEqual(['a', 'c', 'b']);
  });

  test('a runner gets what the input reads, the shard what steers the job', () => {
    const plan = planOf({
      steps: [
        compose('a'),
        compose('b', {
          if: '${{ steps.a.output.go && input.on }}',
          with: { x: '${{ steps.a.output.text }} ${{ input.doc.title }} ${{ job.id }}' },
        }),
        compose('m', {
          for_each: '${{ steps.a.output.list }}',
          with: { x: '${{ item }}', y: '${{ metadata.z }}' },
        }),
        compose('n', { for_each: '${{ input.list.filter(x, x > steps.b.output.low) }}' }),
      ],
      output: {
        text: '${{ steps.b.output }}',
        n: '${{ size(steps.a.output.list) + input.extra }}',
      },
    });
    const reads = (id: string) => plan.byId.get(id)?.reads.map(formatPath);
    const reports = (id: string) => plan.byId.get(id)?.reports.map(controlKey);
    expect(reads('b')).toEqual(['input.doc.title', 'steps.a.output.text']);
    expect(reads('m')).toEqual([]);
    expect(reads('n')).toEqual(['input.list', 'steps.b.output.low']);
    expect(reports('a')).toEqual([
      'steps.a.output.go',
      'steps.a.output.list',
      'size(steps.a.output.list)',
    ]);
    expect(reports('b')).toEqual(['steps.b.output.low']);
    expect(plan.inputReports.map(controlKey)).toEqual(['input.on', 'input.list', 'input.extra']);
    expect(plan.outputComputed).toHaveLength(1);
  });

  test('what a definition is silent about', () => {
    const plan = planOf({ steps: [compose('a'), chat('b')] });
    expect(plan).toMatchObject({
      jobTimeoutMs: 3_600_000,
      queueTimeoutMs: 3_600_000,
      retention: { payloadsMs: 7 * 86_400_000, historyMs: 90 * 86_400_000 },
    });
    expect(plan.byId.get('a')).toMatchObject({
      attemptTimeoutMs: 30_000,
      stepTimeoutMs: null,
      route: null,
      retry: { maxAttempts: 3, baseDelayMs: 1_000, maxDelayMs: 60_000 },
    });
    expect(plan.byId.get('b')).toMatchObject({ attemptTimeoutMs: 60_000, reAsksMax: 0 });
  });

  test('history is kept at least as long as payloads, and a job is queued no longer than it may last', () => {
    const plan = planOf({
      steps: [compose('a')],
      timeouts: { job: '5m' },
      retention: { payloads: '30d', history: '1d' },
    });
    expect(plan.retention).toEqual({ payloadsMs: 30 * 86_400_000, historyMs: 30 * 86_400_000 });
    expect(plan.queueTimeoutMs).toBe(300_000);
  });

  test('a fallback route may try each of its targets, a single one has one', () => {
    const targets = Array.from({ length: 5 }, (_, index) => ({ ...target, model: `m${index}` }));
    const plan = planOf({
      steps: [
        chat('a', { route: { targets } }),
        chat('b', { route: { targets, strategy: { mode: 'single' } } }),
        chat('c', { route: 'named' }),
      ],
      routes: { named: { targets, strategy: { mode: 'fallback', on: ['timeout'] } } },
    });
    expect(plan.byId.get('a')).toMatchObject({ retry: { maxAttempts: 5 }, route: { targets } });
    expect(plan.byId.get('b')).toMatchObject({ retry: { maxAttempts: 3 } });
    expect(plan.byId.get('b')?.route?.targets).toEqual([targets[0]]);
    expect([...(plan.byId.get('c')?.route?.root.on ?? [])]).toEqual(['timeout']);
  });

  test('a content refusal, or a request that is wrong everywhere, does not fall back unasked', () => {
    const on = planOf({ steps: [chat('a')] }).byId.get('a')?.route?.root.on ?? new Set();
    for (const refused of [
      'content_blocked_input',
      'content_blocked_output',
      'invalid_request',
      'cancelled',
    ]) {
      expect(on).not.toContain(refused);
    }
    expect(on).toContain('auth');
    expect(on).toContain('rate_limited');
  });
});
