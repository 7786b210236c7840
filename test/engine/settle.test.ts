import { describe, expect, test } from 'vitest';

import { foldEvent, unbornState } from '../../src/engine/fold/fold.ts';
import { EngineDriver, EPOCH_MS, EVERYTHING, type StepBody } from '../support/engine-driver.ts';

const openai = { provider: 'openai', model: 'm' };
const builtin = { provider: 'builtin', model: 'k' };
const chat = (rest: Partial<StepBody> = {}): StepBody => ({
  id: 'a',
  uses: 'model.chat',
  route: { targets: [openai] },
  ...rest,
});

function running(first: StepBody = chat(), ...rest: StepBody[]): EngineDriver {
  const job = new EngineDriver({ steps: [first, ...rest] });
  job.claim();
  return job;
}

describe('E2 and E3: a report', () => {
  test('is used once; repeated, it changes nothing, before and after the end', () => {
    const job = running(chat(), { id: 'b', uses: 'data.compose', needs: ['a'] });
    expect(job.succeed('a#1', { n: 1 }, 5)).toBe('used');
    const once = job.state;
    expect(job.succeed('a#1', { n: 2 }, 5)).toBe('repeated');
    expect(job.fail('a#1', { class: 'network' }, 5)).toBe('repeated');
    expect(job.state).toEqual(once);
    job.claim();
    job.succeed('b#1');
    const over = job.state;
    expect(job.succeed('a#1', { n: 3 }, 5)).toBe('repeated');
    expect(job.succeed('b#1')).toBe('repeated');
    expect(job.state).toEqual(over);
  });

  test('twice in one call is used once', () => {
    const job = running();
    const report = job.settlement('a#1', { ok: true, output: {}, costNanoUsd: 5 });
    const { settled } = job.decide({ kind: 'turn', settled: [report, report], claim: null });
    expect(settled).toEqual(['used', 'repeated']);
    expect(job.state.cost.nanoUsd).toBe(5);
  });

  test('for an attempt that was never handed out changes nothing', () => {
    const job = running(chat({ for_each: '${{ [1, 2] }}' }));
    const before = job.state;
    for (const key of ['a[5]#1', 'a[0]#9', 'a#1', 'nobody#1', 'constructor#1']) {
      expect(job.succeed(key, {}, 5)).toBe('repeated');
    }
    expect(job.state).toEqual(before);
    expect(job.items.size).toBe(0);
  });

  test('of a lost attempt that failed is charged, once, and the attempt after it goes on', () => {
    const job = running();
    job.lose('a#1');
    expect(job.event('attempt.lost').data).toMatchObject({ possibleDuplicateSpend: true });
    job.claim();
    expect(job.fail('a#1', { class: 'overloaded' }, 5)).toBe('late');
    expect(job.phase('a').status).toBe('running');
    expect(job.state.cost).toEqual({ nanoUsd: 5, unpricedAttempts: 0 });
    expect(job.succeed('a#1', { old: true }, 5)).toBe('repeated');
    expect(job.succeed('a#2', { fresh: true }, 7)).toBe('used');
    expect(job.state.cost.nanoUsd).toBe(12);
    expect(job.state.steps['a']?.attempts).toMatchObject([
      { attempt: 1, outcome: 'lost', facts: { costNanoUsd: 5 } },
      { attempt: 2, outcome: 'succeeded', facts: { costNanoUsd: 7 } },
    ]);
  });

  test('of a lost attempt whose step is still open is kept, and the newer attempt is superseded', () => {
    const job = running();
    job.lose('a#1');
    job.claim();
    expect(job.succeed('a#1', { old: true }, 5)).toBe('used');
    expect(job.told().slice(-4)).toEqual([
      'attempt.superseded a#2',
      'attempt.succeeded a#1',
      'step.succeeded a',
      'job.succeeded',
    ]);
    expect(job.event('attempt.succeeded').data).toMatchObject({ late: true, countedAs: 'lost' });
    expect(job.state.cost).toEqual({ nanoUsd: 5, unpricedAttempts: 1 });
    expect(job.succeed('a#1', { old: true }, 5)).toBe('repeated');
    expect(job.succeed('a#2', { fresh: true }, 7)).toBe('late');
    expect(job.event('cost.adjusted').data).toMatchObject({ countedAs: 'superseded' });
    expect(job.state.cost).toEqual({ nanoUsd: 12, unpricedAttempts: 0 });
    expect(job.state.steps['a']?.attempts).toMatchObject([
      { attempt: 1, outcome: 'succeeded', facts: { costNanoUsd: 5 } },
      { attempt: 2, outcome: 'superseded', facts: { costNanoUsd: 7 } },
    ]);
    expect(job.outputs.get('output/a')).toEqual({ old: true });
  });

  test('of a lost attempt is kept in the pause before the next one, too', () => {
    const job = running();
    job.lose('a#1');
    expect(job.succeed('a#1', { old: true }, 5)).toBe('used');
    expect(job.status).toBe('succeeded');
    expect(job.state.cost).toEqual({ nanoUsd: 5, unpricedAttempts: 0 });
  });

  test('of a lost attempt of an item is kept as long as the item is open', () => {
    const job = running(chat({ for_each: '${{ [1, 2] }}', max_concurrency: 2 }));
    job.lose('a[0]#1', 'a[1]#1');
    job.claim();
    expect(job.succeed('a[0]#1', 'first', 5)).toBe('used');
    expect(job.succeed('a[1]#2', 'second', 7)).toBe('used');
    expect(job.succeed('a[1]#1', 'too late', 9)).toBe('late');
    expect(job.status).toBe('succeeded');
    expect(job.state.steps['a']?.phase).toMatchObject({ status: 'succeeded', items: 2 });
    expect(job.outputs.get('output/a/1')).toBe('second');
    expect(job.state.cost).toEqual({ nanoUsd: 21, unpricedAttempts: 1 });
  });

  test('of a lost attempt that comes after the end is charged, and nothing else', () => {
    const job = running();
    job.lose('a#1');
    job.claim();
    job.succeed('a#2');
    const end = job.state.finishedAtMs;
    job.nowMs += 1_000;
    expect(job.fail('a#1', { class: 'network' }, null)).toBe('late');
    expect(job.told().at(-1)).toBe('cost.adjusted a#1');
    expect(job.state).toMatchObject({
      status: 'succeeded',
      finishedAtMs: end,
      cost: { nanoUsd: 0, unpricedAttempts: 1 },
    });
  });

  test('of a lost attempt that cost nothing says so: it was unpriced until then', () => {
    const job = running();
    job.lose('a#1');
    expect(job.state.cost).toEqual({ nanoUsd: 0, unpricedAttempts: 1 });
    expect(job.fail('a#1', { class: 'overloaded' }, 0)).toBe('late');
    expect(job.event('cost.adjusted').data).toMatchObject({ replacesUnknown: true });
    expect(job.state.cost).toEqual({ nanoUsd: 0, unpricedAttempts: 0 });
  });

  test('of a lost attempt that stayed in the Worker leaves no trace', () => {
    const job = running({ id: 'a', uses: 'data.compose' });
    job.lose('a#1');
    const before = job.state;
    expect(job.succeed('a#1', {}, 0)).toBe('late');
    expect(job.state).toEqual(before);
  });

  test('of an attempt that ran when its job ended completes the record of it', () => {
    const job = running(chat(), chat({ id: 'b' }));
    job.fail('a#1', { class: 'auth' }, 1);
    expect(job.status).toBe('failed');
    job.nowMs += 50;
    expect(job.succeed('b#1', {}, 8)).toBe('late');
    expect(job.event('cost.adjusted').data).toMatchObject({ countedAs: null });
    expect(job.activeKeys).toEqual([]);
    expect(job.state.steps['b']).toMatchObject({
      cost: { nanoUsd: 8 },
      attempts: [
        {
          attempt: 1,
          outcome: 'lost',
          target: openai,
          finishedAtMs: EPOCH_MS + 50,
          facts: { costNanoUsd: 8 },
        },
      ],
    });
  });

  test('that ends the job leaves those behind it in the same call late', () => {
    const job = running(chat(), chat({ id: 'b' }));
    const settled = job.settle({
      'a#1': {
        ok: false,
        failure: { class: 'auth', phase: 'rejected', message: 'no' },
        costNanoUsd: 0,
      },
      'b#1': { ok: true, costNanoUsd: 3 },
    });
    expect(settled).toEqual(['used', 'late']);
    expect(job.state).toMatchObject({ status: 'failed', cost: { nanoUsd: 3 } });
  });
});

