import { describe, expect, test } from 'vitest';

import { checkDefinition } from '../../../src/services/pipelines/check-definition.ts';
import { providers } from './one-provider.ts';

type Body = Readonly<Record<string, unknown>>;

const plain = { id: 'a', uses: 'data.compose', with: { value: 1 } };
const target = { provider: 'openai', model: 'm' };
const chat = {
  id: 'ask',
  uses: 'model.chat',
  with: { messages: [{ role: 'user', content: 'x' }] },
};

function check(body: Body) {
  return checkDefinition({ name: 'p', steps: [plain], ...body }, providers);
}

/** Pointer and code of every mistake. */
function mistakes(body: Body): string[] {
  const checked = check(body);
  return checked.ok ? [] : checked.violations.map(({ pointer, code }) => `${pointer} ${code}`);
}

/** Pointer and code of every warning; the definition has to be right otherwise. */
function warnings(body: Body): string[] {
  const checked = check(body);
  if (!checked.ok) throw new Error(JSON.stringify(checked.violations));
  return checked.warnings.map(({ pointer, code }) => `${pointer} ${code}`);
}

const step = (change: Body) => ({ steps: [{ ...plain, ...change }] });

describe('times that contradict each other are refused', () => {
  test.each<[string, Body, string]>([
    [
      'an attempt longer than its step',
      step({ timeouts: { attempt: '2m', step: '1m' } }),
      '/steps/0/timeouts/attempt',
    ],
    [
      'an attempt longer than the job',
      { ...step({ timeouts: { attempt: '2m' } }), timeouts: { job: '1m' } },
      '/steps/0/timeouts/attempt',
    ],
    [
      'a step longer than the job',
      { ...step({ timeouts: { step: '2m' } }), timeouts: { job: '1m' } },
      '/steps/0/timeouts/step',
    ],
    ['a queue longer than the job', { timeouts: { queue: '2m', job: '1m' } }, '/timeouts/queue'],
    [
      'a wait longer than the job',
      { ...step({ uses: 'wait', with: { duration: '2h' } }), timeouts: { job: '1h' } },
      '/steps/0/with/duration',
    ],
    [
      'a wait longer than its step',
      step({ uses: 'wait', with: { duration: '2m' }, timeouts: { step: '1m' } }),
      '/steps/0/with/duration',
    ],
    [
      'a first pause longer than the longest',
      step({ retry: { base_delay: '2s', max_delay: '1s' } }),
      '/steps/0/retry/base_delay',
    ],
    [
      'a first pause longer than the longest that holds unasked',
      step({ retry: { base_delay: '2m' } }),
      '/steps/0/retry/base_delay',
    ],
    [
      'a longest pause shorter than the first that holds unasked',
      step({ retry: { max_delay: '10ms' } }),
      '/steps/0/retry/max_delay',
    ],
  ])('%s', (_what, body, pointer) => {
    expect(mistakes(body)).toEqual([`${pointer} contradiction`]);
  });

  test('with a sentence that says how to mend it', () => {
    const checked = check({ timeouts: { queue: '2m', job: '1m' } });
    expect(checked).toMatchObject({
      violations: [
        { message: expect.stringContaining('set the pipeline’s `timeouts.job` to 2m or more') },
      ],
    });
  });

  test('but one with what holds unasked is a warning: a job may ask for another time', () => {
    expect(warnings({ timeouts: { queue: '2h' } })).toEqual(['/timeouts/queue contradiction']);
    expect(warnings(step({ timeouts: { step: '2h' } }))).toEqual([
      '/steps/0/timeouts/step contradiction',
    ]);
    expect(warnings({ retention: { history: '1d' } })).toEqual([
      '/retention/history contradiction',
    ]);
  });

  test('and equal times are none', () => {
    const times = { attempt: '1m', step: '1m' };
    expect(
      mistakes({ ...step({ timeouts: times }), timeouts: { job: '1m', queue: '1m' } }),
    ).toEqual([]);
  });
});

