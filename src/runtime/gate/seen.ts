import { addCounts, type Counts } from '../../domain/spread.ts';
import {
  signOfClass,
  type TargetAlert,
  type TargetHealth,
} from '../../domain/model/target-gate.ts';
import type { EndedCalls, FailedCalls } from '../../services/ports/targets/target-gates.ts';

/** STORED CONTRACT: what a gate has seen of its target, for people: the calls of the last five to ten minutes. */
export type Seen = {
  /** A line a class. */
  readonly errors: TargetHealth['errors'];
  readonly alerts: readonly TargetAlert[];
  readonly now: Period;
  readonly before: Period;
};

type Period = {
  readonly number: number;
  readonly good: number;
  readonly bad: number;
  readonly latencyMs: Counts;
  readonly timeToFirstTokenMs: Counts;
};

const PERIOD_MS = 300_000;
const ALERTS_MAX = 20;

function emptyPeriod(number: number): Period {
  return { number, good: 0, bad: 0, latencyMs: [], timeToFirstTokenMs: [] };
}

export const NOTHING_SEEN: Seen = {
  errors: [],
  alerts: [],
  now: emptyPeriod(0),
  before: emptyPeriod(0),
};

export function withEnded(seen: Seen, ended: EndedCalls, nowMs: number): Seen {
  const current = turned(seen, nowMs);
  const answered = ended.failed.filter((each) => signOfClass(each.class) === 'good');
  const refused = sum(answered);
  const now = {
    number: current.now.number,
    good: current.now.good + ended.good + refused,
    bad: current.now.bad + sum(ended.failed) - refused,
    latencyMs: addCounts(current.now.latencyMs, ended.latencyMs),
    timeToFirstTokenMs: addCounts(current.now.timeToFirstTokenMs, ended.timeToFirstTokenMs),
  };
  return { ...current, errors: withErrors(seen.errors, ended.failed, nowMs), now };
}

function sum(failed: readonly FailedCalls[]): number {
  return failed.reduce((total, { count }) => total + count, 0);
}

function withErrors(
  errors: Seen['errors'],
  failed: readonly FailedCalls[],
  nowMs: number,
): Seen['errors'] {
  const now = failed.map(({ class: failureClass, count }) => {
    const before = errors.find((each) => each.class === failureClass)?.count ?? 0;
    return { class: failureClass, count: before + count, lastAtMs: nowMs };
  });
  const others = errors.filter((each) => now.every((known) => known.class !== each.class));
  return [...others, ...now];
}

export function withAlert(seen: Seen, alert: TargetAlert): Seen {
  return { ...seen, alerts: [...seen.alerts, alert].slice(-ALERTS_MAX) };
}

/** The calls of the period under way and of the one before it. */
export function lately(seen: Seen, nowMs: number): Omit<Period, 'number'> {
  const { now, before } = turned(seen, nowMs);
  return {
    good: now.good + before.good,
    bad: now.bad + before.bad,
    latencyMs: addCounts(before.latencyMs, now.latencyMs),
    timeToFirstTokenMs: addCounts(before.timeToFirstTokenMs, now.timeToFirstTokenMs),
  };
}

function turned(seen: Seen, nowMs: number): Seen {
  const number = Math.floor(nowMs / PERIOD_MS);
  if (seen.now.number === number) return seen;
  const before = seen.now.number === number - 1 ? seen.now : emptyPeriod(number - 1);
  return { ...seen, before, now: emptyPeriod(number) };
}
