import type { Sql } from '../job-shard/sql.ts';
import { isProbing, type Standing } from './standing.ts';
import { firstDue, laneAfter } from './tables.ts';

export type Chosen = { readonly id: string; readonly lane: string };

export type Choosing = {
  readonly nowMs: number;
  readonly limit: number;
  /** Deliveries of a lane that may be in deliverers' hands at once. */
  readonly laneMax: number;
  /** The lane that was served last: the one after it is next. */
  readonly lastLane: string | null;
};

/** Which deliveries may be tried now, lane by lane in turn, those that are due first before others. */
export function chooseDue(sql: Sql, standing: Standing, choosing: Choosing): Chosen[] {
  const { nowMs, limit, lastLane } = choosing;
  if (!isOpen(standing, nowMs)) return [];
  const lanes = lanesFrom(sql, lastLane);
  const most = standing.state === 'paused' ? Math.min(1, limit) : limit;
  const waiting = lanes.map((lane) => dueIn(sql, standing, lane, choosing));
  const chosen: Chosen[] = [];
  // One of each lane, and so on until there are enough: a long lane does not hide a short one.
  for (let round = 0; chosen.length < most; round += 1) {
    const these = waiting.flatMap((due) => due.slice(round, round + 1));
    if (these.length === 0) break;
    chosen.push(...these.slice(0, most - chosen.length));
  }
  return chosen;
}

/** A paused receiver is looked at now and then, by one delivery. */
function isOpen({ state, recheck, leases }: Standing, nowMs: number): boolean {
  if (state === 'paused') {
    return nowMs >= (recheck?.atMs ?? 0) && Object.keys(leases).length === 0;
  }
  return state === 'active';
}

function lanesFrom(sql: Sql, lastLane: string | null): string[] {
  const lanes: string[] = [];
  for (let at = laneAfter(sql, null); at !== null; at = laneAfter(sql, at.lane))
    lanes.push(at.lane);
  const after = lanes.findIndex((lane) => lastLane !== null && lane > lastLane);
  return after < 0 ? lanes : [...lanes.slice(after), ...lanes.slice(0, after)];
}

function dueIn(sql: Sql, standing: Standing, lane: string, choosing: Choosing): Chosen[] {
  const { nowMs, limit, laneMax } = choosing;
  const room = roomIn(standing, lane, laneMax);
  if (room === 0 || (standing.troubles[lane]?.holdUntilMs ?? 0) > nowMs) return [];
  return unleased(sql, standing, lane, Math.min(room, limit))
    .filter(({ dueAtMs }) => dueAtMs <= nowMs)
    .map(({ id }) => ({ id, lane }));
}

function roomIn(standing: Standing, lane: string, laneMax: number): number {
  const most = isProbing(standing.troubles[lane]) ? 1 : laneMax;
  return Math.max(0, most - leasedIn(standing, lane));
}

function leasedIn({ leases }: Standing, lane: string): number {
  return Object.values(leases).filter((lease) => lease.lane === lane).length;
}

function unleased(sql: Sql, standing: Standing, lane: string, limit: number) {
  return firstDue(sql, lane, limit + leasedIn(standing, lane))
    .filter(({ id }) => standing.leases[id] === undefined)
    .slice(0, limit);
}

/** When something can be tried, at the earliest, as far as is known; infinity when nothing is pending. */
export function nextDueAtMs(sql: Sql, standing: Standing, laneMax: number): number {
  const { state, recheck } = standing;
  if (state === 'disabled') return Number.POSITIVE_INFINITY;
  let earliestMs = Number.POSITIVE_INFINITY;
  for (let at = laneAfter(sql, null); at !== null; at = laneAfter(sql, at.lane)) {
    if (roomIn(standing, at.lane, laneMax) === 0) continue;
    const [first] = unleased(sql, standing, at.lane, 1);
    const holdMs = standing.troubles[at.lane]?.holdUntilMs ?? 0;
    if (first !== undefined) earliestMs = Math.min(earliestMs, Math.max(first.dueAtMs, holdMs));
  }
  return state === 'paused' ? Math.max(earliestMs, recheck?.atMs ?? 0) : earliestMs;
}
