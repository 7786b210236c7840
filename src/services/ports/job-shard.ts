import type { AttemptFacts, Target } from '../../domain/job/attempt.ts';
import type { ChargedTo } from '../../domain/budget.ts';
import type { CacheOverride } from '../../domain/cache.ts';
import type { Definition } from '../../domain/definition/definition.ts';
import type { JobEvent } from '../../domain/job/event.ts';
import type { Failure, Violation } from '../../domain/job/failure.ts';
import type { JobFlow } from '../../domain/job/flow.ts';
import type { JobId, ProjectId } from '../../domain/ids.ts';
import type { Correlation, JobBirth, JobState, JobStatus } from '../../domain/job/job.ts';
import type { Json } from '../../domain/json.ts';
import type { ParentLink } from '../../domain/job/lineage.ts';
import type { StoredValue } from '../../domain/job/stored-value.ts';
import type { TargetMeasure } from '../../domain/model/target-measure.ts';
import type { Ticket } from '../../domain/model/ticket.ts';
import type { WaitingKind } from '../../domain/job/waiting.ts';
import type { Path } from '../../engine/expression/path.ts';
import type { FlowSlot } from './flow.ts';
import type { Capacity } from '../../engine/attempts/claim.ts';
import type {
  DeclinedCall,
  PendingWork,
  Reconciliation,
  Settled,
} from '../../engine/attempts/settlement.ts';

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

export type KeyedJob = { readonly jobId: JobId; readonly bodyHash: string };
/** Events `firstSeq` to `seq` of a job; none when `seq` is 0. */
export type HistoryMark = {
  readonly jobId: JobId;
  readonly firstSeq: number;
  readonly seq: number;
  /** Which telling of a wait is stored with them; absent when they tell of none. */
  readonly waitingVersion?: number | undefined;
};

/** A payload on its way: in the message itself, or as an object in R2. */
export type PayloadOnTheWay = { readonly stored: StoredValue; readonly value?: Json };

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

export type TurnRequest = {
  /** New for every call, the same for its repetitions: a lost answer strands nothing. */
  readonly requestId: string;
  readonly capacity: Capacity;
  /** The end of the runner's life. */
  readonly untilMs: number;
  /** How long targets take, as far as the runner has heard. */
  readonly measures?: readonly TargetMeasure[] | undefined;
};

export type NextRequest = TurnRequest & {
  readonly jobId: JobId;
  readonly settled: readonly SettlementReport[];
  /** True for the first call of a turn that a wake hint began. */
  readonly hinted: boolean;
  /** True when the runner comes again for what it cannot take now: nobody else need be told of it. */
  readonly returning: boolean;
  /** The definition the runner already has, by hash. */
  readonly knownDefinition: string | null;
  /** True when the runner wants to see the job once it is over. */
  readonly wantsEnd?: boolean;
};

/** The attempt goes on at its provider. */
export type TicketReport = Omit<PendingWork, 'providerJobId'> & {
  readonly ticket: Ticket;
  /** The callback that was read, by its object's key: it need not be read again. */
  readonly read?: string;
};

/** A settlement with the payloads that belong to it. */
export type SettlementReport = {
  readonly step: string;
  readonly item: number | null;
  readonly attempt: number;
  readonly facts: AttemptFacts;
  readonly outcome:
    | {
        readonly ok: true;
        readonly output: PayloadOnTheWay;
        /** What control expressions read of the output, by control key. */
        readonly control: Readonly<Record<string, Json>>;
      }
    /** The attempt goes on in a job of its own. */
    | { readonly ok: 'pending'; readonly child: JobId }
    | TicketReport
    | DeclinedCall
    | {
        readonly ok: false;
        readonly failure: Failure;
        /** The output that failed its check, so that the model can be asked again. */
        readonly rejected?: Json;
      };
  /** What the provider said of earlier submits whose answers were lost. */
  readonly reconciled?: readonly Reconciliation[];
};

export type NextAnswer = {
  /** `gone`: the shard knows no such job. */
  readonly job: 'open' | 'over' | 'gone';
  readonly settled: readonly Settled[];
  readonly work: readonly WorkItem[];
  /** True when there is work that only lacked a connection. */
  readonly starved: boolean;
  /** Attempts of this job that must be aborted, by attempt key. */
  readonly cancel: readonly string[];
  /** Those of them beside which another one had a result first. */
  readonly superseded?: readonly string[];
  /** What the runner is asked to do beside its work. */
  readonly chores?: Chores | null;
  readonly context: JobContext | null;
  /** Present unless the runner said that it has it. */
  readonly definition: Definition | null;
  /** The job as it stands, when it is over and the runner asked for it. */
  readonly end?: JobSnapshot | null;
};

