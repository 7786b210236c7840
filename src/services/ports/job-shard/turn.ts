import type { ChargedTo } from '../../../domain/budget.ts';
import type { CacheOverride } from '../../../domain/cache.ts';
import type { Definition } from '../../../domain/definition/definition.ts';
import type { JobId, ProjectId } from '../../../domain/ids.ts';
import type { AttemptFacts } from '../../../domain/job/attempt.ts';
import type { Failure } from '../../../domain/job/failure.ts';
import type { JobFlow } from '../../../domain/job/flow.ts';
import type { ParentLink } from '../../../domain/job/lineage.ts';
import type { Json } from '../../../domain/json.ts';
import type { TargetMeasure } from '../../../domain/model/target-measure.ts';
import type { Ticket } from '../../../domain/model/ticket.ts';
import type { Capacity } from '../../../engine/attempts/claim.ts';
import type {
  DeclinedCall,
  PassedOn,
  PendingWork,
  Reconciliation,
  Settled,
} from '../../../engine/attempts/settlement.ts';
import type { PayloadOnTheWay } from './payload.ts';
import type { JobSnapshot } from './snapshot.ts';
import type { WorkItem } from './work-item.ts';

/** How a runner comes for work, says what came of the last, and keeps what it has. */

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
    | PassedOn
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

export type RenewRequest = { readonly jobId: JobId; readonly keys: readonly string[] };

/** Attempts that must be aborted: cancelled, superseded, or of a job that is over. */
export type RenewAnswer = { readonly cancel: readonly string[] };
