import { describe, expect, test } from 'vitest';

import type { Priority } from '../../../src/domain/job/flow.ts';
import { AGED_MS, chooseNext, type Candidate } from '../../../src/runtime/flow/choose.ts';

const NOW_MS = 1_000_000;
const strictly = { nowMs: NOW_MS, lot: 0.9, lastKey: null };
const byAge = { ...strictly, lot: 0.1 };

let places = 0;
function job(key: string | null, priority: Priority = 'normal', waitedMs = 0): Candidate {
  places += 1;
  return { key, priority, sinceMs: NOW_MS - waitedMs, place: places };
}

describe('who is next', () => {
  test('nobody, when nobody may start', () => {
    expect(chooseNext([], strictly)).toBeNull();
  });

  test('the highest priority, whoever came first', () => {
    const [low, high, normal] = [job('a', 'low'), job('b', 'high'), job('c')];
    expect(chooseNext([low, high, normal], strictly)).toBe(high);
    expect(chooseNext([low, normal], strictly)).toBe(normal);
  });

  test('keys take turns, round and round', () => {
    const jobs = ['b', 'a', 'c'].map((key) => job(key));
    const served: (string | null)[] = [];
    let lastKey: string | null = null;
    for (let grant = 0; grant < 7; grant += 1) {
      lastKey = chooseNext(jobs, { ...strictly, lastKey })?.key ?? null;
      served.push(lastKey);
    }
    expect(served).toEqual(['a', 'b', 'c', 'a', 'b', 'c', 'a']);
  });

  test('jobs without a key take turns with the others', () => {
    const jobs = [job(null), job('a')];
    expect(chooseNext(jobs, { ...strictly, lastKey: 'a' })?.key).toBeNull();
    expect(chooseNext(jobs, { ...strictly, lastKey: null })?.key).toBe('a');
  });

  test('the oldest, of one key', () => {
    const [first, second] = [job('a'), job('a')];
    expect(chooseNext([second, first], strictly)).toBe(first);
  });

  test('a job that has waited long, in the grants that go by age', () => {
    const old = job('a', 'low', AGED_MS);
    const urgent = job('a', 'high');
    expect(chooseNext([urgent, old], byAge)).toBe(old);
    expect(chooseNext([urgent, old], strictly)).toBe(urgent);
    const young = job('a', 'low', AGED_MS - 1);
    expect(chooseNext([urgent, young], byAge)).toBe(urgent);
  });
});