describe('a warning is given for', () => {
  test('a step whose result nobody reads', () => {
    expect(warnings({ output: 1 })).toEqual(['/steps/0 unused_step']);
    expect(warnings({ output: '${{ steps.a.output }}' })).toEqual([]);
    expect(warnings({ output: '${{ steps.a.status }}' })).toEqual([]);
    expect(warnings({})).toEqual([]);
  });

  test('but not for a step that has an effect, or that another one needs', () => {
    const wait = { id: 'w', uses: 'wait', with: { duration: '1s' } };
    const other = { ...plain, id: 'b', needs: ['a'] };
    expect(warnings({ steps: [wait], output: 1 })).toEqual([]);
    expect(warnings({ steps: [plain, other], output: '${{ steps.b.output }}' })).toEqual([]);
  });

  test('steps that can never run, the first one and those that follow it', () => {
    const steps = [
      { ...plain, if: '${{ 1 > 2 }}' },
      { ...plain, id: 'b', needs: ['a'] },
      { ...plain, id: 'c', needs: ['b'], if: '${{ steps.b.status == "skipped" }}' },
      { ...plain, id: 'd', if: '${{ input.x > 2 }}' },
      { ...plain, id: 'e', if: '${{ 2 > 1 }}' },
    ];
    expect(warnings({ steps })).toEqual(['/steps/0/if never_runs', '/steps/1 never_runs']);
  });

  test('a handler of a step that never runs, and not for those that read past a handler', () => {
    const steps = [
      { ...plain, if: '${{ false }}', on_failure: { step: 'h' } },
      { ...plain, id: 'h' },
      { ...plain, id: 'b', with: { value: '${{ steps.a.output }}' }, if: '${{ true }}' },
    ];
    expect(warnings({ steps })).toEqual(['/steps/0/if never_runs', '/steps/1 never_runs']);
  });

  test('a route that no step uses, targets listed twice, and targets that a single one hides', () => {
    const other = { provider: 'openai', model: 'n' };
    const cooler = { ...target, parameters: { temperature: 0 } };
    const routes = {
      used: { targets: [target, other, target, cooler] },
      idle: { targets: [target] },
      one: { strategy: { mode: 'single' }, targets: [target, other] },
    };
    const steps = [
      { ...chat, route: 'used' },
      { ...chat, id: 'again', route: 'one' },
    ];
    expect(warnings({ routes, steps })).toEqual([
      '/routes/idle unused_route',
      '/routes/used/targets/2 repeated_target',
      '/routes/one/targets/1 unused_target',
    ]);
  });

  test.each<[string, readonly Body[], unknown]>([
    ['may be skipped', [{ ...plain, if: '${{ input.x }}' }], '${{ steps.a.output }}'],
    ['may fail', [{ ...plain, on_failure: 'continue' }], { x: ['${{ steps.a.output.y }}'] }],
    [
      'follows one that may be skipped',
      [
        { ...plain, id: 'b', if: '${{ input.x }}' },
        { ...plain, needs: ['b'] },
      ],
      '${{ steps.a.output }}',
    ],
    [
      'only stands in for another one',
      [{ ...plain, id: 'b', on_failure: { step: 'a' } }, plain],
      '${{ [steps.a.output, steps.b.output] }}',
    ],
  ])('an output that reads a step which %s', (_what, steps, output) => {
    expect(warnings({ steps, output })).toEqual(['/output may_be_null']);
  });

  test('but not for an output that looks at the status, or that a handler provides', () => {
    const careful = '${{ steps.a.status == "succeeded" ? steps.a.output : 0 }}';
    expect(warnings({ ...step({ if: '${{ input.x }}' }), output: careful })).toEqual([]);
    const steps = [
      { ...plain, on_failure: { step: 'h' } },
      { ...plain, id: 'h' },
    ];
    expect(warnings({ steps, output: '${{ steps.a.output }}' })).toEqual([]);
  });
});

describe('what is not even well-formed', () => {
  test('is told together with what is wrong elsewhere', () => {
    const steps = [
      { ...plain, timeouts: { attempt: 'soon' }, needs: ['zz'] },
      { ...plain, id: 'b', nedes: [], with: { valeu: 1, value: '${{ steps.c.output }}' } },
    ];
    expect(mistakes({ steps, timeouts: { queue: '2m', job: '1m' } }).toSorted()).toEqual([
      '/steps/0/needs/0 reference',
      '/steps/0/timeouts/attempt custom',
      '/steps/1/nedes unknown_field',
      '/steps/1/with reference',
      '/steps/1/with/valeu unknown_field',
      '/timeouts/queue contradiction',
    ]);
  });

  test.each<[string, Body, string]>([
    [
      'the list of a map',
      { ...step({ for_each: 'x', max_concurrency: 2, with: { value: '${{ item }}' } }) },
      '/steps/0/for_each',
    ],
    [
      'the bound of a pause',
      step({ retry: { base_delay: '2m', max_delay: 'long' } }),
      '/steps/0/retry/max_delay',
    ],
    ['a step’s route', { steps: [{ ...chat, route: 7 }] }, '/steps/0/route'],
    [
      'a route',
      { routes: { chat: {} }, steps: [{ ...chat, route: 'chat' }] },
      '/routes/chat/targets',
    ],
  ])('brings no mistakes of its own: %s', (_what, body, pointer) => {
    const found = mistakes(body).map((line) => line.split(' ')[0]);
    expect(found).toEqual([pointer]);
  });
});
