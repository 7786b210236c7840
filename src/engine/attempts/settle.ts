import { attemptKey, type ActiveAttempt, type AttemptFacts } from '../../domain/job/attempt.ts';
import type { Continuation } from '../../domain/job/event.ts';
import type { Failure } from '../../domain/job/failure.ts';
import { supersedeOthers } from './beside.ts';
import { emit, isOver, stepOf, subjectOf, type Draft } from '../draft.ts';
import {
  continuation,
  failAttempt,
  finishStep,
  followUp,
  moveAfter,
  recordCheck,
  recordMisfit,
  recordUnknownCost,
} from './ending.ts';
import { decline } from './declined.ts';
import { chargeLate, recordReconciled, recover } from './late.ts';
import { leftToOther } from './hedge.ts';
import { heldPart } from './job-budget.ts';
import { declineForBudget, isOverBudget } from './over-budget.ts';
import type { PassedOn, PendingWork, Settled, Settlement } from './settlement.ts';
import { nextCheckAtMs } from './tickets.ts';

/** Records an attempt's end. A report for an attempt that is not open changes nothing but the cost. */
export function settle(draft: Draft, settlement: Settlement): Settled {
  const { step: id, item, attempt } = settlement;
  const active = draft.state.active[attemptKey(id, item, attempt)];
  const step = draft.plan.byId.get(id);
  if (active === undefined || step === undefined || isOver(draft)) {
    const recovered = recover(draft, settlement);
    return recovered ? 'used' : chargeLate(draft, settlement, active);
  }
  const subject = subjectOf(active);
  recordReconciled(draft, active, settlement.reconciled ?? []);
  if (settlement.outcome.ok === 'pending') return pass(draft, active, settlement.outcome);
  if (settlement.outcome.ok === 'declined') {
    const call = settlement.outcome;
    if (!isOverBudget(call)) return decline(draft, step, active, call);
    return declineForBudget(draft, step, active, { call, facts: settlement.facts });
  }
  recordUnknownCost(draft, active, settlement.facts);
  if (settlement.outcome.ok) {
    const { output } = settlement.outcome;
    supersedeOthers(draft, active, active.attempt);
    recordCacheHit(draft, active, settlement.facts);
    emit(draft, {
      type: 'attempt.succeeded',
      ...subject,
      data: { facts: settlement.facts, output },
    });
    finishStep(draft, active, output);
  } else {
    const { failure } = settlement.outcome;
    recordCheck(draft, active, failure);
    recordMisfit(draft, active, failure);
    failAttempt(draft, step, active, { failure, facts: settlement.facts });
  }
  return 'used';
}

function recordCacheHit(
  draft: Draft,
  active: ActiveAttempt,
  { cacheHit, savedNanoUsd = null, cachedAtMs = 0 }: AttemptFacts,
): void {
  if (cacheHit !== true) return;
  const data = { savedNanoUsd, createdAtMs: cachedAtMs };
  emit(draft, { type: 'cache.hit', ...subjectOf(active), data });
}

/** The attempt leaves its runner's hands: for a child job, or for its provider. */
function pass(draft: Draft, active: ActiveAttempt, outcome: PendingWork | PassedOn): Settled {
  if ('child' in outcome) return passToChild(draft, active, outcome);
  const subject = subjectOf(active);
  const { providerJobId, checkInMs, poll, adoptedFrom } = outcome;
  // A submit that is reported again, or a poll that was not waited for.
  if (poll !== (active.ticket?.polls ?? 0)) return 'repeated';
  if (poll === 0 && active.ticket !== undefined) return 'repeated';
  const checkAtMs = nextCheckAtMs(active, checkInMs, draft.world.nowMs);
  const adopted = adoptedFrom === undefined ? {} : { adoptedFrom };
  emit(draft, {
    type: 'step.waiting',
    ...subject,
    data: { kind: 'provider', providerJobId, checkAtMs, ...adopted },
  });
  return 'used';
}

const RUNNER_GONE: Failure = {
  class: 'lost',
  phase: 'unknown',
  message: 'the runner that held this attempt stopped answering',
};

const CHILD_LATE: Failure = {
  class: 'timeout',
  phase: 'accepted',
  message: 'the child job had not ended when the time of this attempt was up',
};

function passToChild(
  draft: Draft,
  active: ActiveAttempt,
  { child: jobId, allowanceNanoUsd }: PassedOn,
): Settled {
  if (active.child !== undefined) return 'repeated';
  const isLimited = active.allowanceNanoUsd !== undefined && allowanceNanoUsd !== undefined;
  emit(draft, {
    type: 'step.waiting',
    ...subjectOf(active),
    data: { kind: 'child', jobId, ...(isLimited ? { allowanceNanoUsd } : {}) },
  });
  return 'used';
}

/** The runner of an attempt is gone: nobody knows what became of the call. */
export function lose(draft: Draft, { step: id, item, attempt }: ActiveAttempt): void {
  const step = draft.plan.byId.get(id);
  const active = draft.state.active[attemptKey(id, item, attempt)];
  if (step === undefined || isOver(draft) || active === undefined) return;
  // Its provider has it: a runner has nothing to lose.
  if (active.ticket !== undefined) return;
  const failure = active.child === undefined ? RUNNER_GONE : CHILD_LATE;
  const unknown = { possibleDuplicateSpend: !active.local };
  const left = leftToOther(draft, step, active, true);
  if (left !== null) {
    emit(draft, { type: 'attempt.lost', ...subjectOf(active), data: { ...unknown, ...left } });
    return;
  }
  const { move } = moveAfter(draft, step, active, failure, null);
  emit(draft, {
    type: 'attempt.lost',
    ...subjectOf(active),
    data: { ...unknown, ...holding(continuation(draft, active, move), active) },
  });
  followUp(draft, step, active, failure, move);
}

function holding(then: Continuation, active: ActiveAttempt): Continuation {
  return 'retry' in then ? { retry: { ...then.retry, ...heldPart(active) } } : then;
}

const PROVIDER_LATE: Failure = {
  class: 'timeout',
  phase: 'accepted',
  message: 'the provider had not finished when the time of this attempt was up',
};

const NOT_WANTED: Failure = {
  class: 'cancelled',
  phase: 'accepted',
  message: 'the step failed while the provider still worked on this attempt',
};

/** Ends the attempts whose provider has had all its time, and those whose result nobody wants any more. */
export function giveUpTickets(draft: Draft): void {
  for (const active of Object.values(draft.state.active)) {
    const step = draft.plan.byId.get(active.step);
    if (active.ticket === undefined || step === undefined || isOver(draft)) continue;
    const unwanted = stepOf(draft, active.step).phase.status === 'failed';
    if (!unwanted && draft.world.nowMs < active.deadlineAtMs) continue;
    const facts: AttemptFacts = {
      latencyMs: draft.world.nowMs - active.startedAtMs,
      costNanoUsd: active.local ? 0 : null,
    };
    recordUnknownCost(draft, active, facts);
    const failure = unwanted ? NOT_WANTED : PROVIDER_LATE;
    failAttempt(draft, step, active, { failure, facts, abandoned: true });
  }
}
