import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test, vi } from 'vitest';

import { isJobId, projectId, shardOf } from '../../src/domain/ids.ts';
import type { JobView } from '../../src/services/views/jobs/job-schema.ts';
import { api, ended, paragraphs, TEXT } from './support/api.ts';
import { shardOfProject } from './support/bindings.ts';

async function submit(): Promise<JobView> {
  await api('PUT', '/v1/pipelines/paragraphs', paragraphs);
  return api<JobView>('POST', '/v1/jobs', { pipeline: 'paragraphs', input: { text: TEXT } });
}

function shardStub(id: string) {
  if (!isJobId(id)) throw new Error(`not a job id: ${id}`);
  return env.JOB_SHARD.getByName(`prj_default:${shardOf(id)}`);
}

describe('a job in the runtime', () => {
  test('runs from the queue to its end, and its history reaches D1', async () => {
    const job = await ended((await submit()).id);
    expect(job.status).toBe('succeeded');
    const row = await vi.waitUntil(
      () =>
        env.DB.prepare('SELECT status, seq FROM jobs WHERE id = ? AND finished_at IS NOT NULL')
          .bind(job.id)
          .first<{ status: string; seq: number }>(),
      { timeout: 10_000 },
    );
    expect(row.status).toBe('succeeded');
    const events = await env.DB.prepare(
      'SELECT body FROM events WHERE job_id = ? ORDER BY first_seq',
    )
      .bind(job.id)
      .all<{ body: string }>();
    const seqs = events.results.flatMap(({ body }) =>
      (JSON.parse(body) as { seq: number }[]).map(({ seq }) => seq),
    );
    expect(new Set(seqs)).toEqual(
      new Set(Array.from({ length: row.seq }, (_, index) => index + 1)),
    );
  });

  test('measures one point an attempt and one for the job', async () => {
    const write = vi.spyOn(env.MEASUREMENTS, 'writeDataPoint');
    const job = await ended((await submit()).id);
    const points = write.mock.calls.flatMap(([point]) =>
      point?.blobs?.[4] === job.id ? [point.blobs[0]] : [],
    );
    const attempts = job.steps.flatMap((step) => step.items?.total ?? step.attempts.length);
    const expected = attempts.reduce((sum, count) => sum + count, 0);
    expect(points.filter((kind) => kind === 'attempt')).toHaveLength(expected);
    expect(points.filter((kind) => kind === 'job')).toHaveLength(1);
    write.mockRestore();
  });

  test('is the same after its shard was evicted from memory', async () => {
    const job = await ended((await submit()).id);
    await evictDurableObject(shardStub(job.id));
    expect(await api<JobView>('GET', `/v1/jobs/${job.id}`)).toEqual(job);
  });

  test('keeps an alarm standing that finds nothing to do when it comes twice', async () => {
    const job = await ended((await submit()).id);
    const stub = shardStub(job.id);
    const standing = await runInDurableObject(stub, (_shard, state) => state.storage.getAlarm());
    expect(standing).not.toBeNull();
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await api<JobView>('GET', `/v1/jobs/${job.id}`)).toEqual(job);
  });

  test('another project cannot reach it through its own shard of the same number', async () => {
    const job = await submit();
    if (!isJobId(job.id)) throw new Error('not a job id');
    const other = shardOfProject(projectId('prj_other'), shardOf(job.id));
    expect(await other.read({ jobId: job.id, include: [] })).toBeNull();
    await ended(job.id);
  });
});
