import { periodAt, type BudgetDeclineReason, type BudgetTerms } from '../../domain/budget.ts';
import type { NanoUsd } from '../../domain/money.ts';
import type { BudgetVerdict } from '../ports/budgets.ts';

/** A call that waits for what others have reserved comes back after about as long as calls take, within these. */
const BUSY_MIN_MS = 1_000;
const BUSY_MAX_MS = 30_000;
/** One that waits for a period's end comes back after so long at the latest: limits may be raised. */
const QUEUED_MAX_MS = 15 * 60_000;

type Refused = Extract<BudgetVerdict, { readonly kind: 'refused' }>;

/** What a budget's period, by when it began, came to. */
export type SumsOf = (
  budget: string,
  startMs: number,
) => { readonly paid: NanoUsd; readonly assumed: NanoUsd; readonly reserved: NanoUsd };

export type Wanted = {
  readonly terms: readonly BudgetTerms[];
  readonly estimateNanoUsd: NanoUsd | null;
  readonly nowMs: number;
  /** How long room is held lately. */
  readonly heldMs: number;
};

/**
 * Why a call may not be made; null when it fits under every hard cap. Of several refusals the hardest is told. Where
 * only room that others have reserved is missing, the call waits whatever its budget says: calls mostly cost less
 * than what was reserved for them.
 */
export function refusalOf(sumsOf: SumsOf, wanted: Wanted): Refused | null {
  const refusals = wanted.terms.flatMap((terms) => {
    const refused = terms.isHard ? refusedBy(sumsOf, terms, wanted) : null;
    return refused === null ? [] : [refused];
  });
  const [first] = refusals.toSorted(
    (left, right) => HARDNESS[right.reason] - HARDNESS[left.reason] || right.forMs - left.forMs,
  );
  return first ?? null;
}

const HARDNESS: Readonly<Record<BudgetDeclineReason, number>> = {
  budget_unpriced: 4,
  budget_exceeded: 3,
  budget_cheaper: 2,
  budget: 1,
};

function refusedBy(
  sumsOf: SumsOf,
  terms: BudgetTerms,
  { estimateNanoUsd, nowMs, heldMs }: Wanted,
): Refused | null {
  const { startMs, endMs } = periodAt(terms.period, nowMs);
  const { paid, assumed, reserved } = sumsOf(terms.id, startMs);
  const spentNanoUsd = paid + assumed;
  const refused = (reason: BudgetDeclineReason, forMs: number): Refused => ({
    kind: 'refused',
    reason,
    forMs,
    refusal: {
      budgetId: terms.id,
      onExceed: terms.onExceed,
      limitNanoUsd: terms.limitNanoUsd,
      spentNanoUsd,
      reservedNanoUsd: reserved,
      estimateNanoUsd,
      resetsAtMs: endMs,
    },
  });
  if (estimateNanoUsd === null) return refused('budget_unpriced', QUEUED_MAX_MS);
  const left = terms.limitNanoUsd - spentNanoUsd - estimateNanoUsd;
  if (left >= reserved) return null;
  if (left >= 0) return refused('budget', Math.min(BUSY_MAX_MS, Math.max(BUSY_MIN_MS, heldMs)));
  const untilEndMs = Math.min(QUEUED_MAX_MS, (endMs ?? Infinity) - nowMs);
  // A call that is more than the whole limit does not wait for the next period.
  const never = estimateNanoUsd > terms.limitNanoUsd;
  if (terms.onExceed === 'cheaper') return refused('budget_cheaper', untilEndMs);
  if (terms.onExceed === 'reject' || never) return refused('budget_exceeded', untilEndMs);
  return refused('budget', untilEndMs);
}
