import { expect, test } from 'vitest';

import type { Feedback } from '../../../src/domain/feedback.ts';
import { jobIdOf, projectId } from '../../../src/domain/ids.ts';
import { makeFeedback } from '../../../src/runtime/d1/feedback.ts';
import { DAY_MS, HOUR_MS } from '../../../src/services/metrics/facts/fact.ts';
import { SCORE_UNIT } from '../../../src/services/metrics/rollup/other-shares.ts';
import { mergeRollups } from '../../../src/services/metrics/rollup/series.ts';
import { DAY, metricsWorld, settle } from './metrics-world.ts';
import { dice, pick, type Dice } from './random-history.ts';

const PROJECT = projectId('prj_a');
const PER_JOB_MAX = 6;

/** One of few ids of few jobs and moments, so that repetitions, mistakes and full jobs all come. */
function said(roll: Dice): Feedback {
  const job = Math.floor(roll() * 20);
  const version = 1 + (job % 2);
  return {
    id: `fbk_${job}_${Math.floor(roll() * 12)}`,
    jobId: jobIdOf(`01a30000-0000-7000-8000-${job.toString(16).padStart(12, '0')}`, 3),
    pipeline: pick(() => job / 20, ['digest', 'triage']),
    version,
    step: roll() < 0.3 ? 'read' : null,
    score: roll() < 0.2 ? null : Math.round(roll() * 1_000) / 1_000,
    label: roll() < 0.5 ? pick(roll, ['wrong', 'good']) : null,
    comment: 'words',
    user: null,
    personalUntilMs: null,
    models: [],
    prompts: [],
    by: 'key_1',
    atMs: DAY + Math.floor(roll() * 200) * 60_000,
  };
}

test.each([1, 2, 3])('feedback is counted as its own summary counts it (%i)', async (seed) => {
  const roll = dice(seed);
  const its = metricsWorld();
  const store = makeFeedback(its.d1.binding());
  const kinds = new Map<string, number>();
  const before: Feedback[] = [];
  for (let turn = 0; turn < 300; turn += 1) {
    // The same again at the same or at another moment, or something else under the same id.
    const again = before.length > 0 && roll() < 0.4 ? pick(roll, before) : said(roll);
    const one = roll() < 0.5 ? again : { ...again, atMs: again.atMs + 90_000 };
    const both = await Promise.all(
      [one, one].map((each) => store.add(PROJECT, each, pick(roll, ['a', 'a', 'b']), PER_JOB_MAX)),
    );
    for (const { kind } of both) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    before.push(one);
    if (roll() < 0.05) {
      its.clock.nowMs = DAY + Math.floor(roll() * 5) * HOUR_MS;
      await its.rollUp();
    }
  }
  expect([...kinds.keys()].toSorted()).toEqual(['added', 'different', 'full', 'known']);
  await settle(its, DAY + DAY_MS);
  const range = { fromMs: DAY, toMs: DAY + DAY_MS };
  const stored = await its.store.sums(PROJECT, 'hour', [range], ['feedback']);
  const series = [...mergeRollups(stored.map(({ rollup }) => rollup)).feedback.values()];
  const query = { groupBy: 'version', pipeline: null, version: null, ...range } as const;
  const summary = await store.sum(PROJECT, query, 100);
  expect(summary).toHaveLength(4);
  for (const { group, count, scores, meanScore, labels } of summary) {
    const own = series.filter(({ values }) => `${values[0]}@${values[1]}` === group);
    const sum = (name: string, of = own) =>
      of.reduce((total, { sums }) => total + Number(sums.get(name) ?? 0n), 0);
    expect(sum('feedback')).toBe(count);
    expect(sum('scored_feedback')).toBe(scores);
    expect(sum('feedback_scores') / SCORE_UNIT / scores).toBeCloseTo(meanScore ?? 0, 9);
    for (const [label, times] of labels) {
      const labelled = own.filter(({ values }) => values[3] === label);
      expect(sum('feedback', labelled)).toBe(times);
    }
  }
  expect(JSON.stringify(its.d1.rows('SELECT * FROM metric_facts'))).not.toContain('words');
});

test('a deployment that measures nothing stores feedback all the same', async () => {
  const its = metricsWorld();
  const store = makeFeedback(its.d1.binding(), { unmeasured: true });
  expect(await store.add(PROJECT, said(dice(1)), 'a', 5)).toEqual({ kind: 'added' });
  expect(its.d1.rows('SELECT * FROM metric_facts')).toEqual([]);
  expect(its.d1.rows('SELECT * FROM metric_marks')).toEqual([]);
});
