import { expect, test } from 'vitest';

import type { ActiveAttempt } from '../../../src/domain/job/attempt.ts';
import { isJobId, projectId, type JobId } from '../../../src/domain/ids.ts';
import type { ParentLink } from '../../../src/domain/job/lineage.ts';
import { doChores } from '../../../src/services/run/chores.ts';
import type { ExecuteDeps } from '../../../src/services/run/attempt.ts';
import type { JobContext } from '../../../src/services/ports/job-shard/turn.ts';
import { EngineDriver, EPOCH_MS } from '../../support/engine-driver.ts';

function idOf(text: string): JobId {
  if (!isJobId(text)) throw new RangeError(text);
  return text;
}

const PARENT = idOf('job_0190000000007000800000000000000a01');
const CHILD = idOf('job_0190000000007000800000000000000b02');
const OTHER = idOf('job_0190000000007000800000000000000c02');

const link: ParentLink = { jobId: PARENT, step: 'sub', item: null, attempt: 1, lineage: ['a'] };

function attempt(number: number, child?: JobId): ActiveAttempt {
  const times = { startedAtMs: EPOCH_MS, deadlineAtMs: EPOCH_MS + 60_000 };
  const place = { step: 'sub', item: null, attempt: number, target: null, targetIndex: 0 };
  return { ...place, ...times, local: true, ...(child === undefined ? {} : { child }) };
}

/** Tells a parent, whose step has this open attempt, that its child has ended; gives what it heard. */
async function told(active: ActiveAttempt | null) {
  const parent = new EngineDriver({
    steps: [{ id: 'sub', uses: 'pipeline', with: { pipeline: 'below' } }],
  });
  const child = new EngineDriver({
    steps: [{ id: 'a', uses: 'data.compose', with: { value: 1 } }],
  });
  child.cancel();
  const heard: { settled: number[]; isTold: boolean } = { settled: [], isTold: false };
  const states = {
    [PARENT]: { ...parent.state, active: active === null ? {} : { [`sub#1`]: active } },
    [CHILD]: { ...child.state, birth: { ...child.birth, id: CHILD, parent: link } },
  };
  const shard = {
    read: async ({ jobId }: { jobId: JobId }) => ({
      state: states[jobId],
      definition: jobId === PARENT ? parent.plan.definition : child.plan.definition,
    }),
    next: async ({ settled }: { settled: readonly { attempt: number }[] }) => {
      heard.settled.push(...settled.map((report) => report.attempt));
      return { context: null };
    },
    parentTold: async () => {
      heard.isTold = true;
    },
  };
  const deps = {
    shards: { of: () => shard },
    plans: { get: () => parent.plan },
    machine: { nowMs: () => EPOCH_MS, newUuid: () => 'uuid' },
    log: () => {},
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the chore asks for
  } as unknown as ExecuteDeps;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the chore asks for
  const job = { jobId: CHILD, project: projectId('prj_test') } as JobContext;
  await doChores(deps, job, { tellParent: link, cancelChildren: [] }, null);
  return heard;
}

test.each([
  ['the attempt that waits for it', attempt(1, CHILD), [1], true],
  ['the attempt that it was made for, before that knows of it', attempt(1), [1], true],
  ['a later attempt that has found it', attempt(2, CHILD), [2], true],
  ['no attempt that waits for another child', attempt(2, OTHER), [], true],
  ['nobody, where nobody waits', null, [], true],
  ['no attempt yet that may find it, or make another child', attempt(2), [], false],
] as const)('the end of a child is reported to %s', async (_whom, active, settled, isTold) => {
  expect(await told(active)).toEqual({ settled, isTold });
});
