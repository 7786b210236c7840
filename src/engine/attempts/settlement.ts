import type { AttemptFacts } from '../../domain/job/attempt.ts';
import type { BudgetDeclineReason, BudgetRefusal } from '../../domain/budget.ts';
import type { Failure, FailureClass } from '../../domain/job/failure.ts';
import type { JobId } from '../../domain/ids.ts';
import type { NanoUsd } from '../../domain/money.ts';
import type { StoredValue } from '../../domain/job/stored-value.ts';
import type { DeclineReason } from '../../domain/model/target-gate.ts';

/** What became of an attempt, as its runner reports it. */
export type Settlement = {
  readonly step: string;
  readonly item: number | null;
  readonly attempt: number;
  readonly facts: AttemptFacts;
  readonly outcome:
    | { readonly ok: true; readonly output: StoredValue }
    /** That job reports its end. */
    | PassedOn
    | PendingWork
    | DeclinedCall
    | { readonly ok: false; readonly failure: Failure };
  /** What the provider said of earlier submits whose answers were lost. */
  readonly reconciled?: readonly Reconciliation[];
};

/** The attempt goes on in a job of its own. */
export type PassedOn = {
  readonly ok: 'pending';
  readonly child: JobId;
  /** What that job may cost at most, where the one that made it has a limit. */
  readonly allowanceNanoUsd?: NanoUsd;
};

/** The target's gate let no call through: nothing was sent. */
export type DeclinedCall = {
  readonly ok: 'declined';
  readonly reason: DeclineReason | BudgetDeclineReason;
  /** How the budget stood that had no room; absent where the gate let no call through. */
  readonly refusal?: BudgetRefusal;
  /** What a child may cost by its pipeline, where it takes less if less is left of its parent's budget. */
  readonly wantsNanoUsd?: NanoUsd;
  /** The failure that has closed the way; absent where none has, or the runner does not say. */
  readonly because?: FailureClass;
  /** Asking again before this moment is in vain, by the runner's clock. */
  readonly untilAtMs: number;
};

/** The attempt goes on at its provider; a runner is sent to ask for it. */
export type PendingWork = {
  readonly ok: 'pending';
  readonly providerJobId: string;
  /** How long it is worth waiting before asking; 0 asks at once. */
  readonly checkInMs: number;
  /** The number of the poll that found it so; 0 for its submit. */
  readonly poll: number;
  /** The earlier attempt whose submit it was. */
  readonly adoptedFrom?: number;
};

export type Reconciliation = {
  readonly attempt: number;
  readonly outcome: 'adopted' | 'absent' | 'unknown';
};

/** What the shard does with a settlement: keep its payload, or drop it. */
export type Settled = 'used' | 'late' | 'repeated';
