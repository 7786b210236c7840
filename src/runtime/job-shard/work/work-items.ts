import {
  attemptKey,
  type ActiveAttempt,
  type AttemptRecord,
  type Target,
} from '../../../domain/job/attempt.ts';
import type { ProviderWork, Ticket } from '../../../domain/model/ticket.ts';
import { askedBy } from '../../../engine/attempts/job-budget.ts';
import { attemptsLeft } from '../../../engine/attempts/retry.ts';
import { movesOnIfNotTaken, unresolvedSubmits } from '../../../engine/attempts/tickets.ts';
import type { Book } from '../book.ts';
import type { JobState } from '../../../domain/job/job.ts';
import type { Json } from '../../../domain/json.ts';
import type { Violation } from '../../../domain/job/failure.ts';
import type { Plan, PlannedStep } from '../../../engine/plan/plan.ts';
import type { JobContext } from '../../../services/ports/job-shard/turn.ts';
import type { LostAttempt, WorkItem } from '../../../services/ports/job-shard/work-item.ts';
import { getPayload, payloadKeys } from '../payload-box.ts';
import { resolveRead, type ReadSource } from '../reading/resolve-reads.ts';
import { loadItem } from '../tables/items.ts';

/** What a runner needs to carry out an attempt that it has claimed. */
export function workItem(
  source: ReadSource,
  plan: Plan,
  active: ActiveAttempt,
  book: Book,
): WorkItem {
  const step = plan.byId.get(active.step);
  if (step === undefined) throw new Error(`the plan has no step ${active.step}`);
  const { item, attempt, target, targetIndex, deadlineAtMs } = active;
  return {
    key: attemptKey(active.step, item, attempt),
    step: active.step,
    item,
    attempt,
    target,
    targetIndex,
    deadlineAtMs,
    reads: step.reads.map((path) => resolveRead(source, path)),
    itemRead: itemRead(source, step, item),
    reAsk: reAsk(source, active),
    ...(step.definition.uses === 'pipeline' ? childPart(source, active) : {}),
    ...(active.allowanceNanoUsd === undefined ? {} : { allowanceNanoUsd: active.allowanceNanoUsd }),
    ...(target === null ? {} : providerPart(source, step, active, { target, book })),
  };
}

/** What a runner needs to ask a provider, or to find out what it knows already. */
function providerPart(
  source: ReadSource,
  planned: PlannedStep,
  active: ActiveAttempt,
  { target, book }: { readonly target: Target; readonly book: Book },
): Partial<WorkItem> {
  const { step, item, attempt, startedAtMs, deadlineAtMs, ticket } = active;
  const times = { startedAtMs, givenUpAtMs: deadlineAtMs };
  if (ticket !== undefined) {
    const key = attemptKey(step, item, attempt);
    const callback = book.callbacks?.[key] ?? null;
    return {
      ...times,
      poll: { ticket: ticketOf(source, key, ticket), number: ticket.polls, callback },
    };
  }
  const attempts = attemptsOf(source, step, item);
  const lost = unresolvedSubmits(attempts, target);
  const tries = attemptsLeft(planned, attempts) <= 1 ? { lastTry: true as const } : {};
  if (lost.length === 0) return { ...times, ...tries };
  return {
    ...times,
    ...tries,
    reconcile: lost.map((record) => lostAttempt(source, active, record, book)),
    ...(movesOnIfNotTaken(planned, active, attempts) ? { movesOnIfNotTaken: true } : {}),
  };
}

function ticketOf(
  { sql, state, inline }: ReadSource,
  key: string,
  { providerJobId }: ProviderWork,
): Ticket {
  const data = getPayload(sql, state.birth.id, inline, payloadKeys.ticket(key)) ?? null;
  return { providerJobId, data };
}

function lostAttempt(
  source: ReadSource,
  { step, item }: ActiveAttempt,
  { attempt, startedAtMs }: AttemptRecord,
  { cancels }: Book,
): LostAttempt {
  const key = attemptKey(step, item, attempt);
  const late = cancels?.[key];
  const known = late?.stray === true ? { ticket: ticketOf(source, key, late.attempt.ticket) } : {};
  return { key, attempt, startedAtMs, ...known };
}

function itemRead(
  source: ReadSource,
  step: PlannedStep,
  item: number | null,
): WorkItem['itemRead'] {
  const template = step.forEach?.template;
  if (item === null || template?.kind !== 'path') return null;
  return resolveRead(source, [...template.path, item]);
}

/** Attempts whose runners were lost may have made the child already: the next one has to find it. */
function childPart(
  source: ReadSource,
  { step, item, attempt }: ActiveAttempt,
): Pick<WorkItem, 'childKey' | 'askedNanoUsd'> {
  const attempts = attemptsOf(source, step, item);
  const lost = attempts.filter(({ outcome }) => outcome === 'lost').length;
  const askedNanoUsd = askedBy(attempts);
  return {
    childKey: attemptKey(step, item, attempt - lost),
    ...(askedNanoUsd === null ? {} : { askedNanoUsd }),
  };
}

function attemptsOf({ sql, state }: ReadSource, step: string, item: number | null) {
  if (item === null) return state.steps[step]?.attempts ?? [];
  return loadItem(sql, state.birth.id, step, item)?.attempts ?? [];
}

/** What the model is shown of its last answer, when that failed its check. */
function reAsk(source: ReadSource, active: ActiveAttempt): WorkItem['reAsk'] {
  const violations = lastViolations(source, active);
  if (violations === null) return null;
  const rejected = rejectedOf(source, active);
  return rejected === undefined ? null : { rejected, violations };
}

function rejectedOf({ sql, state, inline }: ReadSource, active: ActiveAttempt): Json | undefined {
  return getPayload(sql, state.birth.id, inline, payloadKeys.rejected(active.step, active.item));
}

function lastViolations(
  source: ReadSource,
  { step, item }: ActiveAttempt,
): readonly Violation[] | null {
  const last = attemptsOf(source, step, item).findLast(({ outcome }) => outcome !== 'declined');
  const failure = last?.failure;
  return failure?.class === 'output_invalid' ? (failure.violations ?? []) : null;
}

/** What all attempts of a job share. */
export function jobContext({ birth }: JobState): JobContext {
  return {
    jobId: birth.id,
    project: birth.project,
    pipeline: birth.pipeline,
    version: birth.version,
    definitionHash: birth.definitionHash,
    createdAtMs: birth.createdAtMs,
    metadata: birth.metadata,
    tags: birth.tags,
    requestId: birth.correlation.requestId,
    traceId: birth.correlation.traceId,
    ...(birth.correlation.sampled === false ? { sampled: false } : {}),
    ...(birth.flow === undefined ? {} : { flow: birth.flow }),
    lineage: [...(birth.parent?.lineage ?? []), birth.pipeline],
    ...(birth.cache === undefined ? {} : { cache: birth.cache }),
    ...(birth.chargedTo === undefined ? {} : { chargedTo: birth.chargedTo }),
    ...(birth.stream === undefined ? {} : { stream: birth.stream }),
  };
}
