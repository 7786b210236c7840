import type { BudgetDeclineReason } from '../budget.ts';
import type { Failure } from './failure.ts';
import type { JobId } from '../ids.ts';
import type { Json } from '../json.ts';
import type { NanoUsd } from '../money.ts';
import type { Target } from '../model/target.ts';
import type { DeclineReason } from '../model/target-gate.ts';
import type { ProviderWork } from '../model/ticket.ts';
import type { Usage } from '../model/usage.ts';

export type { Target };

/** Why no further attempt follows a failed one. */
export const stopReasons = [
  'not_retryable',
  'max_attempts',
  'deadline',
  'cancelled',
  'no_target_left',
] as const;
export type StopReason = (typeof stopReasons)[number];

/** What one attempt cost and how long it took; measured by the runner, charged whatever the outcome. */
export type AttemptFacts = {
  /** From the runner's start of the work to its result, in milliseconds. */
  readonly latencyMs: number;
  /** Nano-dollars; null when the price is not known. */
  readonly costNanoUsd: number | null;
  /** What the call may have cost at most, where nobody knows what it did and its job has a limit. */
  readonly estimateNanoUsd?: NanoUsd;
  readonly usage?: Usage;
  readonly returnedModel?: string;
  readonly providerRequestId?: string;
  readonly finishReason?: string;
  /** From the runner's start of the work to the first piece of streamed text, in milliseconds. */
  readonly timeToFirstTokenMs?: number;
  /** What the call left out because its target cannot be told, by the names that pipelines use. */
  readonly dropped?: readonly string[];
  /** The provider's own usage object, untouched. Events have it; the records of attempts do not. */
  readonly rawUsage?: Json;
  /** What reproduces the call: hash of the resolved request, version of the adapter or step, price table. */
  readonly requestSha256?: string;
  readonly codeVersion?: number;
  readonly priceVersion?: string;
  /** True when the result of an identical call was taken over, recorded at `cachedAtMs`. */
  readonly cacheHit?: true;
  readonly cachedAtMs?: number;
  /** What that call cost, in nano-dollars; null when it is not known. */
  readonly savedNanoUsd?: number | null;
  readonly moderated?: Moderated;
};

/** What a moderation has found. */
export type Moderated = {
  readonly flagged: boolean;
  /** Those that it has flagged, by the provider's names. */
  readonly categories?: readonly string[];
};

/** The target's gate let no call through, or a budget had no room for it. */
export type Declined = {
  readonly reason: DeclineReason | BudgetDeclineReason;
  /** The budget that had no room; absent where it was the gate. */
  readonly budget?: string;
  /** What the call, or the child job, may cost, where more than the job had left for it. */
  readonly askedNanoUsd?: NanoUsd;
  /** Asking again before this moment is in vain. */
  readonly untilAtMs: number;
  /** How many attempts the record stands for; the first of them began when the record begins. */
  readonly times: number;
};

/** One finished attempt, as kept with its step or item. */
export type AttemptRecord = {
  readonly attempt: number;
  readonly target: Target | null;
  readonly targetIndex: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  /** `superseded`: another attempt had a result first: one beside it, or an earlier one that was believed lost. */
  readonly outcome: 'succeeded' | 'failed' | 'lost' | 'superseded' | 'declined';
  readonly failure?: Failure;
  /** The attempt beside which this one was made, because it took long. */
  readonly hedgeOf?: number;
  /** The attempt that was still open when this one failed, and decided what followed. */
  readonly leftTo?: number;
  /** Why nothing was sent, on a declined attempt; it stands for all such attempts at its target in a row. */
  readonly declined?: Declined;
  /** Absent while what became of the call is unknown. */
  readonly facts?: AttemptFacts;
  /** True while the attempt counts as unpriced because nobody knows what became of it, and may still learn it. */
  readonly unpriced?: boolean;
  /** The job that did the work. */
  readonly child?: JobId;
  /** The work at the provider, when it outlived one request. */
  readonly providerJobId?: string;
};

/** An attempt in a runner's hands. */
export type ActiveAttempt = {
  readonly step: string;
  readonly item: number | null;
  readonly attempt: number;
  readonly target: Target | null;
  readonly targetIndex: number;
  readonly startedAtMs: number;
  readonly deadlineAtMs: number;
  /** True when the work stays inside the Worker and costs nothing. */
  readonly local: boolean;
  /** When a second target is asked beside this one; absent when none is, or one is already. */
  readonly hedgeAtMs?: number;
  /** The attempt beside which this one was made. */
  readonly hedgeOf?: number;
  /** What the call, or the child job, may cost at most, in a job that has a limit. */
  readonly allowanceNanoUsd?: NanoUsd;
  /** The job that does the work; no runner holds the attempt while it does. */
  readonly child?: JobId;
  /** The provider's work that goes on by itself; no runner holds the attempt meanwhile. */
  readonly ticket?: ProviderWork;
};

/** The attempt that a step or item takes next. */
export type NextAttempt = {
  readonly attempt: number;
  readonly notBeforeMs: number;
  /** Index into the route's targets; 0 for steps without a route. */
  readonly targetIndex: number;
  /** What the child job may cost that a lost attempt may have made, in a job that has a limit. */
  readonly heldNanoUsd?: NanoUsd;
};

/** True while neither a child job nor a provider carries the work on: a runner has it. */
export function isInRunnersHands({ child, ticket }: ActiveAttempt): boolean {
  return child === undefined && ticket === undefined;
}

/** `step#2`, or `step[7]#2` for an item: names an attempt within its job, and fences late results. */
export function attemptKey(step: string, item: number | null, attempt: number): string {
  return item === null ? `${step}#${attempt}` : `${step}[${item}]#${attempt}`;
}
