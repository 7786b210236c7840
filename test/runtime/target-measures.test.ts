import { describe, expect, test } from 'vitest';

import type { TargetMeasure } from '../../src/domain/model/target-measure.ts';
import { makeTargetMeasures } from '../../src/runtime/target-measures.ts';
import { ShardDriver } from '../support/shard-driver.ts';

const A = { provider: 'openai', model: 'a' };
const B = { provider: 'groq', model: 'b' };

function took(target: TargetMeasure['target'], p50Ms: number, ageMs = 0): TargetMeasure {
  return { target, p50Ms, p95Ms: 3 * p50Ms, ageMs };
}

test('the latest that was said of a target holds, for ten minutes', () => {
  let nowMs = 5_000_000;
  const measures = makeTargetMeasures(() => nowMs);
  expect(measures.of(A)).toBeNull();
  measures.hear([took(A, 100, 2_000), took(B, 50, 700_000)]);
  measures.hear([took(A, 900, 3_000)]);
  expect(measures.of(A)).toEqual({ p50Ms: 100, p95Ms: 300 });
  expect(measures.of(B)).toBeNull();
  measures.hear([took(A, 400, -1)]);
  expect(measures.of(A)).toEqual({ p50Ms: 400, p95Ms: 1_200 });
  nowMs += 600_000;
  expect(measures.of(A)).not.toBeNull();
  nowMs += 1;
  expect(measures.of(A)).toBeNull();
});

test('names come from definitions, and their number is bounded', () => {
  const measures = makeTargetMeasures(() => 0);
  measures.hear([took(A, 1)]);
  for (let model = 0; model < 1_000; model += 1) {
    measures.hear([took({ provider: 'openai', model: `m${model}` }, 1)]);
  }
  expect(measures.of(A)).toBeNull();
});

describe('a shard with a route that asks the fastest', () => {
  const body = {
    steps: [
      {
        id: 'ask',
        uses: 'model.chat' as const,
        route: { strategy: { mode: 'fastest' as const }, targets: [A, B] },
      },
    ],
  };
  const askedBy = (driver: ShardDriver, measures: readonly TargetMeasure[]) => {
    const answer = driver.submit(body, { turn: { measures } });
    return answer.kind === 'created' ? answer.turn?.work[0]?.target : null;
  };

  test('knows with the submit that brings the first runner', () => {
    expect(askedBy(new ShardDriver(), [took(A, 800), took(B, 300)])).toEqual(B);
    expect(askedBy(new ShardDriver(), [took(A, 200), took(B, 300)])).toEqual(A);
  });

  test('knows what other runners have said, until that is old', () => {
    const driver = new ShardDriver();
    askedBy(driver, [took(A, 800), took(B, 300)]);
    expect(askedBy(driver, [])).toEqual(B);
    driver.nowMs += 600_001;
    expect(askedBy(driver, [])).toEqual(A);
  });

  test('asks the first that is written while that was never measured', () => {
    expect(askedBy(new ShardDriver(), [took(B, 300)])).toEqual(A);
  });
});
