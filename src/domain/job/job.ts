import type { ActiveAttempt, AttemptRecord, NextAttempt, StopReason, Target } from './attempt.ts';
import type { ChargedTo } from '../budget.ts';
import type { CacheOverride } from '../cache.ts';
import type { SkipReason } from './event.ts';
import type { Failure } from './failure.ts';
import type { JobFlow } from './flow.ts';
import type { JobId, ProjectId } from '../ids.ts';
import type { ParentLink } from './lineage.ts';
import type { CostSum, NanoUsd } from '../money.ts';
import type { RerunOf } from './rerun.ts';
import type { StoredValue } from './stored-value.ts';
import type { Wait } from './wait.ts';
import type { JobWebhook } from '../webhook.ts';

/**
 * PERSISTED CONTRACT. `JobState` is stored as JSON in a shard's row and read by the code of other releases:
 * fields are added as optional, meanings never change, `v` rises when a reader has to upgrade a row.
 */

const terminalStatuses = [
  'succeeded',
  'partially_succeeded',
  'failed',
  'cancelled',
  'expired',
  'timed_out',
] as const;
export const jobStatuses = [
  'queued',
  'running',
  'waiting',
  'paused',
  'cancelling',
  ...terminalStatuses,
] as const;
export type JobStatus = (typeof jobStatuses)[number];
export type TerminalStatus = (typeof terminalStatuses)[number];

export function isTerminal(status: JobStatus): status is TerminalStatus {
  return terminalStatuses.some((terminal) => terminal === status);
}

/** True of a job that has an output. */
export function hasSucceeded(status: JobStatus): boolean {
  return status === 'succeeded' || status === 'partially_succeeded';
}

export type StepPhase =
  /** Waits for the steps it needs. */
  | { readonly status: 'pending' }
  /** Due for an attempt: at once, or when a back-off has passed. */
  | { readonly status: 'queued'; readonly next: NextAttempt }
  /** An attempt is in a runner's hands. */
  | { readonly status: 'running' }
  | MapPhase
  /** Waits for a moment or for an event from outside. */
  | { readonly status: 'waiting'; readonly on: Wait }
  | {
      readonly status: 'succeeded';
      readonly output: StoredValue | null;
      readonly items?: number;
      /** Items that failed for good, in a map that goes on without them. */
      readonly itemsFailed?: number;
      /** The output was taken over from the job that this one runs again. */
      readonly reused?: true;
    }
  | {
      readonly status: 'failed';
      readonly failure: Failure;
      readonly stopped: StopReason;
      /** The step whose output stands in for this one's. */
      readonly handler?: string;
    }
  | { readonly status: 'skipped'; readonly reason: SkipReason };
export type StepStatus = StepPhase['status'];

/** A map in progress: a summary, so that its size does not grow with the items that are done. */
export type MapPhase = {
  readonly status: 'mapping';
  readonly items: number;
  /** The first item that was never started. */
  readonly cursor: number;
  /** Items between two attempts; each still holds its place under `max_concurrency`. */
  readonly retries: readonly (NextAttempt & { readonly item: number })[];
  readonly succeeded: number;
  /** Items that failed for good; absent while there are none. */
  readonly failed?: number;
};

/** `attempt` is the one that was to be made there. */
export type SkippedTarget = {
  readonly attempt: number;
  readonly target: Target;
  readonly reason: string;
};

export type StepState = {
  readonly phase: StepPhase;
  readonly queuedAtMs: number | null;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  /** Finished attempts in order; those of a map's items lie with the items. */
  readonly attempts: readonly AttemptRecord[];
  readonly cost: CostSum;
  /** Targets that were passed over on the way, the latest last; absent without any. */
  readonly skipped?: readonly SkippedTarget[];
};

/** An item of a map once an attempt of it has ended; stored in a row of its own. */
export type ItemState = {
  readonly status: 'open' | 'succeeded' | 'failed';
  readonly attempts: readonly AttemptRecord[];
  readonly output: StoredValue | null;
};

export type Correlation = {
  readonly requestId: string;
  /** 32 hexadecimal digits, taken from the caller's `traceparent` or made on arrival. */
  readonly traceId: string;
  /** The caller's span, 16 hexadecimal digits; absent when it named none. */
  readonly parentSpanId?: string;
  /** False when the caller says that it records nothing of this trace. */
  readonly sampled?: false;
};

/** What a job is born with and never changes. */
export type JobBirth = {
  readonly id: JobId;
  readonly project: ProjectId;
  readonly pipeline: string;
  readonly version: number;
  readonly definitionHash: string;
  readonly input: StoredValue;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly correlation: Correlation;
  readonly createdAtMs: number;
  /** When a job that no runner has started expires. */
  readonly queueDeadlineAtMs: number;
  readonly deadlineAtMs: number;
  /** The job is cancelled when it is not over this long after its creation, in milliseconds. */
  readonly cancelAfterMs?: number;
  readonly rerunOf?: RerunOf;
  /** The limits on how many jobs are under way at once; absent without any. */
  readonly flow?: JobFlow;
  /** The job that waits for this one. */
  readonly parent?: ParentLink;
  /** What that job lets it cost at most, children included; absent where it has no limit. */
  readonly maxCostNanoUsd?: NanoUsd;
  /** Whom its submitter wants told of it. */
  readonly webhook?: JobWebhook;
  /** What its submitter says about the caches of its steps. */
  readonly cache?: CacheOverride;
  /** Whose budgets count it beside those of its pipelines. */
  readonly chargedTo?: ChargedTo;
  /** Its submitter listens: texts of chats are told while they come. */
  readonly stream?: true;
  /** Types and groups of events that somebody wants to be told of at once; absent without any. */
  readonly tells?: readonly string[];
  /**
   * What a million tokens cost the project by its own prices, in nano-dollars, for the targets that a `cheapest` route
   * compares; null where its own price does not say. Absent for targets at list prices.
   */
  readonly prices?: Readonly<Record<string, number | null>>;
};

export type JobState = {
  readonly v: 1;
  readonly birth: JobBirth;
  readonly status: JobStatus;
  /** Number of the last event. */
  readonly seq: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  readonly reason: { readonly code: string; readonly message: string } | null;
  /** Who asked for the cancel that is under way. */
  readonly cancelledBy?: string;
  readonly steps: Readonly<Record<string, StepState>>;
  /** Attempts in runners' hands, by attempt key. */
  readonly active: Readonly<Record<string, ActiveAttempt>>;
  /** The most that calls may have cost whose cost nobody knows, in a job that has a limit; absent while there are none. */
  readonly assumedNanoUsd?: number;
  /** The least limit with which the call would have been made that was refused for the job's own; absent without any. */
  readonly neededNanoUsd?: NanoUsd;
  readonly cost: CostSum;
};
