import type { ActiveAttempt, AttemptFacts, AttemptRecord } from '../../domain/job/attempt.ts';
import {
  isBudgetReason,
  JOB_BUDGET,
  type BudgetDeclineReason,
  type BudgetRefusal,
} from '../../domain/budget.ts';
import type { Continuation } from '../../domain/job/event.ts';
import type { Failure } from '../../domain/job/failure.ts';
import { formatUsd, type NanoUsd } from '../../domain/money.ts';
import { retryAfter } from './beside.ts';
import { attemptsOf, emit, stepOf, subjectOf, type Draft } from '../draft.ts';
import { failAttempt } from './ending.ts';
import { leftToOther } from './hedge.ts';
import { jobRoom } from './job-budget.ts';
import { otherTargets } from '../routes/other-targets.ts';
import type { PlannedStep } from '../plan/plan.ts';
import type { DeclinedCall, Settled } from './settlement.ts';

/**
 * What follows an attempt for which a budget had no room. Nothing was sent and nothing is paid: it waits for room, asks
 * a cheaper target, or fails its step, as the budget says.
 */

/**
 * Limits may be raised and periods end: whoever waits asks again after a tenth of the time that it has waited, within
 * these, or sooner where room is expected sooner.
 */
const SELDOM_MIN_MS = 10_000;
const SELDOM_MAX_MS = 900_000;
const PAUSE_MIN_MS = 1_000;
/** Those that wait come back over this part of their wait, up to a bound, so that not all come at once. */
const SPREAD = 0.25;
const SPREAD_MAX_MS = 30_000;

type OverBudget = DeclinedCall & {
  readonly reason: BudgetDeclineReason;
  /** True when there is room for whoever asks for as much. */
  readonly atOnce?: true;
  /** What the attempt after it asks for. */
  readonly askedNanoUsd?: NanoUsd;
};

export function isOverBudget(call: DeclinedCall): call is OverBudget {
  return isBudgetReason(call.reason);
}

export function declineForBudget(
  draft: Draft,
  step: PlannedStep,
  active: ActiveAttempt,
  { call: told, facts }: { readonly call: OverBudget; readonly facts: AttemptFacts },
): Settled {
  const isChild = step.definition.uses === 'pipeline';
  if ((active.target === null && !isChild) || active.ticket !== undefined) return 'repeated';
  const call = withJobRoom(draft, active, told);
  recordExceeded(draft, active, call);
  const untilAtMs = untilOf(draft, active, call);
  const next = nextOf(draft, step, active, { ...call, untilAtMs });
  if (next === null) {
    const failure = failureOf(call);
    failAttempt(draft, step, active, { failure, facts: { ...facts, costNanoUsd: 0 } });
    return 'used';
  }
  const { reason, refusal, askedNanoUsd } = call;
  const asked = askedNanoUsd === undefined ? {} : { askedNanoUsd };
  const budget = refusal === undefined ? {} : { budget: refusal.budgetId };
  if (reason !== 'budget' && active.target !== null) {
    emit(draft, {
      type: 'target.skipped',
      ...subjectOf(active),
      data: { target: active.target, reason, untilAtMs },
    });
  }
  emit(draft, {
    type: 'attempt.declined',
    ...subjectOf(active),
    data: { reason, ...budget, ...asked, untilAtMs, ...next },
  });
  return 'used';
}

/** A runner knows what its attempt may spend of the job's own budget, and not how that stands. */
function withJobRoom(draft: Draft, active: ActiveAttempt, told: OverBudget): OverBudget {
  if (told.refusal === undefined || !isOfJob(told) || told.reason !== 'budget') return told;
  const { refusal, comes, askedNanoUsd } = jobRoom(draft, active, told.refusal, told.wantsNanoUsd);
  if (comes === 'never') return { ...told, reason: 'budget_exceeded', refusal };
  return { ...told, askedNanoUsd, refusal, ...(comes === 'now' ? { atOnce: true } : {}) };
}

/** Once, however often the attempts of a wait ask again. */
function recordExceeded(
  draft: Draft,
  active: ActiveAttempt,
  { reason, refusal, atOnce }: OverBudget,
): void {
  if (refusal === undefined || atOnce === true) return;
  const last = attemptsOf(draft, active.step, active.item).at(-1)?.declined;
  if (last?.reason === reason && last.budget === refusal.budgetId) return;
  emit(draft, { type: 'budget.exceeded', ...subjectOf(active), data: { reason, ...refusal } });
}

