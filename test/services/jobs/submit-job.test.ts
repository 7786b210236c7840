import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';

import { scopes, type Actor } from '../../../src/domain/access.ts';
import type { Definition } from '../../../src/domain/definition/definition.ts';
import { jobIdOf, projectId } from '../../../src/domain/ids.ts';
import type { JobShard } from '../../../src/services/ports/job-shard/job-shard.ts';
import type { SubmitAnswer } from '../../../src/services/ports/job-shard/submit.ts';
import { makePlanCache } from '../../../src/services/pipelines/plan-cache.ts';
import type { CreateDeps } from '../../../src/services/jobs/create-job.ts';
import { submitJob, type SubmitInput } from '../../../src/services/jobs/submit-job.ts';

const project = projectId('prj_test');
const actor: Actor = { id: 'key_1', project, scopes: new Set(scopes), isRoot: false };
const uuid = '01a2047a-e526-73a5-916f-a83c960ee2ec';

const definition: Definition = {
  name: 'plain',
  steps: [{ id: 'clean', uses: 'text.normalize', with: { text: '${{ input.text }}' } }],
};

/** Everything that a submit needs, with a shard that gives this answer, and the objects that are stored. */
function depsWith(answer: SubmitAnswer): { deps: CreateDeps; stored: Set<string> } {
  const stored = new Set<string>();
  const version = { name: 'plain', version: 1, hash: 'h', createdAtMs: 0, createdBy: 'key_1' };
  const shard = { submit: () => Promise.resolve(answer) } as unknown as JobShard;
  const deps: CreateDeps = {
    pipelines: {
      head: () => Promise.resolve(version),
      definition: () => Promise.resolve(definition),
      add: () => Promise.reject(new Error('nobody publishes here')),
      list: () => Promise.resolve([]),
    },
    plans: makePlanCache(1),
    shards: { count: 1, former: null, of: () => shard },
    objects: {
      put: (key) => Promise.resolve(void stored.add(key)),
      get: () => Promise.resolve(null),
      async deleteJob(owner, jobId) {
        for (const key of stored) if (key.startsWith(`${owner}/${jobId}/`)) stored.delete(key);
      },
    },
    machine: {
      nowMs: () => 0,
      newUuid: () => uuid,
      sha256: (text) => Promise.resolve(createHash('sha256').update(text).digest('hex')),
      wait: () => Promise.resolve(),
    },
  };
  return { deps, stored };
}

/** Too large for a shard's row, so that it becomes an object. */
const large: SubmitInput = {
  pipeline: 'plain',
  input: { text: 'x'.repeat(300_000) },
  metadata: {},
  tags: [],
  timeouts: {},
  cancelAfter: null,
  idempotencyKey: 'the-same',
  correlation: { requestId: 'r', traceId: 't' },
  turn: null,
};

test('a large input stays for the job that it made', async () => {
  const created = { kind: 'created', snapshot: {}, turn: null } as unknown as SubmitAnswer;
  const { deps, stored } = depsWith(created);
  expect(await submitJob(deps, actor, large)).toMatchObject({ ok: true });
  expect([...stored]).toEqual([expect.stringContaining(`prj_test/${jobIdOf(uuid, 0)}/input/`)]);
});

test.each<SubmitAnswer>([
  { kind: 'replayed', snapshot: {} } as unknown as SubmitAnswer,
  { kind: 'key_conflict', jobId: jobIdOf(uuid, 0) },
  { kind: 'full', retryAfterMs: 1 },
])('a large input that made no job is not left behind: $kind', async (answer) => {
  const { deps, stored } = depsWith(answer);
  await submitJob(deps, actor, large);
  expect([...stored]).toEqual([]);
});
