import type {
  Budget,
  BudgetDeclineReason,
  BudgetRefusal,
  BudgetTerms,
} from '../../domain/budget.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type { NanoUsd } from '../../domain/money.ts';

type PutBudget =
  | { readonly kind: 'stored' }
  /** Another budget counts the same calls by the same period; nothing was stored. */
  | { readonly kind: 'overlap'; readonly other: Budget };

/** What of a budget may change. */
export type BudgetUpdate = Pick<Budget, 'updatedAtMs'> &
  Partial<Pick<Budget, 'name' | 'limitNanoUsd' | 'isHard' | 'onExceed' | 'warnAt'>>;

/** The budgets of projects. What has been spent of them is their ledger's to know. */
export type Budgets = {
  /** All of them, oldest first. */
  list(project: ProjectId): Promise<readonly Budget[]>;
  add(budget: Budget): Promise<PutBudget>;
  /** Changes what is given and leaves the rest, so that changes at the same time keep each other. Null when there is none. */
  update(project: ProjectId, id: string, change: BudgetUpdate): Promise<Budget | null>;
  /** False when there is none. */
  delete(project: ProjectId, id: string): Promise<boolean>;
};

/** Finds a project's ledger. */
export type BudgetLedgers = { readonly of: (project: ProjectId) => BudgetLedger };

/**
 * What a project has spent of its budgets. Calls cross a process boundary: they may be lost, repeated, and come late or
 * from code of the release before. Whatever is said twice of an attempt counts once.
 */
export type BudgetLedger = {
  exchange(message: BudgetMessage): Promise<readonly BudgetVerdict[]>;
  standing(terms: readonly BudgetTerms[]): Promise<readonly BudgetStanding[]>;
  /** Forgets what was counted for a budget that is gone. */
  forget(budgetId: string): Promise<void>;
};

export type BudgetMessage = {
  /** The budgets that the orders name. */
  readonly terms: readonly BudgetTerms[];
  readonly orders: readonly BudgetOrder[];
};

/** `key` names an attempt in the project. */
export type BudgetOrder =
  /** Asks for room for a call; without an estimate, nobody knows what it may cost. */
  | {
      readonly kind: 'reserve';
      readonly key: string;
      readonly budgets: readonly string[];
      readonly estimateNanoUsd: NanoUsd | null;
      /** After so long nothing more is expected of the attempt. */
      readonly forMs: number;
    }
  /** Says what an attempt cost, with or without room taken before; null when nobody knows. */
  | {
      readonly kind: 'settle';
      readonly key: string;
      readonly budgets: readonly string[];
      readonly costNanoUsd: NanoUsd | null;
      readonly estimateNanoUsd: NanoUsd | null;
    }
  /** A later attempt waits for what an earlier one has begun: what was reserved goes with it. */
  | {
      readonly kind: 'adopt';
      readonly key: string;
      readonly from: string;
      readonly budgets: readonly string[];
      readonly estimateNanoUsd: NanoUsd | null;
      readonly forMs: number;
    };

export type BudgetVerdict =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'refused';
      readonly reason: BudgetDeclineReason;
      readonly refusal: BudgetRefusal;
      /** Asking again before that is in vain. */
      readonly forMs: number;
    };

/** How a budget stands in its present period. */
export type BudgetStanding = {
  readonly id: string;
  readonly paidNanoUsd: NanoUsd;
  /** Estimates of calls of which nobody knows what they cost; a late bill takes their place. */
  readonly assumedNanoUsd: NanoUsd;
  readonly reservedNanoUsd: NanoUsd;
  /** Calls that nobody knows the cost of. */
  readonly unknownCalls: number;
};
