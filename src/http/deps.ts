import type { Actor } from '../domain/access.ts';
import type { JobId } from '../domain/ids.ts';
import type { Correlation } from '../domain/job/job.ts';
import type { AccessStore, Secrets } from '../services/ports/access.ts';
import type { AuditLog } from '../services/ports/audit-log.ts';
import type { RecentStandings } from '../services/budgets/submit-refusal.ts';
import type { BudgetLedgers, Budgets } from '../services/ports/budgets.ts';
import type { Backlogs } from '../services/ports/backlogs.ts';
import type { BulkIndex, Bulks } from '../services/ports/bulk.ts';
import type { CallbackLinks } from '../services/callbacks/callback-links.ts';
import type { FileLimits } from '../services/files/file-limits.ts';
import type { MediaOf } from '../services/files/media-source.ts';
import type { MetricsDeps } from '../services/metrics/query/metrics-deps.ts';
import type { Outside } from '../services/outbound/outside.ts';
import type { FeedbackStore } from '../services/ports/feedback.ts';
import type { FileIndex } from '../services/ports/values/file-index.ts';
import type { Files } from '../services/ports/values/files.ts';
import type { JobIndex } from '../services/ports/job-index.ts';
import type { JobShards } from '../services/ports/job-shard/job-shard.ts';
import type { LiveShards } from '../services/ports/live.ts';
import type { Log } from '../services/ports/log.ts';
import type { NamedTargets } from '../services/ports/targets/named-targets.ts';
import type { Objects } from '../services/ports/values/objects.ts';
import type { Pipelines } from '../services/ports/pipelines.ts';
import type { Prices } from '../services/ports/prices.ts';
import type { Providers } from '../services/ports/targets/providers.ts';
import type { ResultCaches } from '../services/ports/values/result-cache.ts';
import type { Machine } from '../services/ports/runtime.ts';
import type { TargetDesk } from '../services/ports/targets/target-desk.ts';
import type { TargetGates } from '../services/ports/targets/target-gates.ts';
import type { DeliveriesOf, WebhookEndpoints } from '../services/ports/webhooks.ts';
import type { ServiceFailureCode } from '../services/result.ts';
import type { SignedTokens } from '../services/signed-token.ts';
import type { WebhookUrls } from '../services/webhooks/endpoints/webhook-urls.ts';
import type { ProjectSecrets } from '../services/webhooks/project-secrets.ts';
import type { PlanCache } from '../services/pipelines/plan-cache.ts';

/** What the doors need: the ports of all services behind them. */
export type HttpDeps = {
  readonly access: AccessStore;
  readonly secrets: Secrets;
  readonly pipelines: Pipelines;
  readonly plans: PlanCache;
  /** The limit on jobs under way at once in a project that has none of its own; null for none. */
  readonly projectJobsMax: number | null;
  readonly jobIndex: JobIndex;
  readonly bulks: Bulks;
  readonly bulkIndex: BulkIndex;
  readonly shards: JobShards;
  /** For those who listen to events as they happen. */
  readonly live: LiveShards;
  readonly objects: Objects;
  readonly providers: Providers;
  readonly prices: Prices;
  readonly caches: ResultCaches;
  readonly budgets: Budgets;
  readonly ledgers: BudgetLedgers;
  readonly standings: RecentStandings;
  readonly files: Files;
  readonly fileIndex: FileIndex;
  readonly fileLimits: FileLimits;
  readonly outside: Outside;
  readonly mediaOf: MediaOf;
  /** Null without a secret to sign with. */
  readonly tokens: SignedTokens | null;
  /** Where providers may call back; absent without a public address. */
  readonly callbackLinks?: CallbackLinks;
  readonly gates: TargetGates;
  readonly desk: TargetDesk;
  readonly audit: AuditLog;
  readonly feedback: FeedbackStore;
  readonly webhookEndpoints: WebhookEndpoints;
  /** The most webhook endpoints of a project. */
  readonly webhookEndpointsMax: number;
  readonly webhookUrls: WebhookUrls;
  /** What jobs' own webhooks are signed with; null without a `SIGNING_SECRET`. */
  readonly projectSecrets: ProjectSecrets | null;
  readonly deliveriesOf: DeliveriesOf;
  readonly namedTargets: NamedTargets;
  readonly metrics: MetricsDeps['metrics'];
  readonly backlogs: Backlogs;
  /** What is wrong with the deployment's settings, one sentence each. */
  readonly settingProblems: readonly string[];
  readonly machine: Machine;
  readonly log: Log;
};

export type AppEnv = {
  Bindings: {
    readonly deps: HttpDeps;
    /** Lets work go on after the answer. */
    readonly background: (work: Promise<void>) => void;
  };
  Variables: {
    correlation: Correlation;
    /** Set by the authentication of `/v1`. */
    actor: Actor;
    /** The job that a request made or was about, where its path does not name it. */
    jobId: JobId;
    /** Why a request was refused; set where the refusal becomes an answer. */
    failureCode: ServiceFailureCode;
  };
};