describe('a lost attempt', () => {
  test('is followed by another at once', () => {
    const job = running();
    job.nowMs += 35_000;
    job.lose('a#1');
    expect(job.phase('a')).toMatchObject({ next: { attempt: 2, notBeforeMs: job.nowMs } });
    expect(job.claim()).toEqual(['a#2']);
  });

  test('is lost once', () => {
    const job = running();
    job.lose('a#1');
    const { seq } = job.state;
    job.lose('a#1');
    expect(job.state.seq).toBe(seq);
  });

  test('inside the Worker spends nothing twice', () => {
    for (const step of [
      chat({ uses: 'data.compose', route: undefined }),
      chat({ route: { targets: [builtin] } }),
    ]) {
      const job = running(step);
      job.lose('a#1');
      expect(job.event('attempt.lost').data).toMatchObject({ possibleDuplicateSpend: false });
    }
  });

  test('that was settled a moment before is not lost', () => {
    const job = running();
    job.succeed('a#1');
    const before = job.state;
    job.lose('a#1');
    expect(job.state).toEqual(before);
  });
});

describe('E8: what a job costs', () => {
  test('failed attempts cost, unknown prices are counted and never 0', () => {
    const job = running(chat({ retry: { max_attempts: 4 } }));
    job.fail('a#1', { retryAfterMs: 0 }, 5);
    job.claim();
    job.fail('a#2', { retryAfterMs: 0 }, null);
    job.claim();
    job.succeed('a#3', {}, 7);
    expect(job.state.cost).toEqual({ nanoUsd: 12, unpricedAttempts: 1 });
    expect(job.state.steps['a']?.cost).toEqual({ nanoUsd: 12, unpricedAttempts: 1 });
    expect(job.told('cost.unknown')).toEqual(['cost.unknown a#2']);
  });

  test('the cost of a map is its items’', () => {
    const job = running(chat({ for_each: '${{ [1, 2, 3] }}' }));
    for (const [index, key] of job.activeKeys.entries()) job.succeed(key, {}, index + 1);
    expect(job.state.steps['a']?.cost).toEqual({ nanoUsd: 6, unpricedAttempts: 0 });
    expect(job.state.cost).toEqual({ nanoUsd: 6, unpricedAttempts: 0 });
  });
});

