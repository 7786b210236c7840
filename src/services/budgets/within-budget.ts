import type { BudgetTerms } from '../../domain/budget.ts';
import { attemptKey } from '../../domain/job/attempt.ts';
import type { NanoUsd } from '../../domain/money.ts';
import type { BudgetOrder, BudgetVerdict } from '../ports/budgets.ts';
import { errorName } from '../ports/log.ts';
import type { Attempt, ExecuteDeps, Ran } from '../run/attempt.ts';
import { localFacts } from '../run/facts.ts';
import { pricingOf } from '../run/calls/pricing-of.ts';
import { idempotencyKeyOf } from '../run/calls/provider-call.ts';
import type { ResolvedCall } from '../run/calls/resolve-call.ts';
import { countedBudgets, termsOf } from './counted-budgets.ts';
import { overAllowance } from './over-allowance.ts';
import { upperBound } from './upper-bound.ts';

/** A ledger that does not answer is asked again; whatever it is told twice counts once. */
const TRIES = 4;
const RETRY_MS = 150;
/** How long a call under a hard cap waits while its ledger, or the list of budgets, cannot be reached. */
const SILENT_MS = 5_000;

/** What an attempt has to do with its project's budgets. */
type Counted = {
  readonly terms: readonly BudgetTerms[];
  readonly estimateNanoUsd: NanoUsd | null;
};

/**
 * Makes a call if the budgets that count it have room for what it may cost, and tells them what it cost. Projects
 * without budgets, and work inside the Worker, ask nobody.
 */
export async function withinBudget(
  deps: ExecuteDeps,
  attempt: Attempt,
  resolved: ResolvedCall,
  make: () => Promise<Ran>,
): Promise<Ran> {
  const startedAtMs = deps.machine.nowMs();
  const counted = await countedOf(deps, attempt, resolved);
  if (counted === null) return make();
  const declined =
    counted === 'unread'
      ? silence(deps)
      : (overJob(deps, attempt, counted) ?? (await reserve(deps, attempt, counted)));
  if (declined !== null) {
    const { version } = resolved.adapter;
    return { facts: localFacts(startedAtMs, deps.machine.nowMs(), version), result: declined };
  }
  if (counted === 'unread') return make();
  const ran = await make();
  if (ran.result.ok !== 'pending') beside(attempt, settle(deps, attempt, counted, ran));
  return withEstimate(attempt, counted, ran);
}

/** Where the job has a limit, a cost that nobody knows counts there as what it may have been at most. */
function withEstimate({ work }: Attempt, { estimateNanoUsd }: Counted, ran: Ran): Ran {
  const isAsked = work.allowanceNanoUsd !== undefined && estimateNanoUsd !== null;
  if (!isAsked || ran.facts.costNanoUsd !== null) return ran;
  return { ...ran, facts: { ...ran.facts, estimateNanoUsd } };
}

function overJob(
  { machine }: ExecuteDeps,
  { work: { allowanceNanoUsd } }: Attempt,
  { estimateNanoUsd }: Counted,
): Ran['result'] | null {
  if (allowanceNanoUsd === undefined) return null;
  if (estimateNanoUsd !== null && estimateNanoUsd <= allowanceNanoUsd) return null;
  const reason = estimateNanoUsd === null ? 'budget_unpriced' : 'budget';
  return overAllowance(machine, reason, { allowanceNanoUsd, estimateNanoUsd });
}

/** Tells the budgets what became of work that was begun before: at a poll, or when an earlier attempt is asked about. */
export async function countFound(
  deps: ExecuteDeps,
  attempt: Attempt,
  resolved: ResolvedCall,
  ran: Ran,
): Promise<Ran> {
  const found = foundIn(attempt, ran);
  if (!found.isOver && found.adoptedFrom === null && found.absent.length === 0) return ran;
  const counted = await countedOf(deps, attempt, resolved);
  if (counted === null || counted === 'unread' || counted.terms.length === 0) return ran;
  const { adoptedFrom, absent } = found;
  if (found.isOver) beside(attempt, settle(deps, attempt, counted, ran));
  if (adoptedFrom !== null) beside(attempt, adopt(deps, attempt, counted, adoptedFrom));
  for (const number of absent) {
    const order = { ...settlement(counted, 0), key: keyOf(attempt, number) };
    beside(attempt, tell(deps, attempt, counted, order));
  }
  return ran;
}

function foundIn({ work }: Attempt, { result, reconciled = [] }: Ran) {
  const isPending = result.ok === 'pending';
  return {
    isOver: !isPending && work.poll !== undefined,
    /** The earlier attempt whose work at the provider goes on. */
    adoptedFrom: isPending && 'adoptedFrom' in result ? (result.adoptedFrom ?? null) : null,
    /** Earlier attempts that the provider never took. */
    absent: reconciled.filter(({ outcome }) => outcome === 'absent').map(({ attempt }) => attempt),
  };
}

