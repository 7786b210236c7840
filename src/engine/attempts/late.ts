import {
  attemptKey,
  isInRunnersHands,
  type ActiveAttempt,
  type AttemptRecord,
} from '../../domain/job/attempt.ts';
import type { CountedAs } from '../../domain/job/event.ts';
import {
  isTerminal,
  type ItemState,
  type JobState,
  type StepStatus,
} from '../../domain/job/job.ts';
import { supersedeOthers } from './beside.ts';
import { attemptsOf, emit, itemOf, subjectOf, type Draft } from '../draft.ts';
import { finishStep, recordUnknownCost } from './ending.ts';
import { isUnresolved } from './retry.ts';
import type { Reconciliation, Settled, Settlement } from './settlement.ts';

/** What becomes of reports that come when their attempt is not open any more. */

/**
 * Keeps the result of an attempt that had been given up, when its step is still open: it is paid for. A newer attempt
 * is not needed any more.
 */
export function recover(draft: Draft, settlement: Settlement): boolean {
  const { step, item, attempt, facts, outcome } = settlement;
  const state = item === null ? undefined : itemOf(draft, step, item);
  if (outcome.ok !== true || !isRecoverable(draft.state, settlement, state)) return false;
  const record = recordFor(draft, settlement);
  supersedeOthers(draft, { step, item }, attempt);
  const target = record?.target ?? null;
  recordUnknownCost(draft, { step, item, attempt, target }, facts);
  const countedAs = countedAsOf(record);
  emit(draft, {
    type: 'attempt.succeeded',
    ...subjectOf({ step, item, attempt }),
    data: { facts, output: outcome.output, late: true, ...(countedAs && { countedAs }) },
  });
  finishStep(draft, { step, item }, outcome.output);
  return true;
}

/** True for a report of an attempt that had been given up, whose step, or item of a map, still has no result. */
export function isRecoverable(
  { status, steps }: JobState,
  { step, item, attempt }: Pick<Settlement, 'step' | 'item' | 'attempt'>,
  itemState: ItemState | undefined,
): boolean {
  if (isTerminal(status) || status === 'cancelling') return false;
  const place = item === null ? wholeStep(steps, step) : itemState;
  const record = place?.attempts.find((ended) => ended.attempt === attempt);
  // Work inside the Worker is done again at no cost.
  if (place === undefined || record?.unpriced !== true || !isUnaccounted(record)) return false;
  return isOpen(place.status, item);
}

function wholeStep(steps: JobState['steps'], id: string) {
  const step = Object.hasOwn(steps, id) ? steps[id] : undefined;
  return step && { attempts: step.attempts, status: step.phase.status };
}

function isOpen(
  status: StepStatus | ItemState['status'] | undefined,
  item: number | null,
): boolean {
  if (item === null) return status === 'queued' || status === 'running';
  return status === 'open';
}

function recordFor(draft: Draft, { step, item, attempt }: Settlement): AttemptRecord | undefined {
  return attemptsOf(draft, step, item).find((known) => known.attempt === attempt);
}

/** A call that came back after it was given up, or after the job ended: its cost counts, once. */
export function chargeLate(
  draft: Draft,
  settlement: Settlement,
  active: ActiveAttempt | undefined,
): Settled {
  const { step, item, attempt, facts, outcome } = settlement;
  if (outcome.ok === 'pending' && 'providerJobId' in outcome) return strayTicket(draft, settlement);
  const record = recordFor(draft, settlement);
  const open = active !== undefined || isUnaccounted(record);
  if (!open) return 'repeated';
  const replacesUnknown = countsAsUnpriced(active, record);
  // A child or a provider that has ended is not open any more, whatever it cost.
  const closes = replacesUnknown || isElsewhere(active);
  if (outcome.ok === 'pending' || (facts.costNanoUsd === 0 && !closes)) return 'late';
  emit(draft, {
    type: 'cost.adjusted',
    step,
    ...(item === null ? {} : { item }),
    attempt,
    data: { facts, replacesUnknown, countedAs: countedAsOf(record) },
  });
  return 'late';
}

/** Work at a provider that nobody waits for; unless it is known, or a newer attempt waits for the same. */
function strayTicket({ state }: Draft, { step, item, attempt, outcome }: Settlement): Settled {
  if (state.active[attemptKey(step, item, attempt)]?.ticket !== undefined) return 'repeated';
  const same = Object.values(state.active).some(
    ({ ticket }) =>
      ticket !== undefined &&
      'providerJobId' in outcome &&
      ticket.providerJobId === outcome.providerJobId,
  );
  return same ? 'repeated' : 'late';
}

function isElsewhere(active: ActiveAttempt | undefined): boolean {
  return active !== undefined && !isInRunnersHands(active);
}

/** True when the call counts as unpriced until now. */
function countsAsUnpriced(
  active: ActiveAttempt | undefined,
  record: AttemptRecord | undefined,
): boolean {
  return active === undefined ? record?.unpriced === true : !active.local;
}

/** Of an attempt that has no record nothing was counted yet. */
function countedAsOf(record: AttemptRecord | undefined): CountedAs | null {
  const { outcome, failure } = record ?? {};
  if (outcome === 'lost' || outcome === 'superseded') return outcome;
  return failure?.class ?? null;
}

function isUnaccounted(record: AttemptRecord | undefined): boolean {
  if (record?.outcome === 'failed') return record.unpriced === true;
  const unheard = record?.outcome === 'lost' || record?.outcome === 'superseded';
  return unheard && record?.facts === undefined;
}

/** False for work inside the Worker, too: it has sent nothing. */
function costIsUnknown({ facts, unpriced }: AttemptRecord): boolean {
  return unpriced === true || facts?.costNanoUsd === null;
}

/** Writes down what became of submits whose answers were lost, and that those which never came to be cost nothing. */
export function recordReconciled(
  draft: Draft,
  active: ActiveAttempt,
  reconciled: readonly Reconciliation[],
): void {
  for (const { attempt, outcome } of reconciled) {
    const subject = subjectOf({ ...active, attempt });
    const record = attemptsOf(draft, active.step, active.item).find(
      (known) => known.attempt === attempt,
    );
    if (record === undefined || !isUnresolved(record) || !costIsUnknown(record)) continue;
    const twice = outcome === 'unknown' ? { possibleDuplicateSpend: true as const } : {};
    emit(draft, {
      type: 'attempt.reconciled',
      ...subject,
      data: { outcome, by: active.attempt, ...twice },
    });
    if (outcome === 'unknown') continue;
    const facts = { latencyMs: record.finishedAtMs - record.startedAtMs, costNanoUsd: 0 };
    const countedAs = countedAsOf(record);
    emit(draft, {
      type: 'cost.adjusted',
      ...subject,
      data: { facts, replacesUnknown: true, countedAs },
    });
  }
}
