import type { Actor } from '../../domain/access.ts';
import { eventTypes, namesEvents } from '../../domain/job/event-types.ts';
import type { ProjectId } from '../../domain/ids.ts';
import { isoTime } from '../../domain/wire.ts';
import { missingScope } from '../access/require-scope.ts';
import type { EventFilter, LiveFrame } from '../ports/live.ts';
import { done, refuseAt, type Result } from '../result.ts';
import { listenOnce, type ListenDeps } from './listen-once.ts';
import type { Outlet } from './outlet.ts';

/** Sockets that are opened at a time: a request may have six connections that wait for their answer. */
const OPENING_MAX = 4;
const TRIES_MAX = 6;
const RETRY_MS = 250;
const RETRY_MAX_MS = 4_000;
/** A socket that was open this long did not fail in a row with the one before. */
const LASTED_MS = 30_000;

/** Whether a project may be followed with this filter, before anything is streamed. */
export function checkProjectStream(actor: Actor, filter: EventFilter): Result<EventFilter> {
  const refused = missingScope(actor, 'jobs:read');
  if (refused !== null) return refused;
  const unknown = filter.types?.find((pattern) => !namesEvents(pattern));
  if (unknown === undefined) return done(filter);
  const message = `${JSON.stringify(unknown.slice(0, 80))} is neither a type of events nor a group; there are ${eventTypes.join(', ')}, groups such as job.*, and * for all`;
  return refuseAt('invalid_request', '/query/types', message);
}

export type ProjectStream = {
  readonly project: ProjectId;
  readonly filter: EventFilter;
  /** The last event that the client has seen; null when it begins. */
  readonly lastEventId: string | null;
};

type Tracking = ProjectStream & {
  readonly outlet: Outlet;
  /** Shards that are listened to by now; the stream is open once it has all of them. */
  ready: number;
  isOpen: boolean;
  /** Aborted when the stream cannot go on. */
  readonly end: AbortController;
};

/**
 * Tells what happens in a project from now on. It does not go back: where something may have been missed it says so
 * (`stream.gap`), and the client compares with the list of jobs.
 */
export async function followProject(
  deps: ListenDeps,
  stream: ProjectStream,
  outlet: Outlet,
): Promise<'left' | 'unreachable'> {
  const end = new AbortController();
  const leave = (): void => end.abort();
  outlet.signal.addEventListener('abort', leave);
  const tracking: Tracking = { ...stream, outlet, ready: 0, isOpen: false, end };
  const waiting = Array.from({ length: deps.live.count }, (_, shard) => shard);
  const tracked: Promise<void>[] = [];
  const lane = async (): Promise<void> => {
    for (let shard = waiting.shift(); shard !== undefined; shard = waiting.shift()) {
      const { promise: opened, resolve } = Promise.withResolvers<void>();
      const tracks = track(deps, tracking, shard, resolve);
      tracked.push(tracks);
      await Promise.race([opened, tracks]);
    }
  };
  await Promise.all(Array.from({ length: OPENING_MAX }, lane));
  await Promise.all(tracked);
  outlet.signal.removeEventListener('abort', leave);
  return outlet.signal.aborted ? 'left' : 'unreachable';
}

/** Listens to one shard for as long as the stream lasts. A shard that cannot be reached ends the stream. */
async function track(
  deps: ListenDeps,
  tracking: Tracking,
  shard: number,
  firstOpened: () => void,
): Promise<void> {
  const { project, filter, end } = tracking;
  const { machine } = deps;
  let failures = 0;
  let brokenAtMs: number | null = null;
  const opened = (): void => {
    if (brokenAtMs === null) {
      ready(deps, tracking);
      firstOpened();
    } else gap(tracking, { reason: 'reconnected', since: isoTime(brokenAtMs) });
  };
  while (!end.signal.aborted && failures < TRIES_MAX) {
    const beganAtMs = machine.nowMs();
    const frame = (heard: LiveFrame): boolean => tell(tracking, heard);
    const wish = { kind: 'project' as const, filter };
    const ended = await listenOnce(deps, {
      project,
      shard,
      wish,
      signal: end.signal,
      opened,
      frame,
    });
    const nowMs = machine.nowMs();
    if (nowMs - beganAtMs >= LASTED_MS) failures = 0;
    if (ended === 'broken') brokenAtMs = nowMs;
    await machine.wait(Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** failures), end.signal);
    failures += 1;
  }
  end.abort();
}

/** One shard more is listened to. From the last one on, nothing is missed. */
function ready({ live, machine }: ListenDeps, tracking: Tracking): void {
  const { outlet, filter, lastEventId } = tracking;
  tracking.ready += 1;
  if (tracking.ready < live.count) return;
  tracking.isOpen = true;
  outlet.send({ event: 'stream.opened', data: { at: isoTime(machine.nowMs()), filter } });
  if (lastEventId !== null)
    gap(tracking, { reason: 'not_resumed', last_event_id: lastEventId.slice(0, 80) });
}

function gap({ outlet }: Tracking, data: Readonly<Record<string, string>>): void {
  outlet.send({ event: 'stream.gap', data });
}

function tell({ outlet, isOpen }: Tracking, frame: LiveFrame): boolean {
  if (frame.kind !== 'events' || !isOpen) return true;
  for (const view of frame.events) {
    outlet.send({ event: view.type, id: `${view.job_id}:${view.seq}`, data: view });
  }
  return true;
}
