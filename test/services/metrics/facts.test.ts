import { describe, expect, test } from 'vitest';

import type { EventBody, JobEvent } from '../../../src/domain/job/event.ts';
import { isoTime } from '../../../src/domain/wire.ts';
import { factsOfJob, type ToldJob } from '../../../src/services/metrics/facts/facts-of-job.ts';
import { jobTimes } from '../../../src/services/metrics/facts/job-times.ts';

const TARGET = { provider: 'openai', model: 'm' };

function history(...lines: readonly (readonly [atMs: number, body: EventBody])[]): JobEvent[] {
  return lines.map(([atMs, body], index) => ({ ...body, seq: index + 1, atMs }));
}

function started(step: string, attempt = 1, target: typeof TARGET | null = TARGET): EventBody {
  const data = { target, targetIndex: 0, deadlineAtMs: 1e9, local: target === null };
  return { type: 'attempt.started', step, attempt, data };
}

function succeeded(step: string, latencyMs: number, attempt = 1): EventBody {
  const output = { sha256: '', bytes: 0 } as never;
  const facts = { latencyMs, costNanoUsd: 5 };
  return { type: 'attempt.succeeded', step, attempt, data: { facts, output } };
}

function declined(atMs: number, item: number): readonly [number, EventBody] {
  const retry = { atMs: atMs + 100, targetIndex: 0 };
  const data = { reason: 'budget', untilAtMs: atMs + 100, retry } as const;
  return [atMs, { type: 'attempt.declined', step: 'a', item, attempt: 1, data }];
}

function bill(nanoUsd: number): EventBody {
  const facts = { latencyMs: 0, costNanoUsd: nanoUsd };
  return { type: 'cost.adjusted', step: 'a', attempt: 1, data: { facts, replacesUnknown: true } };
}

const begun: EventBody = { type: 'job.started', data: {} };
const over: EventBody = { type: 'job.succeeded', data: {} };

describe('where the time of a job went', () => {
  test('calls side by side count once, and what is left is overhead', () => {
    const events = history(
      [100, begun],
      [110, started('a')],
      [120, started('b')],
      [210, succeeded('a', 95)],
      [310, succeeded('b', 180)],
      [330, over],
    );
    // From 115 (210 - 95) to 210, and from 130 (310 - 180) to 310.
    expect(jobTimes(events)).toEqual({
      provider_ms: 195,
      waited_ms: 0,
      overhead_ms: 35,
      cost: 10,
      open: [],
    });
  });

  test('back-off, timers, pauses and children are waits; work inside the Worker is overhead', () => {
    const child = 'job_0' as never;
    const wait = { kind: 'timer', untilAtMs: 700 } as const;
    const events = history(
      [0, begun],
      [0, started('a', 1, null)],
      [100, succeeded('a', 100)],
      [100, { type: 'step.waiting', step: 'b', data: { kind: 'retry_backoff', untilAtMs: 200 } }],
      [200, started('b')],
      [300, succeeded('b', 100)],
      [300, { type: 'wait.started', step: 'c', data: wait as never }],
      [700, { type: 'wait.completed', step: 'c', data: { by: null } }],
      [700, started('d', 1, null)],
      [710, { type: 'step.waiting', step: 'd', attempt: 1, data: { kind: 'child', jobId: child } }],
      [910, succeeded('d', 200)],
      [910, { type: 'job.paused', data: { by: 'x' } }],
      [1_000, { type: 'job.resumed', data: { by: 'x' } }],
      [1_000, over],
    );
    expect(jobTimes(events)).toEqual({
      provider_ms: 100,
      waited_ms: 100 + 400 + 210 + 90,
      overhead_ms: 100,
      cost: 15,
      open: [],
    });
  });

  test('what a limit, a circuit or a budget holds back waits, each item of a map for itself', () => {
    const events = history(
      [0, begun],
      [0, { ...started('a'), item: 0 }],
      [0, { ...started('a'), item: 1 }],
      declined(10, 0),
      declined(10, 1),
      [110, { ...started('a', 2), item: 0 }],
      [150, { ...succeeded('a', 40, 2), item: 0 }],
      // The other one goes on waiting, until it is given up.
      [400, { type: 'step.failed', step: 'a', item: 1, data: {} as never }],
      [500, over],
    );
    expect(jobTimes(events)).toEqual({
      provider_ms: 40,
      waited_ms: 100 + 250,
      overhead_ms: 10 + 100,
      cost: 5,
      open: [],
    });
  });

  test('the time until a lost runner is missed is overhead, and no provider’s', () => {
    const retry = { atMs: 540, targetIndex: 0 };
    const data = { possibleDuplicateSpend: true, retry } as const;
    const events = history(
      [0, begun],
      [10, started('a')],
      [540, { type: 'attempt.lost', step: 'a', attempt: 1, data }],
      [550, started('a', 2)],
      [650, succeeded('a', 100, 2)],
      [650, over],
    );
    expect(jobTimes(events)).toMatchObject({ provider_ms: 100, waited_ms: 0, overhead_ms: 550 });
  });

  test('what is known of a job’s cost at its end counts, and what comes later does not', () => {
    const events = history(
      [0, begun],
      [0, succeeded('b', 1)],
      [1, bill(70)],
      [2, over],
      [3, bill(900)],
    );
    expect(jobTimes(events)).toMatchObject({ cost: 75 });
  });

  test('a call that is open at the end is of unknown cost; a job that is not over has no times', () => {
    const events = history(
      [0, begun],
      [10, started('a')],
      [50, { type: 'job.timed_out', data: {} }],
    );
    expect(jobTimes(events)).toMatchObject({ provider_ms: 40, open: [{ step: 'a', ...TARGET }] });
    expect(jobTimes(events.slice(0, 2))).toBeNull();
  });
});

