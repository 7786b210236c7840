import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { canonicalJson } from '../../src/domain/canonical.ts';
import { durationMs, parseDurationMs } from '../../src/domain/duration.ts';
import { firstJobIdAt, isJobId, jobIdOf, shardOf } from '../../src/domain/ids.ts';
import { jsonPointer } from '../../src/domain/json.ts';
import { addCost, formatUsd, NO_COST } from '../../src/domain/money.ts';
import { addUsage } from '../../src/domain/model/usage.ts';
import { violationsOf } from '../../src/domain/violations.ts';
import { toWire } from '../../src/domain/wire.ts';

describe('job ids', () => {
  const uuid = '01a2047a-e526-73a5-916f-a83c960ee2ec';

  test('carry the shard they were made for', () => {
    for (const shard of [0, 7, 16, 255]) expect(shardOf(jobIdOf(uuid, shard))).toBe(shard);
  });

  test('sort by creation, so that a time is a bound on ids', () => {
    const madeAtMs = Number.parseInt(uuid.replaceAll('-', '').slice(0, 12), 16);
    const id = jobIdOf(uuid, 255);
    expect(firstJobIdAt(madeAtMs) <= id).toBe(true);
    expect(firstJobIdAt(madeAtMs + 1) > id).toBe(true);
  });

  test.each([
    '',
    'job_',
    `job_${'0'.repeat(33)}`,
    `job_${'0'.repeat(34)}\n`,
    `JOB_${'0'.repeat(34)}`,
  ])('are not %j', (text) => expect(isJobId(text)).toBe(false));

  test('cannot be made for a shard that does not fit', () => {
    expect(() => jobIdOf(uuid, 256)).toThrow(RangeError);
  });
});

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
  ])('%s is %d milliseconds', (text, ms) => expect(durationMs(text, null)).toBe(ms));

  test.each(['', '5', '5 m', '-5m', '1.5h', '5M', '5minutes', '99999999999d'])(
    '%j is none',
    (text) => expect(parseDurationMs(text)).toBeNull(),
  );
});

describe('money', () => {
  test.each([
    [0, '0.000000000'],
    [1, '0.000000001'],
    [1_200_000, '0.001200000'],
    [12_345_678_901, '12.345678901'],
    [-5, '-0.000000005'],
  ])('%d nano-dollars are $%s', (nanoUsd, text) => expect(formatUsd(nanoUsd)).toBe(text));

  test('an unknown cost is counted and never added as 0', () => {
    const sum = addCost(addCost(NO_COST, 7), null);
    expect(sum).toEqual({ nanoUsd: 7, unpricedAttempts: 1 });
  });
});

test('usages add up bucket by bucket, and what nobody reported stays absent', () => {
  expect(addUsage({ inputTokens: 1, outputTokens: 2 }, { inputTokens: 3 })).toEqual({
    inputTokens: 4,
    outputTokens: 2,
  });
});

describe('the wire', () => {
  test('shows names in snake_case and times in ISO 8601', () => {
    expect(
      toWire({
        startedAtMs: 0,
        latencyMs: 5,
        nested: [{ costNanoUsd: 1 }],
        atMs: 1,
        gone: undefined,
      }),
    ).toEqual({
      started_at: '1970-01-01T00:00:00.000Z',
      latency_ms: 5,
      nested: [{ cost_nano_usd: 1 }],
      at: '1970-01-01T00:00:00.001Z',
    });
  });
});

test('equal values have equal canonical texts, whatever the order of their keys', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
      const turned = Object.fromEntries(Object.entries(object).toReversed());
      expect(canonicalJson(turned)).toBe(canonicalJson(object));
    }),
  );
});

test('pointers escape what would be read as a path', () => {
  expect(jsonPointer(['a/b', '~', 0])).toBe('/a~1b/~0/0');
});

test('a choice is told with what there is to choose from, in the schema’s own words where it has some', () => {
  const schema = z.object({
    period: z.enum(['day', 'month']),
    kind: z.literal('job'),
    state: z.enum(['on', 'off'], { error: 'is on or off' }),
  });
  const parsed = schema.safeParse({ period: 'week', kind: 'step' });
  if (parsed.success) throw new Error('it was taken');
  expect(violationsOf(parsed.error).map(({ pointer, message }) => [pointer, message])).toEqual([
    ['/period', 'must be one of day, month'],
    ['/kind', 'must be job'],
    ['/state', 'is on or off'],
  ]);
});

test('every issue of a failed parse has its pointer: unknown, missing and wrong fields', () => {
  const schema = z.strictObject({ a: z.string(), b: z.object({ c: z.array(z.number()) }) });
  const parsed = schema.safeParse({ b: { c: [1, 'x'] }, d: 1 });
  if (parsed.success) throw new Error('it parsed');
  expect(violationsOf(parsed.error).map(({ pointer, code }) => [pointer, code])).toEqual(
    expect.arrayContaining([
      ['/a', 'required'],
      ['/b/c/1', 'type'],
      ['/d', 'unknown_field'],
    ]),
  );
});