/** Null for a call that no budget counts. */
async function countedOf(
  deps: ExecuteDeps,
  attempt: Attempt,
  resolved: ResolvedCall,
): Promise<Counted | 'unread' | null> {
  const { budgets, log } = deps;
  const { adapter, call, target } = resolved;
  if (adapter.capabilities.local) return null;
  const { job, work } = attempt;
  try {
    const all = (await budgets?.list(job.project)) ?? [];
    const terms = countedBudgets(all, job).map(termsOf);
    if (terms.length === 0 && work.allowanceNanoUsd === undefined) return null;
    const { projectPrices = null } = await pricingOf(deps, attempt, resolved);
    const known = deps.providers.modelCapabilities?.(target) ?? null;
    const about = { provider: target.provider, known, projectPrices, nowMs: deps.machine.nowMs() };
    return { terms, estimateNanoUsd: upperBound(call, about) };
  } catch (error) {
    log('warn', 'budgets.unread', { job_id: job.jobId, error: errorName(error) });
    return 'unread';
  }
}

/** Takes room; gives the refusal when there is none. A call that can cost nothing needs none. */
async function reserve(
  deps: ExecuteDeps,
  attempt: Attempt,
  counted: Counted,
): Promise<Ran['result'] | null> {
  const { terms, estimateNanoUsd } = counted;
  // What only warns needs to know what was spent, not what may be.
  if (!terms.some(({ isHard }) => isHard) || estimateNanoUsd === 0) return null;
  const { work } = attempt;
  const nowMs = deps.machine.nowMs();
  const key = keyOf(attempt, work.attempt);
  const verdict = await tell(deps, attempt, counted, {
    kind: 'reserve',
    key,
    budgets: terms.map(({ id }) => id),
    estimateNanoUsd,
    forMs: (work.givenUpAtMs ?? work.deadlineAtMs) - nowMs,
  });
  if (verdict === null) {
    // Only the answer may have been lost: room that was taken would count as spent once its time is over.
    beside(attempt, tell(deps, attempt, counted, { ...settlement(counted, 0), key }));
    return silence(deps);
  }
  if (verdict.kind === 'done') return null;
  const { reason, refusal, forMs } = verdict;
  return { ok: 'declined', reason, refusal, untilAtMs: nowMs + forMs };
}

/** Whether there is room is not known: the call waits a little, and is neither made nor lost. */
function silence({ machine }: ExecuteDeps): Ran['result'] {
  return { ok: 'declined', reason: 'budget', untilAtMs: machine.nowMs() + SILENT_MS };
}

async function settle(
  deps: ExecuteDeps,
  attempt: Attempt,
  counted: Counted,
  { facts: { costNanoUsd } }: Ran,
): Promise<void> {
  const isReserved = counted.estimateNanoUsd !== 0 && counted.terms.some(({ isHard }) => isHard);
  const isPolled = attempt.work.poll !== undefined;
  if (counted.terms.length === 0 || (costNanoUsd === 0 && !isReserved && !isPolled)) return;
  const order = { ...settlement(counted, costNanoUsd), key: keyOf(attempt, attempt.work.attempt) };
  await tell(deps, attempt, counted, order);
}

async function adopt(
  deps: ExecuteDeps,
  attempt: Attempt,
  counted: Counted,
  adoptedFrom: number,
): Promise<void> {
  const { work } = attempt;
  await tell(deps, attempt, counted, {
    kind: 'adopt',
    key: keyOf(attempt, work.attempt),
    from: keyOf(attempt, adoptedFrom),
    budgets: counted.terms.map(({ id }) => id),
    estimateNanoUsd: counted.estimateNanoUsd,
    forMs: (work.givenUpAtMs ?? work.deadlineAtMs) - deps.machine.nowMs(),
  });
}

function settlement({ terms, estimateNanoUsd }: Counted, costNanoUsd: NanoUsd | null) {
  const budgets = terms.map(({ id }) => id);
  return { kind: 'settle', budgets, costNanoUsd, estimateNanoUsd } as const;
}

function keyOf({ job, work }: Attempt, attempt: number): string {
  return idempotencyKeyOf(job.jobId, attemptKey(work.step, work.item, attempt));
}

/** Null when the ledger does not answer. */
async function tell(
  deps: ExecuteDeps,
  { job, work }: Attempt,
  { terms }: Counted,
  order: BudgetOrder,
): Promise<BudgetVerdict | null> {
  const { ledgers, machine, log } = deps;
  if (ledgers === undefined) return null;
  for (let tries = 1; ; tries += 1) {
    try {
      const [verdict = null] = await ledgers.of(job.project).exchange({ terms, orders: [order] });
      return verdict;
    } catch (error) {
      if (tries < TRIES) {
        await machine.wait(RETRY_MS * 2 ** (tries - 1));
        continue;
      }
      const event = order.kind === 'reserve' ? 'budget.silent' : 'budget.unsettled';
      const attempt = work.attempt;
      log('warn', event, { job_id: job.jobId, step: work.step, attempt, error: errorName(error) });
      return null;
    }
  }
}

/** The turn waits for it, the attempt does not. */
function beside(attempt: Attempt, work: Promise<void> | Promise<unknown>): void {
  const done = work.then(() => {});
  if (attempt.beside !== undefined) attempt.beside(done);
}