describe('a check that failed', () => {
  const asking = chat({ check: { schema: {}, re_ask: 1 }, route: { targets: [openai, builtin] } });
  const violations = [{ pointer: '/n', code: 'required', message: 'is required and missing' }];

  test('is told apart from other failures, and the same model is asked again', () => {
    const job = running(asking);
    job.fail('a#1', { class: 'output_invalid', phase: 'finished', violations });
    expect(job.told('check.failed', 'attempt.failed', 'output.re_asked', 'step.waiting')).toEqual([
      'check.failed a#1',
      'attempt.failed a#1',
      'output.re_asked a#1',
    ]);
    expect(job.event('check.failed').data).toEqual({ violations });
    expect(job.event('output.re_asked').data).toEqual({ reAsks: 1 });
    expect(job.claim()).toEqual(['a#2']);
    expect(job.state.active['a#2']).toMatchObject({ target: openai });
  });

  test('goes to the next model when the first will not mend its answer', () => {
    const job = running(asking);
    job.fail('a#1', { class: 'output_invalid' });
    job.claim();
    job.fail('a#2', { class: 'output_invalid' });
    job.claim();
    expect(job.state.active['a#3']).toMatchObject({ target: builtin, targetIndex: 1 });
    expect(job.event('fallback.taken').data).toEqual({
      from: openai,
      to: builtin,
      because: 'output_invalid',
    });
    expect(job.told('output.re_asked')).toHaveLength(1);
  });
});

describe('capacity', () => {
  test('outgoing calls and work inside the Worker are counted apart', () => {
    const steps = [
      chat(),
      chat({ id: 'b' }),
      chat({ id: 'c', route: { targets: [builtin] } }),
      chat({ id: 'd', uses: 'data.compose', route: undefined }),
    ];
    const job = new EngineDriver({ steps });
    expect(job.claim({ capacity: { calls: 1, local: 1 } })).toEqual(['a#1', 'c#1']);
    expect(job.lastClaim).toMatchObject({ starved: true });
    expect(job.claim({ capacity: { calls: 0, local: 5 } })).toEqual(['d#1']);
    expect(job.lastClaim).toMatchObject({ starved: true });
    expect(job.claim({ capacity: { calls: 5, local: 0 } })).toEqual(['b#1']);
    expect(job.lastClaim).toMatchObject({ starved: false });
  });

  test('the first work comes with the creation', () => {
    const job = new EngineDriver({ steps: [chat()] }, { first: EVERYTHING });
    expect(job.told()).toEqual([
      'job.queued',
      'step.queued a',
      'job.started',
      'step.started a',
      'attempt.started a#1',
    ]);
  });

  test('E6: what is in somebody’s hands is not handed out again', () => {
    const job = running(chat(), chat({ id: 'b', for_each: '${{ [1, 2] }}' }));
    expect(job.claim()).toEqual([]);
  });
});

describe('E9: the history', () => {
  test('numbers its events from 1 without a gap, and folds to the state at every point of it', () => {
    const job = running(
      chat({ for_each: '${{ [1, 2] }}', retry: { max_attempts: 5 } }),
      chat({ id: 'b', needs: ['a'] }),
    );
    job.fail('a[0]#1', { retryAfterMs: 10 }, null);
    job.lose('a[1]#1');
    job.wait(10);
    job.claim();
    job.settle({ 'a[0]#2': { ok: true, costNanoUsd: 3 }, 'a[1]#2': { ok: true, costNanoUsd: 4 } });
    job.claim();
    job.cancel();
    job.fail('b#1', { class: 'cancelled' }, null);
    job.succeed('a[1]#1', {}, 9);
    expect(job.events.map(({ seq }) => seq)).toEqual(job.events.map((_, index) => index + 1));
    const stored = JSON.parse(JSON.stringify(job.events)) as typeof job.events;
    const replayed = stored.reduce(foldEvent, unbornState(job.birth, ['a', 'b']));
    expect(replayed).toEqual(job.state);
  });

  test('carries no payload', () => {
    const job = running();
    job.succeed('a#1', { secret: 'payload' });
    expect(JSON.stringify(job.events)).not.toContain('secret');
  });
});
