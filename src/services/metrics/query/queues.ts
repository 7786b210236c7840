import type { Actor } from '../../../domain/access.ts';
import type { ProjectId } from '../../../domain/ids.ts';
import { missingScope } from '../../access/require-scope.ts';
import type { Backlogs, QueueState } from '../../ports/backlogs.ts';
import type { Machine } from '../../ports/runtime.ts';
import { done, type Result } from '../../result.ts';

export type BacklogDeps = {
  readonly backlogs: Backlogs;
  readonly machine: Pick<Machine, 'nowMs'>;
};

/** What waits at one moment. */
export type QueueSample = {
  readonly atMs: number;
  readonly queues: readonly QueueState[];
  readonly runnable: {
    readonly jobs: number;
    readonly oldestSinceMs: number | null;
    /** How many shards were asked, and how many of them did not answer. */
    readonly shards: number;
    readonly silent: number;
  };
};

export async function readQueues(deps: BacklogDeps, actor: Actor): Promise<Result<QueueSample>> {
  const refused = missingScope(actor, 'metrics:read');
  return refused ?? done(await sampleQueues(deps, actor.project));
}

/** The queues belong to the deployment; the jobs are the project's, or everybody's. */
export async function sampleQueues(
  { backlogs, machine }: BacklogDeps,
  project: ProjectId | null,
): Promise<QueueSample> {
  const [queues, shards] = await Promise.all([backlogs.queues(), backlogs.shards(project)]);
  const heard = shards.filter((shard) => shard !== null);
  const since = heard.flatMap(({ oldestSinceMs }) =>
    oldestSinceMs === null ? [] : [oldestSinceMs],
  );
  return {
    atMs: machine.nowMs(),
    queues,
    runnable: {
      jobs: heard.reduce((sum, { jobs }) => sum + jobs, 0),
      oldestSinceMs: since.length === 0 ? null : Math.min(...since),
      shards: shards.length,
      silent: shards.length - heard.length,
    },
  };
}
