import type { JobId, ProjectId } from '../../../domain/ids.ts';
import type { FlowSlot } from '../flow.ts';
import type { PayloadOnTheWay } from './payload.ts';
import type {
  EventsAnswer,
  EventsRequest,
  JobSnapshot,
  OutputRequest,
  ReadRequest,
} from './snapshot.ts';
import type {
  CallbackAnswer,
  CallbackRequest,
  CancelAnswer,
  CancelledTickets,
  EventAnswer,
  EventRequest,
  SteerAnswer,
  SteerRequest,
} from './steer.ts';
import type { KeyedJob, SubmitAnswer, SubmitRequest } from './submit.ts';
import type { NextAnswer, NextRequest, RenewAnswer, RenewRequest } from './turn.ts';

/**
 * What a job's home offers. Calls cross a process boundary: everything is JSON-safe, every call may be repeated
 * or answered late, and code of the release before may be on the other side.
 */
export type JobShard = {
  submit(request: SubmitRequest): Promise<SubmitAnswer>;
  next(request: NextRequest): Promise<NextAnswer>;
  renew(request: RenewRequest): Promise<RenewAnswer>;
  cancel(request: SteerRequest): Promise<CancelAnswer>;
  pause(request: SteerRequest): Promise<SteerAnswer>;
  resume(request: SteerRequest): Promise<SteerAnswer>;
  receiveEvent(request: EventRequest): Promise<EventAnswer>;
  read(request: ReadRequest): Promise<JobSnapshot | null>;
  /** A recorded output; null when it is not there, or not any more. */
  readOutput(request: OutputRequest): Promise<PayloadOnTheWay | null>;
  events(request: EventsRequest): Promise<EventsAnswer | null>;
  /** The job's parent knows its end. */
  parentTold(request: { readonly jobId: JobId }): Promise<void>;
  /** Providers have been told to stop these attempts, or cannot be told. */
  ticketsCancelled(request: CancelledTickets): Promise<void>;
  /** A provider has called back about an attempt. */
  callBack(request: CallbackRequest): Promise<CallbackAnswer>;
  /** The job under an idempotency key, or null. */
  findKey(keyHash: string): Promise<KeyedJob | null>;
  /** This history is stored in D1; it need not be sent again. */
  confirm(confirmations: readonly HistoryMark[]): Promise<void>;
  /** Slots that jobs have from now on; answers with those that their jobs do not want. */
  grant(slots: readonly FlowSlot[]): Promise<readonly FlowSlot[]>;
  /** Makes sure that an alarm stands if anything is due. */
  ensureAlarm(): Promise<void>;
};

/** Finds a job's home. */
export type JobShards = {
  /** How many shards new jobs are spread over. */
  readonly count: number;
  /** How many there were before a change of `count`; null when it never changed. */
  readonly former: number | null;
  of(project: ProjectId, shard: number): JobShard;
};

/** Events `firstSeq` to `seq` of a job; none when `seq` is 0. */
export type HistoryMark = {
  readonly jobId: JobId;
  readonly firstSeq: number;
  readonly seq: number;
  /** Which telling of a wait is stored with them; absent when they tell of none. */
  readonly waitingVersion?: number | undefined;
};
