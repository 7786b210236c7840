import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';

import type { Feedback } from '../../src/domain/feedback.ts';
import { jobIdOf, projectId } from '../../src/domain/ids.ts';
import { makeFeedback } from '../../src/runtime/d1/feedback.ts';
import { fireHourly } from './support/bindings.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 10, 22);
const project = projectId('prj_feedback');
const store = makeFeedback(env.DB);
let made = 0;

function newJobId() {
  made += 1;
  return jobIdOf(`01a30000-0000-7000-8000-${made.toString(16).padStart(12, '0')}`, 3);
}

function feedbackOf(more: Partial<Feedback> = {}): Feedback {
  made += 1;
  return {
    id: `fbk_${made}`,
    jobId: newJobId(),
    pipeline: 'p',
    version: 1,
    step: null,
    score: 1,
    label: null,
    comment: null,
    user: null,
    personalUntilMs: null,
    models: [],
    prompts: [],
    by: 'key_1',
    atMs: NOW_MS,
    ...more,
  };
}

describe('feedback in D1', () => {
  test('is as many as fit, however many come at once', async () => {
    const jobId = newJobId();
    const all = Array.from({ length: 12 }, () => feedbackOf({ jobId }));
    const added = await Promise.all(all.map((one) => store.add(project, one, 'hash', 5)));
    expect(added.filter(({ kind }) => kind === 'added')).toHaveLength(5);
    expect(added.filter(({ kind }) => kind === 'full')).toHaveLength(7);
    expect(await store.list(project, jobId, NOW_MS)).toHaveLength(5);
    // What was taken is known for ever, also when there is no room any more.
    const [known] = await store.list(project, jobId, NOW_MS);
    if (known === undefined) throw new Error('nothing was taken');
    expect(await store.add(project, known, 'hash', 5)).toEqual({ kind: 'known', feedback: known });
    expect(await store.add(project, known, 'other', 5)).toEqual({ kind: 'different' });
  });

  test('loses what is personal with the job’s payloads: in answers at once, in the database by the hour', async () => {
    const personal = { comment: 'words', user: 'u1', personalUntilMs: NOW_MS + HOUR_MS };
    const short = feedbackOf(personal);
    const long = feedbackOf({ ...personal, personalUntilMs: NOW_MS + 3 * HOUR_MS });
    for (const one of [short, long]) await store.add(project, one, 'hash', 5);
    expect(await store.list(project, short.jobId, NOW_MS)).toEqual([short]);
    const erased = { ...short, comment: null, user: null, personalUntilMs: null };
    expect(await store.list(project, short.jobId, NOW_MS + HOUR_MS)).toEqual([erased]);
    await fireHourly(NOW_MS + 2 * HOUR_MS);
    expect(await store.list(project, short.jobId, NOW_MS)).toEqual([erased]);
    expect(await store.list(project, long.jobId, NOW_MS)).toEqual([long]);
    expect(await store.add(project, short, 'hash', 5)).toEqual({ kind: 'known', feedback: erased });
  });

  test('goes with the history of its job', async () => {
    const one = feedbackOf();
    await store.add(project, one, 'hash', 5);
    await env.DB.prepare(
      `INSERT INTO jobs (project, id, pipeline, version, status, seq, created_at, expires_at,
         cost_nano_usd, unpriced_attempts, tags, metadata, request_id, trace_id)
       VALUES (?1, ?2, 'p', 1, 'succeeded', 1, 1, 1, 0, 0, '[]', '{}', 'r', 't')`,
    )
      .bind(project, one.jobId)
      .run();
    await fireHourly(NOW_MS);
    expect(await store.list(project, one.jobId, NOW_MS)).toEqual([]);
  });

  test('is counted exactly, and another project’s is not', async () => {
    const pipeline = 'counted';
    const other = projectId('prj_feedbackother');
    const scores = [0, 0.25, 1, null];
    const models = ['openai/a', 'openai/b'];
    for (const score of scores) {
      const one = feedbackOf({ pipeline, score, label: score === 1 ? 'good' : 'bad', models });
      await store.add(project, one, 'hash', 5);
      await store.add(other, { ...one, score: 0 }, 'hash', 5);
    }
    const query = { pipeline, version: null, fromMs: NOW_MS, toMs: NOW_MS + 1 };
    const sums = await store.sum(project, { ...query, groupBy: 'model' }, 10);
    const expected = {
      pipeline: null,
      count: 4,
      scores: 3,
      meanScore: 1.25 / 3,
      minScore: 0,
      maxScore: 1,
      comments: 0,
      labels: [
        ['bad', 3],
        ['good', 1],
      ],
    };
    expect(sums).toEqual(models.map((group) => ({ ...expected, group })));
    const [all] = await store.sum(project, { ...query, groupBy: 'pipeline' }, 10);
    expect(all).toEqual({ ...expected, pipeline, group: pipeline });
    expect(await store.sum(project, { ...query, groupBy: 'by', toMs: NOW_MS }, 10)).toEqual([]);
  });
});
