import { shardOf } from '../../domain/ids.ts';
import type { Actor } from '../../domain/access.ts';
import type { Submitted } from '../jobs/create-job.ts';
import { beginInline, type InlineDeps } from '../jobs/run-inline.ts';
import { jobView } from '../views/jobs/job-view.ts';
import { followJob, HISTORY_PAGE, type FollowDeps, type FollowEnd } from './follow-job.ts';
import type { Outlet } from './outlet.ts';

/**
 * Tells of a job from its submit to its end while the request that submitted it runs it, as one with `Prefer: wait` would.
 * The first message is the job as it was accepted, the last one the job as it ended, with its output.
 */
export async function followNewJob(
  deps: InlineDeps & FollowDeps,
  actor: Actor,
  submitted: Submitted,
  untilMs: number,
  outlet: Outlet,
): Promise<FollowEnd> {
  const { snapshot, kind } = submitted;
  const { id, correlation } = snapshot.state.birth;
  const accepted = await jobView(deps.objects, snapshot);
  const replayed = kind === 'replayed';
  outlet.send({ event: 'job', data: { ...accepted, idempotency_replayed: replayed } });
  const home = deps.shards.of(actor.project, shardOf(id));
  // Of a new job there is nothing to read: whoever listens is there before the first token.
  const page = replayed
    ? await home.events({ jobId: id, afterSeq: 0, limit: HISTORY_PAGE })
    : { events: [], correlation };
  if (page === null) return 'gone';
  const from = { project: actor.project, jobId: id, afterSeq: 0, page };
  const following = followJob(deps, from, outlet);
  void beginInline(deps, actor, submitted, untilMs);
  const end = await following;
  if (end !== 'over') return end;
  const over = await home.read({ jobId: id, include: [] });
  if (over === null) return 'gone';
  const data = { ...(await jobView(deps.objects, over)), idempotency_replayed: replayed };
  outlet.send({ event: 'job', data });
  return end;
}