/** An event as history has it. */
function told(type: string, data: object, more: object = {}): object {
  return { seq: 7, type, at: isoTime(4_000), step: 'a', attempt: 1, data, ...more };
}

describe('facts of what history tells', () => {
  const job: ToldJob['job'] = {
    id: 'job_1',
    pipeline: 'p',
    version: 2,
    status: 'succeeded',
    created_at: 1_000,
    started_at: 1_500,
    tags: ['t'],
  };
  const call = { attempt_key: 'a#1', ...TARGET };
  const factsOf = (event: object, calls: ToldJob['calls'] = [call]) =>
    factsOfJob({ job, events: { events: [event] }, calls }).facts;
  const subject = { seq: 7, at: 4_000, step: 'a', ...TARGET };
  const facts = { latency_ms: 9, cost_nano_usd: 3 };

  test.each<[string, object, object[]]>([
    [
      'a failed check',
      told('attempt.failed', {
        facts: { ...facts, cost_nano_usd: null },
        failure: { class: 'output_invalid', violations: [{ code: 'enum' }, { code: 'enum' }] },
        retry: { at: 1, target_index: 0 },
      }),
      [
        {
          kind: 'attempt',
          ...subject,
          outcome: 'failed',
          class: 'output_invalid',
          latency_ms: 9,
          unpriced: true,
          retried: true,
          checks: { enum: 2 },
        },
      ],
    ],
    [
      'a call that a budget had no room for',
      told('attempt.failed', { facts, failure: { class: 'budget_exceeded', phase: 'not_sent' } }),
      [{ kind: 'attempt', ...subject, outcome: 'failed', class: 'budget_exceeded', cost: 3 }],
    ],
    [
      'a call that found no way to its provider',
      told('attempt.failed', { facts, failure: { class: 'network', phase: 'not_sent' } }),
      [
        {
          kind: 'attempt',
          ...subject,
          outcome: 'failed',
          class: 'network',
          latency_ms: 9,
          cost: 3,
        },
      ],
    ],
    [
      'a result from the cache',
      told('attempt.succeeded', {
        facts: { latency_ms: 2, cost_nano_usd: 0, cache_hit: true, saved_nano_usd: 8 },
      }),
      [
        {
          kind: 'attempt',
          ...subject,
          outcome: 'succeeded',
          latency_ms: 2,
          cost: 0,
          cached: true,
          saved: 8,
        },
      ],
    ],
    [
      'a result that came after its attempt was given up',
      told('attempt.succeeded', { facts, late: true, counted_as: 'timeout' }),
      [{ kind: 'cost', ...subject, resolves: true, cost: 3, class: 'timeout' }],
    ],
    [
      'the same, as releases before told it',
      told('attempt.succeeded', { facts, late: true }),
      [{ kind: 'cost', ...subject, resolves: true, cost: 3 }],
    ],
    [
      'a moderation',
      told('attempt.succeeded', {
        facts: { ...facts, moderated: { flagged: true, categories: ['hate'] } },
      }),
      [
        {
          kind: 'attempt',
          ...subject,
          outcome: 'succeeded',
          latency_ms: 9,
          cost: 3,
          moderated: { flagged: true, categories: ['hate'] },
        },
      ],
    ],
    [
      'a moderation that came late and was used',
      told('attempt.succeeded', { facts: { ...facts, moderated: { flagged: false } }, late: true }),
      [{ kind: 'cost', ...subject, resolves: true, cost: 3, moderated: { flagged: false } }],
    ],
    [
      'a moderation that nobody waited for any more',
      told('cost.adjusted', { facts: { ...facts, moderated: { flagged: true } } }),
      [{ kind: 'cost', ...subject, cost: 3 }],
    ],
    [
      'a fallback',
      told('fallback.taken', {
        from: TARGET,
        to: { provider: 'x', model: 'y' },
        because: 'timeout',
      }),
      [{ kind: 'occurrence', ...subject, what: 'fallback' }],
    ],
    [
      'a job’s end',
      told('job.failed', { code: 'x', message: 'y' }, { step: undefined }),
      [{ kind: 'job', seq: 7, at: 4_000, status: 'failed', latency_ms: 3_000, queue_ms: 500 }],
    ],
    ['an event that is not measured', told('step.started', {}), []],
    ['an event of a release to come', told('attempt.succeeded', { facts: 'other' }), []],
  ])('%s', (_name, event, expected) => {
    expect(factsOf(event)).toEqual(expected);
  });

  test.each([
    [{ outcome: 'superseded', failure_class: null }, 'superseded'],
    [{ outcome: 'lost', failure_class: null }, 'lost'],
    [{ outcome: 'failed', failure_class: 'timeout' }, 'timeout'],
    [{ outcome: 'abandoned', failure_class: null }, undefined],
  ])('a correction counts under what its attempt was counted: %j', (end, expected) => {
    const event = told('cost.adjusted', { facts, replaces_unknown: true });
    const countedAs = expected === undefined ? {} : { class: expected };
    expect(factsOf(event, [{ ...call, ...end }])).toEqual([
      { kind: 'cost', ...subject, resolves: true, cost: 3, ...countedAs },
    ]);
  });

  test('a correction of a call that was open at its job’s end counts under no class, as the call did', () => {
    const event = told('cost.adjusted', { facts, replaces_unknown: true, counted_as: null });
    expect(factsOf(event, [{ ...call, outcome: 'lost', failure_class: null }])).toEqual([
      { kind: 'cost', ...subject, resolves: true, cost: 3 },
    ]);
  });

  test('a parent’s attempt costs nothing of its own, and work inside the Worker never', () => {
    expect(factsOf(told('attempt.succeeded', { facts }), [])).toEqual([
      { kind: 'attempt', seq: 7, at: 4_000, step: 'a', outcome: 'succeeded', latency_ms: 9 },
    ]);
    expect(factsOf(told('attempt.superseded', { by: 2 }), [{ ...call, local: true }])).toEqual([
      { kind: 'attempt', ...subject, outcome: 'superseded', class: 'superseded' },
    ]);
    expect(factsOf(told('cost.adjusted', { facts, replaces_unknown: true }), [])).toEqual([]);
  });
});
