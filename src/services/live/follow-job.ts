import { shardOf, type JobId, type ProjectId } from '../../domain/ids.ts';
import type { EventsAnswer } from '../ports/job-shard/snapshot.ts';
import type { JobShards } from '../ports/job-shard/job-shard.ts';
import type { LiveFrame } from '../ports/live.ts';
import { errorName, type Log } from '../ports/log.ts';
import { eventView } from '../views/jobs/event-view.ts';
import type { EventView } from '../views/jobs/event-view.ts';
import { listenOnce, type ListenDeps } from './listen-once.ts';
import type { Outlet } from './outlet.ts';

/** Events that are read at a time, as fast as the client takes them. */
export const HISTORY_PAGE = 500;
/** How often in a row a shard that cannot be reached is tried again before the stream ends and the client resumes. */
const TRIES_MAX = 6;
const RETRY_MS = 250;
const RETRY_MAX_MS = 4_000;
/** A socket that was open this long did not fail in a row with the one before. */
const LASTED_MS = 30_000;

export type FollowDeps = ListenDeps & { readonly shards: JobShards; readonly log: Log };

/** Where following begins: after an event, with the page of history that comes next. */
export type FollowFrom = {
  readonly project: ProjectId;
  readonly jobId: JobId;
  readonly afterSeq: number;
  readonly page: EventsAnswer;
};

/** `over`: the job is, and all of it was told. `left`: nobody reads any more. `gone`: the job was erased. */
export type FollowEnd = 'over' | 'left' | 'gone' | 'unreachable';

type Follower = FollowFrom & {
  readonly outlet: Outlet;
  /** The last event that was told. */
  seq: number;
  over: boolean;
  failures: number;
};

/**
 * Tells a job's events after one of them, first those that happened, then those that happen, each once and in order,
 * until the job is over. Whatever breaks on the way is taken up after the last event that was told.
 */
export async function followJob(
  deps: FollowDeps,
  from: FollowFrom,
  outlet: Outlet,
): Promise<FollowEnd> {
  const follower: Follower = { ...from, outlet, seq: from.afterSeq, over: false, failures: 0 };
  let page: EventsAnswer | null | 'unreachable' = from.page;
  for (;;) {
    if (page === null) return 'gone';
    if (page === 'unreachable') return page;
    await tellPage(follower, page);
    if (outlet.signal.aborted) return 'left';
    if (follower.over) return 'over';
    if (page.events.length < HISTORY_PAGE) {
      const end = await listen(deps, follower);
      if (end !== 'read_again') return end;
    }
    page = await readPage(deps, follower);
  }
}

/** Tells a page of history as fast as the client takes it. */
async function tellPage(follower: Follower, page: EventsAnswer): Promise<void> {
  const { jobId, outlet } = follower;
  for (const event of page.events) {
    tell(follower, eventView(jobId, page.correlation, event));
    await outlet.room();
    if (outlet.signal.aborted) return;
  }
  follower.over = page.over === true && follower.seq >= (page.seq ?? Number.POSITIVE_INFINITY);
}

function tell(follower: Follower, view: EventView): void {
  follower.seq = view.seq;
  follower.outlet.send({ event: view.type, id: String(view.seq), data: view });
}

async function readPage(deps: FollowDeps, follower: Follower) {
  const { project, jobId, outlet } = follower;
  while (follower.failures < TRIES_MAX && !outlet.signal.aborted) {
    try {
      const shard = deps.shards.of(project, shardOf(jobId));
      return await shard.events({ jobId, afterSeq: follower.seq, limit: HISTORY_PAGE });
    } catch (error) {
      deps.log('warn', 'stream.history_unread', { job_id: jobId, error: errorName(error) });
      await pause(deps, follower);
    }
  }
  return 'unreachable' as const;
}

async function listen(
  deps: FollowDeps,
  follower: Follower,
): Promise<'over' | 'left' | 'unreachable' | 'read_again'> {
  const { project, jobId, outlet } = follower;
  const beganAtMs = deps.machine.nowMs();
  const end = await listenOnce(deps, {
    project,
    shard: shardOf(jobId),
    wish: { kind: 'job', jobId, afterSeq: follower.seq },
    signal: outlet.signal,
    frame: (frame) => hear(follower, frame),
  });
  if (follower.over) return 'over';
  if (outlet.signal.aborted) return 'left';
  if (deps.machine.nowMs() - beganAtMs >= LASTED_MS) follower.failures = 0;
  if (end !== 'enough') await pause(deps, follower);
  return follower.failures < TRIES_MAX ? 'read_again' : 'unreachable';
}

/** False when the history has to be read before more can be heard, and when nothing more follows. */
function hear(follower: Follower, frame: LiveFrame): boolean {
  if (frame.kind === 'behind') return false;
  follower.failures = 0;
  if (frame.kind === 'delta') {
    follower.outlet.send({ event: 'step.delta', data: frame.delta });
    return true;
  }
  for (const view of frame.events) {
    if (view.seq > follower.seq + 1) return false;
    if (view.seq > follower.seq) tell(follower, view);
  }
  follower.over = frame.over;
  return !frame.over;
}

async function pause({ machine }: FollowDeps, follower: Follower): Promise<void> {
  const ms = Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** follower.failures);
  follower.failures += 1;
  await machine.wait(ms, follower.outlet.signal);
}
