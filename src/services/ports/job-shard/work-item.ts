import type { Target } from '../../../domain/job/attempt.ts';
import type { Violation } from '../../../domain/job/failure.ts';
import type { StoredValue } from '../../../domain/job/stored-value.ts';
import type { Json } from '../../../domain/json.ts';
import type { Ticket } from '../../../domain/model/ticket.ts';
import type { ResolvedRead } from './payload.ts';

/** An attempt as a runner is handed it. */

export type WorkItem = {
  /** The attempt's key within its job. */
  readonly key: string;
  readonly step: string;
  readonly item: number | null;
  readonly attempt: number;
  readonly target: Target | null;
  readonly targetIndex: number;
  readonly deadlineAtMs: number;
  readonly reads: readonly ResolvedRead[];
  /** The map's item, when its list is a plain place; computed lists are evaluated by the runner. */
  readonly itemRead: ResolvedRead | null;
  /** Names the child of a `pipeline` step, the same for attempts whose runners were lost on the way to it. */
  readonly childKey?: string;
  /** What the call, or the child job, may cost at most, in a job that has a limit. */
  readonly allowanceNanoUsd?: number;
  /** As much as the child job was to get: with less it is not made. */
  readonly askedNanoUsd?: number;
  /** When the attempt is given up; later than its runner's deadline where the provider works on by itself. */
  readonly givenUpAtMs?: number;
  readonly startedAtMs?: number;
  /** After which time a second attempt is handed out to whoever asks, if this one has not ended; absent for never. */
  readonly hedgeInMs?: number;
  /** The work is at the provider already: its status is wanted. */
  readonly poll?: Poll;
  /** Earlier submits of which nobody knows what became of them; the latest first. */
  readonly reconcile?: readonly LostAttempt[];
  /** The step has no further attempt if this one fails. */
  readonly lastTry?: true;
  /** Another target is to be tried if the provider has taken none of these. */
  readonly movesOnIfNotTaken?: true;
  /** The answer that failed its check, when the model is asked again. */
  readonly reAsk: { readonly rejected: Json; readonly violations: readonly Violation[] } | null;
};

export type Poll = {
  readonly ticket: Ticket;
  /** Counted from 1; a report says which poll it is of. */
  readonly number: number;
  /** What the provider has called back with. */
  readonly callback: StoredValue | null;
};

export type LostAttempt = {
  readonly key: string;
  readonly attempt: number;
  readonly startedAtMs: number;
  /** Its ticket, when that came too late for the attempt. */
  readonly ticket?: Ticket;
};
