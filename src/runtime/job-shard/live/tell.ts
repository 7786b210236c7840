import type { JobId } from '../../../domain/ids.ts';
import { isTerminal, type JobBirth, type JobState } from '../../../domain/job/job.ts';
import { isWanted } from '../../../domain/webhook.ts';
import { errorName } from '../../../services/ports/log.ts';
import type { EventFilter, LiveFrame } from '../../../services/ports/live.ts';
import { eventView } from '../../../services/views/jobs/event-view.ts';
import type { EventView } from '../../../services/views/jobs/event-view.ts';
import type { ShardContext } from '../context.ts';
import { eventsAfter } from '../tables/events.ts';
import { loadState } from '../tables/jobs.ts';
import type { Listener } from './listeners.ts';

/** Events that go out in one frame. */
const FRAME_EVENTS_MAX = 200;

/** True when somebody may listen. Without anybody, a commit costs a look at a flag. */
export function isHeard({ memory, ports }: ShardContext): boolean {
  memory.live.heard ??= ports.listeners.count() > 0;
  return memory.live.heard;
}

/** Notes that a commit has left events after `afterSeq` to be told; they leave once it is done. */
export function noteEvents(context: ShardContext, jobId: JobId, afterSeq: number): void {
  const { live } = context.memory;
  if (!isHeard(context)) return;
  live.toTell.set(jobId, Math.min(live.toTell.get(jobId) ?? afterSeq, afterSeq));
  if (live.flushing) return;
  live.flushing = true;
  context.ports.background(tellSoon(context));
}

async function tellSoon(context: ShardContext): Promise<void> {
  // The commit is part of a synchronous run, which has to come to its end first.
  await Promise.resolve();
  tellListeners(context);
}

/** Tells all that is noted, as it is stored: what was noted in a run that failed is not there. */
export function tellListeners(context: ShardContext): void {
  const { memory, ports } = context;
  memory.live.flushing = false;
  const noted = [...memory.live.toTell];
  memory.live.toTell.clear();
  for (const [jobId, afterSeq] of noted) {
    try {
      tellJob(context, jobId, afterSeq);
    } catch (error) {
      // Listeners notice the gap and read the history.
      ports.log('error', 'shard.listeners_not_told', { job_id: jobId, error: errorName(error) });
    }
  }
}

function tellJob({ ports }: ShardContext, jobId: JobId, afterSeq: number): void {
  const ofJob = ports.listeners.ofJob(jobId);
  const ofProject = ports.listeners.ofProject();
  if (ofJob.length + ofProject.length === 0) return;
  const state = loadState(ports.sql, jobId);
  if (state === null) return;
  const views = viewsAfter(ports.sql, state, afterSeq);
  const texts = framesOf(views, isTerminal(state.status));
  for (const listener of ofJob) sendAll(listener, texts, isTerminal(state.status));
  for (const listener of ofProject) {
    if (listener.wish.kind !== 'project') continue;
    const wanted = wantedOf(views, state.birth, listener.wish.filter);
    if (wanted.length > 0) sendAll(listener, framesOf(wanted, false), false);
  }
}

/** The stored events of a job after one of them, as listeners see them. */
export function viewsAfter(
  sql: ShardContext['ports']['sql'],
  { birth: { id, correlation } }: JobState,
  afterSeq: number,
  limit = Number.POSITIVE_INFINITY,
): EventView[] {
  return eventsAfter(sql, id, afterSeq, limit).map((event) => eventView(id, correlation, event));
}

/** Events as frames; one frame at least, when they end the job. */
export function framesOf(views: readonly EventView[], over: boolean): string[] {
  const count = Math.max(over ? 1 : 0, Math.ceil(views.length / FRAME_EVENTS_MAX));
  return Array.from({ length: count }, (_, index) => {
    const events = views.slice(index * FRAME_EVENTS_MAX, (index + 1) * FRAME_EVENTS_MAX);
    return frameText({ kind: 'events', events, over: over && index === count - 1 });
  });
}

export function frameText(frame: LiveFrame): string {
  return JSON.stringify(frame);
}

/** A job that is over has nothing more to tell those who listen to it alone. */
export function sendAll(listener: Listener, texts: readonly string[], over: boolean): void {
  for (const text of texts) listener.send(text);
  if (over) listener.end();
}

function wantedOf(
  views: readonly EventView[],
  { pipeline, tags }: JobBirth,
  filter: EventFilter,
): readonly EventView[] {
  const { types } = filter;
  if (filter.pipeline !== null && filter.pipeline !== pipeline) return [];
  if (filter.tag !== null && !tags.includes(filter.tag)) return [];
  return types === null ? views : views.filter(({ type }) => isWanted(types, type));
}
