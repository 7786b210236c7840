import { HELD_ATTEMPT_MAX_MS } from '../../domain/definition/definition-parts.ts';
import type { ActiveAttempt, AttemptRecord, Target } from '../../domain/job/attempt.ts';
import type { JobState } from '../../domain/job/job.ts';
import type { PlannedStep } from '../plan/plan.ts';
import { movesBetween } from '../routes/plan-route.ts';
import { isUnresolved, NOT_RECONCILED } from './retry.ts';
import { sameTarget } from '../routes/routing.ts';
import type { TargetView } from '../world.ts';

/** Work that goes on at a provider while no runner holds its attempt: who gets such work, and when it is asked for. */

const BACKGROUND_TIMEOUT_MS = 3_600_000;
/** A batch is done within a day by the vendors' word; an hour is left for its submit and its result. */
const BATCH_TIMEOUT_MS = 25 * 3_600_000;

/** How long a runner may take to ask a provider; after that the next one is sent. */
export const POLL_MS = 60_000;
const CHECK_EVERY_MAX_MS = 15 * 60_000;

/** True for a target that answers with a ticket. */
export function isTicketed(
  { definition, route }: PlannedStep,
  targetIndex: number,
  view: TargetView,
): boolean {
  if (!view.usable) return false;
  const { execution = 'sync' } = route?.targets[targetIndex] ?? {};
  return execution !== 'sync' || (view.ticketSteps ?? []).includes(definition.uses);
}

/** True for a target that can be asked what became of a submit. */
export function asksFirst(step: PlannedStep, targetIndex: number, view: TargetView): boolean {
  return view.usable && view.reconciles === true && isTicketed(step, targetIndex, view);
}

/** How long an attempt at a target may take. */
export function attemptTimeoutMs(
  { definition: { timeouts }, route, attemptTimeoutMs: planned }: PlannedStep,
  targetIndex: number,
  ticketed: boolean,
): number {
  if (!ticketed) return route === null ? planned : Math.min(planned, HELD_ATTEMPT_MAX_MS);
  if (timeouts?.attempt !== undefined) return planned;
  const batch = route?.targets[targetIndex]?.execution === 'batch';
  return batch ? BATCH_TIMEOUT_MS : BACKGROUND_TIMEOUT_MS;
}

/**
 * When a provider is asked next: when its adapter thinks so, and the seldomer the older the work is, so that a result
 * is found a tenth of its time late at most. 0 asks at once.
 */
export function nextCheckAtMs(
  { startedAtMs, deadlineAtMs }: ActiveAttempt,
  checkInMs: number,
  nowMs: number,
): number {
  if (checkInMs <= 0) return nowMs;
  const seldom = Math.min((nowMs - startedAtMs) / 10, CHECK_EVERY_MAX_MS);
  return Math.min(deadlineAtMs, Math.ceil(nowMs + Math.max(checkInMs, seldom)));
}

/** Attempts whose provider may be asked now. */
export function dueTickets({ active }: JobState, nowMs: number): ActiveAttempt[] {
  return Object.values(active).filter(
    ({ ticket }) => ticket !== undefined && ticket.checkAtMs <= nowMs,
  );
}

/** The moments at which time alone has something to do with the work at providers: a look, or its end. */
export function ticketMoments({ active }: JobState, nowMs: number): number[] {
  return Object.values(active).flatMap(({ ticket, deadlineAtMs }) => {
    if (ticket === undefined) return [];
    return ticket.checkAtMs > nowMs ? [ticket.checkAtMs, deadlineAtMs] : [deadlineAtMs];
  });
}

/**
 * True when another target is worth a try if this one says that it has not taken the last submit either: it failed
 * before, without having taken anything, and the route lets such failures move on.
 */
export function movesOnIfNotTaken(
  step: PlannedStep,
  { target, targetIndex }: Pick<ActiveAttempt, 'target' | 'targetIndex'>,
  attempts: readonly AttemptRecord[],
): boolean {
  const { route } = step;
  if (route === null || target === null) return false;
  const [last] = unresolvedSubmits(attempts, target);
  const failure = last?.failure?.class;
  if (failure === undefined || !attempts.some((record) => wasNotTaken(record, target)))
    return false;
  return route.targets.some(
    (_, index) => index !== targetIndex && movesBetween(route, targetIndex, index, failure),
  );
}

/** True for a submit of which the provider has said that it never took it. */
function wasNotTaken({ target, failure, facts }: AttemptRecord, at: Target): boolean {
  if (target === null || !sameTarget(target, at) || failure?.phase !== 'unknown') return false;
  return failure.code !== NOT_RECONCILED && facts?.costNanoUsd === 0;
}

/** Submits to a target, one after the other, of which nobody knows what became of them; the latest first. */
export function unresolvedSubmits(
  attempts: readonly AttemptRecord[],
  target: Target,
): readonly AttemptRecord[] {
  const there = attempts.filter(
    (record) => record.target !== null && sameTarget(record.target, target),
  );
  const found: AttemptRecord[] = [];
  for (const record of there.toReversed()) {
    // These have sent nothing.
    if (record.failure?.code === NOT_RECONCILED || record.outcome === 'declined') continue;
    if (!isUnresolved(record)) break;
    found.push(record);
  }
  return found;
}
