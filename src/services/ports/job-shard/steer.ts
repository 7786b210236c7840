import type { JobId } from '../../../domain/ids.ts';
import type { Failure } from '../../../domain/job/failure.ts';
import type { JobStatus } from '../../../domain/job/job.ts';
import type { StoredValue } from '../../../domain/job/stored-value.ts';
import type { Json } from '../../../domain/json.ts';
import type { JobSnapshot } from './snapshot.ts';

/** What others do to a job: its callers, and the providers that work on for it. */

export type SteerRequest = { readonly jobId: JobId; readonly by: string };

export type CancelAnswer =
  | { readonly kind: 'done'; readonly snapshot: JobSnapshot }
  | { readonly kind: 'gone' };

export type SteerAnswer =
  | CancelAnswer
  /** The job's status does not allow it. */
  | { readonly kind: 'refused'; readonly status: JobStatus };

/** An event from outside, for the `wait` steps that wait for its name. */
export type EventRequest = SteerRequest & {
  readonly name: string;
  readonly payload: Json;
  /** Of the payload's compact JSON. */
  readonly sha256: string;
};

export type EventAnswer =
  | CancelAnswer
  | {
      readonly kind: 'not_waiting';
      readonly status: JobStatus;
      readonly names: readonly string[];
    }
  /** A waiting step's check, or an expression that reads the payload, does not take it. */
  | { readonly kind: 'unfit'; readonly step: string; readonly failure: Failure };

export type CallbackRequest = {
  readonly jobId: JobId;
  readonly step: string;
  readonly item: number | null;
  readonly attempt: number;
  /** Where the callback's body lies. */
  readonly callback: StoredValue;
};

/** `late`: the attempt has ended, and nothing is done with it. */
export type CallbackAnswer = { readonly kind: 'taken' | 'late' | 'gone' };

export type CancelledTickets = { readonly jobId: JobId; readonly keys: readonly string[] };
