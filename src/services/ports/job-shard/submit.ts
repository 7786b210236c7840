import type { Definition } from '../../../domain/definition/definition.ts';
import type { JobId } from '../../../domain/ids.ts';
import type { JobBirth } from '../../../domain/job/job.ts';
import type { Json } from '../../../domain/json.ts';
import type { PayloadOnTheWay } from './payload.ts';
import type { JobSnapshot } from './snapshot.ts';
import type { NextAnswer, TurnRequest } from './turn.ts';

/** How a job comes to its shard. */

export type SubmitRequest = {
  readonly birth: JobBirth;
  readonly definition: Definition;
  readonly input: PayloadOnTheWay;
  /** What control expressions read of the input, by control key. */
  readonly control: Readonly<Record<string, Json>>;
  readonly idempotency: { readonly keyHash: string; readonly bodyHash: string } | null;
  /** Outputs that are taken over from another job: their steps have succeeded before this one begins. */
  readonly reused?: readonly ReusedOutput[] | undefined;
  /** The submitter runs the job itself and wants its first work with the answer. */
  readonly turn: TurnRequest | null;
};

export type ReusedOutput = {
  readonly step: string;
  /** Null for a step that puts nothing out. */
  readonly output: PayloadOnTheWay | null;
  /** What control expressions read of the output, by control key. */
  readonly control: Readonly<Record<string, Json>>;
};

export type SubmitAnswer =
  | { readonly kind: 'created'; readonly snapshot: JobSnapshot; readonly turn: NextAnswer | null }
  | { readonly kind: 'replayed'; readonly snapshot: JobSnapshot }
  | { readonly kind: 'key_conflict'; readonly jobId: JobId }
  /** The shard takes no new jobs: its storage is nearly full. */
  | { readonly kind: 'full'; readonly retryAfterMs: number };

export type KeyedJob = { readonly jobId: JobId; readonly bodyHash: string };
