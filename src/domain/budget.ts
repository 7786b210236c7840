import type { ProjectId } from './ids.ts';
import type { NanoUsd } from './money.ts';

/** Limits on what a project spends. Names are stored and shown: append, never rename. */

/** Calendar days and months in UTC; `total` never begins anew. */
export const budgetPeriods = ['day', 'month', 'total'] as const;
export type BudgetPeriodKind = (typeof budgetPeriods)[number];

/**
 * What becomes of a call that does not fit under a hard cap.
 * - `reject`  its step fails
 * - `queue`   it waits until the period ends, or until there is room
 * - `cheaper` the next target of the route whose call fits is asked; if there is none, the step fails
 */
export const onExceeds = ['reject', 'queue', 'cheaper'] as const;
type OnExceed = (typeof onExceeds)[number];

/** Stands for a job's own budget where budgets are named. */
export const JOB_BUDGET = 'job';

/** Which calls a budget counts. */
export const budgetScopeKinds = ['project', 'pipeline', 'api_key', 'tag'] as const;
type BudgetScopeKind = (typeof budgetScopeKinds)[number];
export type BudgetScope = {
  readonly kind: BudgetScopeKind;
  /** The name of the pipeline, the id of the key or the tag; empty for the whole project. */
  readonly value: string;
};

/** What a ledger has to know of a budget. */
export type BudgetTerms = {
  readonly id: string;
  readonly period: BudgetPeriodKind;
  readonly limitNanoUsd: NanoUsd;
  /** False for one that only counts and warns. */
  readonly isHard: boolean;
  readonly onExceed: OnExceed;
  /** Shares of the limit, ascending, each of which is told once a period and limit when it is reached. */
  readonly warnAt: readonly number[];
};

export type Budget = BudgetTerms & {
  readonly project: ProjectId;
  readonly name: string;
  readonly scope: BudgetScope;
  /** From then on it counts. */
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly updatedAtMs: number;
};

/** Who ordered a job: its own submitter and tags, and those of the jobs above it. */
export type ChargedTo = {
  /** `root`, or the id of an API key: who submitted the first ancestor. */
  readonly apiKey: string;
  /** Of the job and of its ancestors. */
  readonly tags: readonly string[];
};

/** Whose a call is, for its job and those that it works for. */
export type Charged = {
  /** From the first ancestor's pipeline down to the job's own. */
  readonly pipelines: readonly string[];
  /** Who submitted the first ancestor. */
  readonly apiKey: string | null;
  /** The tags of the job and of its ancestors. */
  readonly tags: readonly string[];
};

export function isCounted({ kind, value }: BudgetScope, charged: Charged): boolean {
  switch (kind) {
    case 'project':
      return true;
    case 'pipeline':
      return charged.pipelines.includes(value);
    case 'api_key':
      return charged.apiKey === value;
    case 'tag':
      return charged.tags.includes(value);
  }
}

/** From `startMs` until before `endMs`; null for no end. */
export type BudgetPeriod = { readonly startMs: number; readonly endMs: number | null };

/** The period of a moment. One without an end begins at 0. */
export function periodAt(kind: BudgetPeriodKind, atMs: number): BudgetPeriod {
  const at = new Date(atMs);
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  switch (kind) {
    case 'day': {
      const startMs = Date.UTC(year, month, at.getUTCDate());
      return { startMs, endMs: startMs + 86_400_000 };
    }
    case 'month':
      return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
    case 'total':
      return { startMs: 0, endMs: null };
  }
}

/**
 * Why a budget let no call through. Stored in history: append, never rename.
 * - `budget`: it waits for room
 * - `budget_exceeded`: it does not fit any more
 * - `budget_cheaper`: it does not fit, and a cheaper target may be asked
 * - `budget_unpriced`: what it may cost is not known
 */
export const budgetDeclineReasons = [
  'budget',
  'budget_exceeded',
  'budget_cheaper',
  'budget_unpriced',
] as const;
export type BudgetDeclineReason = (typeof budgetDeclineReasons)[number];

export function isBudgetReason(reason: string): reason is BudgetDeclineReason {
  return budgetDeclineReasons.some((each) => each === reason);
}

/** How a budget stood when it let a call not through. */
export type BudgetRefusal = {
  readonly budgetId: string;
  readonly onExceed: OnExceed;
  readonly limitNanoUsd: NanoUsd;
  /** Paid, or assumed to be, in the period. */
  readonly spentNanoUsd: NanoUsd;
  /** Held for calls under way. */
  readonly reservedNanoUsd: NanoUsd;
  /** What the call may cost at most; null where that is not known. */
  readonly estimateNanoUsd: NanoUsd | null;
  /** When the period ends; null for one without end. */
  readonly resetsAtMs: number | null;
};