function untilOf(draft: Draft, active: ActiveAttempt, call: OverBudget): number {
  const { nowMs } = draft.world;
  const last = attemptsOf(draft, active.step, active.item).at(-1);
  const waitedMs = last?.declined === undefined ? 0 : nowMs - last.startedAtMs;
  const seldomMs = Math.min(SELDOM_MAX_MS, Math.max(SELDOM_MIN_MS, waitedMs / 10));
  // Child jobs may hold what they hold for days.
  const soonestMs = isOfJob(call) ? Math.max(PAUSE_MIN_MS, waitedMs / 10) : PAUSE_MIN_MS;
  return Math.ceil(nowMs + Math.min(Math.max(call.untilAtMs - nowMs, soonestMs), seldomMs));
}

function isOfJob({ refusal }: OverBudget): boolean {
  return refusal?.budgetId === JOB_BUDGET;
}

/** Null when the step fails. */
function nextOf(
  draft: Draft,
  step: PlannedStep,
  active: ActiveAttempt,
  { reason, untilAtMs, atOnce }: OverBudget,
): Continuation | null {
  if (!isWanted(draft, step)) return { stopped: 'cancelled' };
  if (reason === 'budget_exceeded') return null;
  const left = leftToOther(draft, step, active, false);
  if (left !== null) return left;
  const { nowMs } = draft.world;
  if (reason === 'budget') {
    const spreadMs = draft.world.random() * Math.min(SPREAD_MAX_MS, SPREAD * (untilAtMs - nowMs));
    const atMs = atOnce === true ? nowMs : Math.ceil(untilAtMs + spreadMs);
    const retry = { atMs, targetIndex: active.targetIndex };
    return { retry: retryAfter(draft, active, retry) };
  }
  const retry = elsewhere(draft, step, active);
  return retry === null ? null : { retry: retryAfter(draft, active, retry) };
}

function isWanted(draft: Draft, step: PlannedStep): boolean {
  const { status } = stepOf(draft, step.id).phase;
  return draft.state.status !== 'cancelling' && status !== 'failed' && status !== 'succeeded';
}

/** The target that may be asked soonest of those for which no budget has refused the call already. */
function elsewhere(
  draft: Draft,
  step: PlannedStep,
  active: ActiveAttempt,
): { readonly atMs: number; readonly targetIndex: number } | null {
  const { nowMs } = draft.world;
  const attempts = attemptsOf(draft, active.step, active.item);
  const options = otherTargets(draft, step, active, attempts).flatMap((targetIndex) => {
    const declined = declinedAt(attempts, targetIndex);
    const isRefused = declined !== undefined && isBudgetReason(declined.reason);
    if (isRefused && declined.untilAtMs > nowMs) return [];
    return [{ atMs: Math.max(nowMs, declined?.untilAtMs ?? 0), targetIndex }];
  });
  const [first, ...rest] = options;
  if (first === undefined) return null;
  return rest.reduce((best, option) => (option.atMs < best.atMs ? option : best), first);
}

function declinedAt(attempts: readonly AttemptRecord[], index: number) {
  return attempts.findLast(({ targetIndex }) => targetIndex === index)?.declined;
}

function failureOf({ reason, refusal }: OverBudget): Failure {
  return {
    class: 'budget_exceeded',
    phase: 'not_sent',
    code: reason === 'budget_unpriced' ? 'budget_unpriced' : 'budget_exceeded',
    message: refusal === undefined ? 'a budget has no room' : sentenceOf(reason, refusal),
  };
}

function sentenceOf(
  reason: BudgetDeclineReason,
  { budgetId, limitNanoUsd, spentNanoUsd, estimateNanoUsd, resetsAtMs }: BudgetRefusal,
): string {
  const who = budgetId === JOB_BUDGET ? 'the job’s own budget' : `the budget ${budgetId}`;
  if (reason === 'budget_unpriced') {
    return `${who} is a hard cap, and what a call to this target may cost is not known: set its price with PUT /v1/prices, or take it out of the route`;
  }
  const reset = resetsAtMs === null ? '' : ` until ${new Date(resetsAtMs).toISOString()}`;
  const most =
    estimateNanoUsd === null ? '' : `; the call may cost up to $${formatUsd(estimateNanoUsd)}`;
  return `${who} has spent $${formatUsd(spentNanoUsd)} of $${formatUsd(limitNanoUsd)}${reset}${most}: nothing was sent and nothing is charged`;
}
