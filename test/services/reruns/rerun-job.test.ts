import { expect, test } from 'vitest';

import { scopes, type Actor } from '../../../src/domain/access.ts';
import type { JobId } from '../../../src/domain/ids.ts';
import type { Json } from '../../../src/domain/json.ts';
import type { CreateDeps } from '../../../src/services/jobs/create-job.ts';
import { makePlanCache } from '../../../src/services/pipelines/plan-cache.ts';
import { rerunJob, type RerunInput } from '../../../src/services/reruns/rerun-job.ts';
import { definitionOf, type DefinitionBody } from '../../support/engine-driver.ts';
import { PROJECT, ShardDriver } from '../../support/shard-driver.ts';

const actor: Actor = { id: 'key_1', project: PROJECT, scopes: new Set(scopes), isRoot: false };
const body: DefinitionBody = {
  steps: [
    { id: 'a', uses: 'data.compose', with: { value: '${{ input.n }}' } },
    { id: 'b', uses: 'data.compose', with: { value: '${{ steps.a.output }}' } },
  ],
};
const day = 86_400_000;

/** A shard with a job that is over, and what a rerun of it needs. */
async function withJob(
  output: Json,
): Promise<{ driver: ShardDriver; deps: CreateDeps; id: JobId }> {
  const driver = new ShardDriver();
  const id = driver.create(body, { input: { n: 1 } });
  driver.finish(id, () => output);
  await driver.settleHistory();
  const version = { name: 'under-test', version: 1, hash: 'h', createdAtMs: 0, createdBy: 'key_1' };
  const deps: CreateDeps = {
    pipelines: {
      head: () => Promise.resolve(version),
      definition: () => Promise.resolve(definitionOf(body)),
      add: () => Promise.reject(new Error('nobody publishes here')),
      list: () => Promise.resolve([]),
    },
    plans: makePlanCache(1e6),
    shards: { count: 8, former: null, of: () => driver.client() },
    objects: driver.objectStore(),
    machine: driver.machine(),
  };
  return { driver, deps, id };
}

function rerun(id: string, more: Partial<RerunInput> = {}): RerunInput {
  return {
    jobId: id,
    fromStep: null,
    version: null,
    timeouts: {},
    cancelAfter: null,
    idempotencyKey: null,
    correlation: { requestId: 'req_2', traceId: 'b'.repeat(32) },
    turn: null,
    ...more,
  };
}

test('outputs that are taken over are copies of the new job’s own', async () => {
  const { driver, deps, id } = await withJob({ text: 'x'.repeat(300_000) });
  const made = await rerunJob(deps, actor, rerun(id, { fromStep: 'b' }));
  if (!made.ok) throw new Error(made.failure.message);
  const { birth, steps } = made.value.snapshot.state;
  const phase = steps['a']?.phase;
  const stored = phase?.status === 'succeeded' ? phase.output : null;
  expect(stored).toMatchObject({
    at: 'r2',
    key: expect.stringContaining(`/${birth.id}/reused/a/`),
  });
  expect(driver.objects.has(stored?.key ?? '')).toBe(true);
  expect(birth).toMatchObject({
    rerunOf: { jobId: id, fromStep: 'b' },
    createdAtMs: driver.nowMs,
    deadlineAtMs: driver.nowMs + 3_600_000,
  });
});

test('erased payloads cannot be taken over; with an input of its own a rerun needs none', async () => {
  const { driver, deps, id } = await withJob({ n: 1 });
  await driver.pass(8 * day);
  expect(driver.snapshot(id).payloadsErased).toBe(true);
  const asItWas = await rerunJob(deps, actor, rerun(id));
  expect(asItWas).toMatchObject({
    failure: { code: 'conflict', message: expect.stringMatching(/erased.*send the input/) },
  });
  const fromStep = await rerunJob(deps, actor, rerun(id, { fromStep: 'b', input: { n: 2 } }));
  expect(fromStep).toMatchObject({
    failure: {
      code: 'conflict',
      message: expect.stringMatching(/output of a.*leave from_step out/),
    },
  });
  expect(await rerunJob(deps, actor, rerun(id, { input: null }))).toMatchObject({ ok: true });
});

test('a repetition finds its job though the old one is gone', async () => {
  const { driver, deps, id } = await withJob({ n: 1 });
  const once = rerun(id, { idempotencyKey: 'k' });
  const made = await rerunJob(deps, actor, once);
  await driver.pass(8 * day);
  const again = await rerunJob(deps, actor, once);
  expect(made).toMatchObject({ ok: true, value: { kind: 'created' } });
  expect(again).toMatchObject({ ok: true, value: { kind: 'replayed' } });
});

test('a key that may only read makes nothing', async () => {
  const { deps, id } = await withJob({ n: 1 });
  const reader = { ...actor, scopes: new Set(['jobs:read'] as const) };
  expect(await rerunJob(deps, reader, rerun(id))).toMatchObject({ failure: { code: 'forbidden' } });
});
