import type { Actor } from '../../domain/access.ts';
import type { Bulk } from '../../domain/bulk.ts';
import { isTerminal } from '../../domain/job/job.ts';
import { cancelJob } from '../jobs/cancel-job.ts';
import type { CreateDeps } from '../jobs/create-job.ts';
import { getJob } from '../jobs/get-job.ts';
import type { IndexedJob } from '../ports/job-index.ts';
import { rerunJob } from '../reruns/rerun-job.ts';
import type { ServiceFailure } from '../result.ts';

/** What became of one job in a bulk action. */
export type Deed =
  | { readonly kind: 'done' }
  /** There was nothing to do. */
  | { readonly kind: 'skipped' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  /** Not at the moment: to be tried again. */
  | { readonly kind: 'later' };

const DONE: Deed = { kind: 'done' };
const SKIPPED: Deed = { kind: 'skipped' };

/** Does to one job what a bulk action says, in the name of its maker. Doing it twice is doing it once. */
export async function actOnJob(deps: CreateDeps, bulk: Bulk, job: IndexedJob): Promise<Deed> {
  const { id, isRoot, scopes, maxConcurrentJobs = null } = bulk.actor;
  const { project } = bulk;
  const actor: Actor = { id, isRoot, project, maxConcurrentJobs, scopes: new Set(scopes) };
  return bulk.action === 'cancel' ? cancelOne(deps, actor, job) : rerunOne(deps, actor, bulk, job);
}

/** A job that the list shows as over is over; what others are, their shard says. */
async function cancelOne(deps: CreateDeps, actor: Actor, job: IndexedJob): Promise<Deed> {
  if (isTerminal(job.status)) return SKIPPED;
  const cancelled = await cancelJob(deps, actor, job.id);
  if (!cancelled.ok) return failed(cancelled.failure);
  const { status } = cancelled.value.state;
  return status === 'cancelled' || status === 'cancelling' ? DONE : SKIPPED;
}

/** Jobs that still run are left alone, and so are children: they run again with their parents. */
async function rerunOne(
  deps: CreateDeps,
  actor: Actor,
  { id, rerun, correlation }: Bulk,
  job: IndexedJob,
): Promise<Deed> {
  const old = await getJob(deps, actor, job.id, []);
  if (!old.ok) return failed(old.failure);
  const { birth, status } = old.value.state;
  if (!isTerminal(status) || birth.parent !== undefined) return SKIPPED;
  const made = await rerunJob(deps, actor, {
    ...rerun,
    jobId: job.id,
    timeouts: {},
    cancelAfter: null,
    idempotencyKey: `${id}:${job.id}`,
    correlation,
    turn: null,
  });
  return made.ok ? DONE : failed(made.failure);
}

function failed({ code, message }: ServiceFailure): Deed {
  return code === 'unavailable' ? { kind: 'later' } : { kind: 'failed', code, message };
}