/** What is owed to other jobs. */
export type Chores = {
  /** The job is over and the attempt that waits for it does not know. */
  readonly tellParent: ParentLink | null;
  /** Children that nobody waits for any more. */
  readonly cancelChildren: readonly JobId[];
  /** Work at providers that nobody waits for any more. */
  readonly cancelTickets?: readonly WorkItem[];
};

/** What all attempts of a job share. */
export type JobContext = {
  readonly jobId: JobId;
  readonly project: ProjectId;
  readonly pipeline: string;
  readonly version: number;
  readonly definitionHash: string;
  readonly createdAtMs: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  readonly requestId: string;
  readonly traceId: string;
  /** False when the job's caller records nothing of its trace. */
  readonly sampled?: false;
  /** The limits that the job was born under. */
  readonly flow?: JobFlow;
  /** The pipelines from the first ancestor down to this job's. */
  readonly lineage?: readonly string[];
  /** What the job's submitter says about the caches of its steps. */
  readonly cache?: CacheOverride;
  /** Whose budgets count the job beside those of its pipelines. */
  readonly chargedTo?: ChargedTo;
  /** The job's submitter listens: texts of chats are told while they come. */
  readonly stream?: true;
};

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
  /** What the call may cost at most, in a job that has a limit. */
  readonly allowanceNanoUsd?: number;
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

/** The value at a place, or how to get it. */
export type ResolvedRead = { readonly path: Path } & (
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'absent' }
  /** In an R2 object, at `below` inside it. */
  | { readonly kind: 'object'; readonly object: StoredValue; readonly below: Path }
  /** A map's output: one part an item. */
  | { readonly kind: 'list'; readonly parts: readonly ListPart[]; readonly below: Path }
);
export type ListPart = { readonly value: Json } | { readonly object: StoredValue };

export type RenewRequest = { readonly jobId: JobId; readonly keys: readonly string[] };
/** Attempts that must be aborted: cancelled, superseded, or of a job that is over. */
export type RenewAnswer = { readonly cancel: readonly string[] };

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

export type CancelledTickets = { readonly jobId: JobId; readonly keys: readonly string[] };

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

export type ReadRequest = {
  readonly jobId: JobId;
  /** Payloads wanted beside the output. */
  readonly include: readonly ('input' | 'step_outputs')[];
  /** Only these steps' outputs; all of them when absent. */
  readonly steps?: readonly string[] | undefined;
};
/** The output of a step, or of an item of its map, if it still is the one with this hash. */
export type OutputRequest = {
  readonly jobId: JobId;
  readonly step: string;
  readonly item: number | null;
  readonly sha256: string;
};
export type EventsRequest = {
  readonly jobId: JobId;
  readonly afterSeq: number;
  readonly limit: number;
};

export type EventsAnswer = {
  readonly events: readonly JobEvent[];
  readonly correlation: Correlation;
  /** The number of the job's last event. */
  readonly seq?: number;
  /** True once the job is over: hardly an event follows, other than costs that came late. */
  readonly over?: boolean;
};

/** A job as its shard sees it now. */
export type JobSnapshot = {
  readonly state: JobState;
  readonly definition: Definition;
  /** What the output mapping reads; empty until the job has succeeded. */
  readonly outputReads: readonly ResolvedRead[];
  /** Wanted payloads: `input`, and a step's output by step id. */
  readonly payloads: {
    readonly input?: ResolvedRead;
    readonly steps?: Readonly<Record<string, ResolvedRead>>;
  };
  /** What providers said of failed attempts, by attempt key; kept with the payloads. */
  readonly details: Readonly<Record<string, Json>>;
  readonly payloadsErased: boolean;
  /** What nothing but time and others can change now; null while something moves or when the job is over. */
  readonly waitingOn: WaitingOn | null;
};

export type WaitingOn = {
  readonly kind: WaitingKind;
  readonly key: string | null;
  readonly untilAtMs: number | null;
};
