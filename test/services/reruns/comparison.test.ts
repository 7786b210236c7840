import { describe, expect, test } from 'vitest';

import { differencesOf } from '../../../src/services/reruns/json-difference.ts';
import {
  comparisonOf,
  comparisonWithNothing,
} from '../../../src/services/views/jobs/comparison.ts';
import type { JobView, StepView } from '../../../src/services/views/jobs/job-schema.ts';

const all = (before: unknown, after: unknown) => differencesOf(before, after, 100);

describe('the differences of two values', () => {
  test.each([[null], [0], ['a'], [[]], [[1, [2]]], [{ a: { b: [null, false] } }]])(
    'of %j and itself are none',
    (value) => {
      expect(all(value, structuredClone(value))).toEqual([]);
    },
  );

  test('name what came, what went and what changed', () => {
    const before = { same: 1, gone: 2, list: [1, 2, 3], deep: { text: 'a' } };
    const after = { same: 1, list: [1, 5], deep: { text: 'b' }, fresh: null };
    expect(all(before, after)).toEqual([
      { pointer: '/gone', kind: 'removed' },
      { pointer: '/list/1', kind: 'changed' },
      { pointer: '/list/2', kind: 'removed' },
      { pointer: '/deep/text', kind: 'changed' },
      { pointer: '/fresh', kind: 'added' },
    ]);
  });

  test('of values of two kinds are one change', () => {
    for (const [before, after] of [
      [null, {}],
      [[], {}],
      [1, '1'],
      [{ a: 1 }, [1]],
    ]) {
      expect(all(before, after)).toEqual([{ pointer: '', kind: 'changed' }]);
    }
  });

  test('know names that objects inherit, and names with signs', () => {
    expect(all({}, { constructor: 1, 'a/b~': 1 })).toEqual([
      { pointer: '/constructor', kind: 'added' },
      { pointer: '/a~1b~0', kind: 'added' },
    ]);
  });

  test('are as many as wanted at most', () => {
    const many = Array.from({ length: 300 }, (_, index) => index);
    expect(differencesOf([], many, 100)).toHaveLength(100);
  });
});

const cost = (nano: number) => ({ nano_usd: nano, usd: '0', unpriced_attempts: 0 });

function step(id: string, more: Partial<StepView> = {}): StepView {
  // Only what a comparison looks at.
  return {
    id,
    uses: 'model.chat',
    status: 'succeeded',
    queued_at: null,
    started_at: '2026-01-01T00:00:01.000Z',
    finished_at: '2026-01-01T00:00:03.000Z',
    cost: cost(70),
    output: { bytes: 2, sha256: 'aa' },
    error: null,
    stopped: null,
    skipped: null,
    reused: false,
    items: null,
    attempts: [],
    ...more,
  } as StepView;
}

function job(id: string, more: Partial<JobView> = {}): JobView {
  // Only what a comparison looks at.
  return {
    id,
    status: 'succeeded',
    terminal: true,
    payloads_erased: false,
    started_at: '2026-01-01T00:00:00.000Z',
    finished_at: '2026-01-01T00:00:04.000Z',
    output: { text: 'a' },
    cost: cost(140),
    steps: [step('read'), step('ask')],
    ...more,
  } as JobView;
}

describe('a comparison', () => {
  test('sets outputs, costs, latencies and steps side by side', () => {
    const taken = step('read', { reused: true, cost: cost(0), started_at: null });
    const asked = step('ask', { cost: cost(50), output: { bytes: 2, sha256: 'bb' } });
    const after = job('job_new', {
      output: { text: 'b' },
      cost: cost(50),
      finished_at: '2026-01-01T00:00:01.500Z',
      steps: [taken, asked],
    });
    expect(comparisonOf(job('job_old'), after)).toEqual({
      with: 'job_old',
      note: null,
      output: { equal: false, differences: [{ pointer: '/text', kind: 'changed' }] },
      cost: { before_nano_usd: 140, after_nano_usd: 50, difference_nano_usd: -90 },
      latency: { before_ms: 4_000, after_ms: 1_500, difference_ms: -2_500 },
      steps: [
        {
          id: 'read',
          status: { before: 'succeeded', after: 'succeeded' },
          reused: true,
          cost: { before_nano_usd: 70, after_nano_usd: 0, difference_nano_usd: -70 },
          latency: { before_ms: 2_000, after_ms: null, difference_ms: null },
          output_equal: true,
        },
        {
          id: 'ask',
          status: { before: 'succeeded', after: 'succeeded' },
          reused: false,
          cost: { before_nano_usd: 70, after_nano_usd: 50, difference_nano_usd: -20 },
          latency: { before_ms: 2_000, after_ms: 2_000, difference_ms: 0 },
          output_equal: false,
        },
      ],
    });
  });

  test('shows steps that only one of the versions has', () => {
    const { steps } = comparisonOf(
      job('a', { steps: [step('old')] }),
      job('b', { steps: [step('new')] }),
    );
    expect(steps.map(({ id, status, output_equal: equal }) => [id, status, equal])).toEqual([
      ['new', { before: null, after: 'succeeded' }, null],
      ['old', { before: 'succeeded', after: null }, null],
    ]);
  });

  test('says what it cannot compare', () => {
    const open = comparisonOf(job('a'), job('b', { terminal: false, status: 'running' }));
    expect(open).toMatchObject({ output: null, note: expect.stringContaining('b is running') });
    const erased = comparisonOf(job('a', { payloads_erased: true }), job('b'));
    expect(erased).toMatchObject({ output: null, note: expect.stringContaining('of a have been') });
    expect(erased.cost?.before_nano_usd).toBe(140);
    expect(comparisonWithNothing('a')).toMatchObject({
      with: 'a',
      note: expect.stringContaining('does not exist any more'),
      steps: [],
    });
  });
});
