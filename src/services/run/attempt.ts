import type { AttemptFacts } from '../../domain/job/attempt.ts';
import type { Failure } from '../../domain/job/failure.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type { Json } from '../../domain/json.ts';
import type { StoredValue } from '../../domain/job/stored-value.ts';
import type { Plan, PlannedStep } from '../../engine/plan/plan.ts';
import type { DeclinedCall, PassedOn } from '../../engine/attempts/settlement.ts';
import type { MediaSource } from '../../providers/port.ts';
import type { CallbackLinks } from '../callbacks/callback-links.ts';
import type { PlanCache } from '../pipelines/plan-cache.ts';
import type { Outside } from '../outbound/outside.ts';
import type { BudgetLedgers, Budgets } from '../ports/budgets.ts';
import type { Files } from '../ports/values/files.ts';
import type { JobContext, SettlementReport, TicketReport } from '../ports/job-shard/turn.ts';
import type { JobShards } from '../ports/job-shard/job-shard.ts';
import type { WorkItem } from '../ports/job-shard/work-item.ts';
import type { LiveShards } from '../ports/live.ts';
import type { Log } from '../ports/log.ts';
import type { Objects } from '../ports/values/objects.ts';
import type { Pipelines } from '../ports/pipelines.ts';
import type { Prices } from '../ports/prices.ts';
import type { Providers } from '../ports/targets/providers.ts';
import type { ResultCaches } from '../ports/values/result-cache.ts';
import type { Machine } from '../ports/runtime.ts';
import type { TargetGates } from '../ports/targets/target-gates.ts';

export type ExecuteDeps = {
  readonly objects: Objects;
  readonly providers: Providers;
  readonly machine: Machine;
  readonly log: Log;
  /** For `pipeline` steps, which submit jobs. */
  readonly pipelines: Pipelines;
  readonly plans: PlanCache;
  readonly shards: JobShards;
  readonly projectJobsMax?: number | null;
  /** The files that steps name. Absent where none are kept. */
  readonly files?: Files;
  /** Fetches what providers leave at an address. */
  readonly outside?: Outside;
  /** Reads a project's files into requests. */
  readonly mediaOf?: (project: ProjectId) => MediaSource;
  /** The prices that projects have agreed themselves. Absent where there are none. */
  readonly prices?: Prices;
  /** Asked before a call leaves the Worker. Absent where every call may. */
  readonly gates?: TargetGates;
  /** What limits a project's spending. Absent where nothing does. */
  readonly budgets?: Pick<Budgets, 'list'>;
  /** What has been spent of it. */
  readonly ledgers?: BudgetLedgers;
  /** Where recorded results of identical calls are found. Absent where none are kept. */
  readonly caches?: ResultCaches;
  /** Where text is told while it is streamed. Absent where nobody can listen. */
  readonly live?: Pick<LiveShards, 'tell'>;
  /** Whether a provider is told which trace a call belongs to; none is where this is absent. */
  readonly tellsTrace?: (provider: string) => boolean;
  /** Where providers may call back. Absent where the deployment has no public address. */
  readonly callbackLinks?: CallbackLinks;
};

export type Attempt = {
  readonly job: JobContext;
  readonly plan: Plan;
  readonly step: PlannedStep;
  readonly work: WorkItem;
  /** Aborted with the reason `cancel` or `deadline`. */
  readonly signal: AbortSignal;
  /** Called once the attempt no longer holds a connection. */
  readonly onHeaders: () => void;
  /** Stands in line for a connection after `onHeaders`, until there is one or the attempt is aborted. */
  readonly placeAgain?: () => Promise<void>;
  /** Whether another attempt beside this one had a result first: then nobody waits for this one. */
  readonly isSuperseded?: () => boolean;
  /** Has something brought to its end before the turn ends. */
  readonly beside?: (work: Promise<void>) => void;
  /** Has something done once the shard has answered the attempt's report: with the output that it recorded, or null. */
  readonly onSettled?: (then: AfterSettling) => void;
};

/** Never throws. */
export type AfterSettling = (recorded: StoredValue | null) => Promise<void>;

/** What carrying out a step gave, before its output is checked and packed. */
export type Ran = {
  readonly facts: AttemptFacts;
  readonly result:
    | {
        readonly ok: true;
        readonly output: Json;
        /** What the check's schema looks at; nothing, if absent. */
        readonly checked?: Json;
      }
    | PassedOn
    | TicketReport
    | DeclinedCall
    | { readonly ok: false; readonly failure: Failure; readonly rejected?: Json };
  /** What the provider said of earlier submits whose answers were lost. */
  readonly reconciled?: SettlementReport['reconciled'];
};
