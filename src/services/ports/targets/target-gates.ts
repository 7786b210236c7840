import type { Target } from '../../../domain/job/attempt.ts';
import type { FailureClass } from '../../../domain/job/failure.ts';
import type { Counts } from '../../../domain/spread.ts';
import type { CallResult, DeclineReason, TargetHealth } from '../../../domain/model/target-gate.ts';
import type { TargetLatency, TargetMeasure } from '../../../domain/model/target-measure.ts';

/** What a runner asks before it calls a target, and what it tells afterwards. */
export type TargetGates = {
  /** Never throws. Takes no time while what is known of the target is fresh. */
  admit(target: Target, call: PlannedCall): Promise<Admission>;
  /**
   * Tells how a call ended. Resolves when what others must know at once is told; most of the time nothing must be.
   * Never throws.
   */
  settle(permit: Permit, end: CallEnd): Promise<void>;
  /**
   * Tells what became of work that went on at its provider after the call that began it, or of a question how far it is.
   * Never throws.
   */
  report(target: Target, end: CallEnd): Promise<void>;
  /**
   * Says that a call goes on: a place under a limit on concurrency is lost to whoever is silent for a minute, and a call
   * that others wait for stands for nothing after a quarter of one.
   */
  renew(permit: Permit): Promise<void>;
  /** Tells what nobody has been told of for a while, though no further call follows. Never throws. */
  catchUp(): Promise<void>;
  /** How long targets have taken lately, as far as their gates have said. Asks nobody. */
  measures(): readonly TargetMeasure[];
};

export type PlannedCall = {
  /** Of the prompt and the longest answer together. */
  readonly estimatedTokens: number;
  /** True when its step ends with its failure: it is not the call that finds out whether a target is back, if another may be. */
  readonly isLastTry?: boolean;
};

export type Admission =
  | { readonly admitted: true; readonly permit: Permit }
  | {
      readonly admitted: false;
      readonly reason: DeclineReason;
      /** The failure that has closed the way; absent where none has. */
      readonly because?: FailureClass;
      /** Asking before this moment is in vain. */
      readonly untilAtMs: number;
    };

export type Permit = {
  readonly target: Target;
  readonly estimatedTokens: number;
  /** The state of the gate that let the call through: what it says about another state counts for nothing. */
  readonly epoch: number;
  /** True when the gate waits for the end of this call before it lets others through. */
  readonly urgent: boolean;
};

export type CallEnd = {
  readonly result: CallResult;
  readonly retryAfterMs?: number;
  /** Absent when the end says nothing about how long an answer takes. */
  readonly latencyMs?: number;
  /** How long a call had taken when it was cut off because another one beside it was quicker: it would take longer. */
  readonly overtakenAfterMs?: number;
  readonly timeToFirstTokenMs?: number;
  /** Absent when nobody said. */
  readonly usedTokens?: number;
};

/**
 * One target's gate. Calls cross a process boundary: they may be lost, answered late, or come from code of the
 * release before. No moment crosses it, only lengths of time, so that clocks need not agree.
 */
export type TargetGate = {
  exchange(message: GateMessage): Promise<GateAnswer>;
  health(): Promise<TargetHealth>;
  /** Lets no call through until `release`. */
  hold(by: GateOrder): Promise<TargetHealth>;
  /** Ends a hold, and forgets what made the gate close by itself. */
  release(by: GateOrder): Promise<TargetHealth>;
};

export type GateOrder = { readonly by: string; readonly why: string };

export type GateMessage = {
  /** Names an isolate for as long as it lives. */
  readonly runner: string;
  /** Calls that ended since the last message that was answered. */
  readonly ended: readonly EndedCalls[];
  /** Places under a limit on concurrency that the runner has: calls under way, and permits that it may still use. */
  readonly places: number;
  /** True while a call goes on that others wait for. */
  readonly probing?: boolean;
  /** What it wants beyond that; null when it only tells. */
  readonly wanted: WantedCalls | null;
};

export type WantedCalls = {
  readonly calls: number;
  /** Of all these calls together. */
  readonly tokens: number;
  /** Of the first of them: fewer are of no use. */
  readonly tokensOfFirst: number;
  /** True when the steps of all of them end with their failure. */
  readonly areLastTries?: boolean;
};

/** Calls that were let through in one state of the gate, summed up. */
export type EndedCalls = {
  readonly epoch: number;
  readonly good: number;
  readonly none: number;
  readonly failed: readonly FailedCalls[];
  /** What the calls used beyond their estimates; negative when it was less. */
  readonly tokensBeyond: number;
  readonly latencyMs: Counts;
  readonly timeToFirstTokenMs: Counts;
};

export type FailedCalls = {
  readonly class: FailureClass;
  readonly count: number;
  /** The longest pause that was asked for. */
  readonly retryAfterMs: number | null;
};

export type GateAnswer = GateVerdict & {
  /** How long its calls have taken lately; absent while too few of them say so. */
  readonly took?: TargetLatency;
};

type GateVerdict =
  /** Any number of calls may go through for the time. */
  | { readonly kind: 'free'; readonly epoch: number; readonly forMs: number }
  /** So many calls, with so many tokens, within the time; null tokens are not counted. */
  | {
      readonly kind: 'granted';
      readonly epoch: number;
      readonly calls: number;
      readonly tokens: number | null;
      readonly forMs: number;
      /** True when the end of the call is to be told at once: others wait for it. */
      readonly urgent: boolean;
    }
  /** None for the time; those that come after it, one such spacing after the other. */
  | {
      readonly kind: 'denied';
      readonly epoch: number;
      readonly reason: DeclineReason;
      /** The failure that has closed the way; absent where none has. */
      readonly because?: FailureClass;
      readonly forMs: number;
      readonly spacingMs: number;
    };
