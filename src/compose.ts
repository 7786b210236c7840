import { bulkDeployment, httpDeps, withLinks } from './compose/http.ts';
import { shardDeployment } from './compose/shard.ts';
import { storesOf } from './compose/stores.ts';
import { deliveryParts } from './compose/deliveries.ts';
import { measuresOf, metricsOf } from './compose/metrics.ts';
import { circuitPoints, samplingOf } from './compose/sampling.ts';
import { measuringProblems } from './compose/measuring-problems.ts';
import { countUpTo, isMeasured, levelOf, settingsOf } from './compose/settings.ts';
import { aiOf, providersOf, viewOf } from './compose/targets.ts';
import { resealing, webhookSettings } from './compose/webhooks.ts';
import { tracesOf, type TracesOfDeployment } from './compose/traces.ts';
import type { Target } from './domain/job/attempt.ts';
import { CONCURRENCY_MAX } from './domain/job/flow.ts';
import { makeRegistry, type Registry } from './providers/registry.ts';
import type { BulkDeployment } from './runtime/bulk/bulk-action-object.ts';
import type { BudgetDeployment } from './runtime/budget/budget-object.ts';
import type { HistoryDeps } from './runtime/consumers/history.ts';
import type { WakeDeps } from './runtime/consumers/wake.ts';
import type { WebhookDeps } from './runtime/consumers/webhooks.ts';
import type { DeliveriesDeployment } from './runtime/deliveries/deliveries-object.ts';
import { makeFileDeployment } from './runtime/files/file-deployment.ts';
import type { FlowDeployment } from './runtime/flow/flow-object.ts';
import { makeGateOf } from './runtime/gate/gate-client.ts';
import { makeGates, type GatesOfDeployment } from './runtime/gate/gate-deployment.ts';
import type { GateDeployment } from './runtime/gate/gate-object.ts';
import { makeTargetDesk } from './runtime/gate/target-desk.ts';
import type { ShardDeployment } from './runtime/job-shard-object.ts';
import { makeLog } from './runtime/telemetry/log.ts';
import { sampleOf, shareOf } from './runtime/telemetry/sampling.ts';
import { machine } from './runtime/machine.ts';
import type { TraceDeps } from './runtime/traces/exporter.ts';
import type { RollUpDeps } from './services/metrics/rollup/run-roll-up.ts';
import type { SampleDeps } from './services/metrics/sampling/take-sample.ts';
import type { JobShards } from './services/ports/job-shard/job-shard.ts';
import type { Log } from './services/ports/log.ts';
import type { Providers } from './services/ports/targets/providers.ts';
import type { TargetDesk } from './services/ports/targets/target-desk.ts';
import type { HttpDeps } from './http/deps.ts';

/**
 * The only reader of `Env`: it turns bindings and settings into the ports that the rooms ask for. What it makes
 * is kept for each environment object, so that an isolate builds it once.
 */
export type Composition = {
  readonly http: HttpDeps;
  readonly wake: WakeDeps;
  readonly history: HistoryDeps;
  readonly deliverer: WebhookDeps;
  readonly deliveries: DeliveriesDeployment;
  /** Seals what webhook endpoints keep under the present secret. */
  readonly reseal: () => Promise<void>;
  readonly shard: ShardDeployment;
  readonly flow: FlowDeployment;
  readonly bulk: BulkDeployment;
  readonly cache: { readonly log: Log };
  readonly gate: GateDeployment;
  /** Null in a deployment that exports no traces. */
  readonly traces: TraceDeps | null;
  readonly metrics: RollUpDeps;
  /** Null where nothing is measured. */
  readonly sampling: SampleDeps | null;
  readonly budget: BudgetDeployment;
};

const made = new WeakMap<Env, Composition>();

export function compose(env: Env): Composition {
  const known = made.get(env);
  if (known !== undefined) return known;
  const composition = build(env);
  made.set(env, composition);
  return composition;
}

function build(env: Env): Composition {
  const setting = settingsOf(env);
  const log = makeLog(levelOf(setting('LOG_LEVEL')), sampleOf(shareOf(setting('LOG_SAMPLE'))));
  const registry = makeRegistry(setting, (url, init) => fetch(url, init), aiOf(env));
  for (const problem of registry.problems) log('error', 'providers.setting_invalid', { problem });
  const stores = storesOf(env, setting);
  const { shards, objects } = stores;
  const providers = providersOf(registry);
  const projectJobsMax = countUpTo(CONCURRENCY_MAX, setting('PROJECT_MAX_CONCURRENT_JOBS'));
  const files = withLinks(
    makeFileDeployment({ bucket: env.OBJECTS, db: env.DB, setting, machine, log }),
  );
  const webhooks = webhookSettings(env, setting, files.outside);
  const tellers = deliveryParts(env, { setting, ...webhooks, ...files, shards, objects, log });
  const traces = tracesOf(setting, log);
  const gates = gatesOf(env, { limits: setting('TARGET_LIMITS'), providers, log });
  const shared = {
    ...stores,
    ...webhooks,
    announcements: tellers.announcements,
    log,
    providers,
    projectJobsMax,
    tellsTrace: traces.tellsTrace,
    ...gates,
  };
  const desk = deskOf(env, { registry, limited: gates.limited, log });
  const rootKey = setting('ROOT_API_KEY') ?? null;
  const settingProblems = wrongSettings(setting, log, { gates, traces, registry });
  const metrics = metricsOf(env, setting, log);
  const measures = measuresOf(env, metrics, setting);
  const http = httpDeps(env, { ...files, ...shared, ...measures, settingProblems, desk, rootKey });
  return {
    http,
    bulk: bulkDeployment(http),
    cache: { log },
    budget: { log, announcements: tellers.announcements },
    gate: { log, limitsOf: gates.limitsOf, ...circuitPoints(env) },
    wake: { ...files, ...shared, machine },
    deliverer: tellers.deliverer,
    deliveries: tellers.deployment,
    reseal: resealing(env, setting, log),
    traces: traces.exporter,
    history: historyDeps(env, setting, { shards, log, receivers: tellers.receivers }),
    metrics,
    sampling: samplingOf(env, setting, { ...measures, desk, log }),
    shard: shardDeployment(env, { log, registry, objects, traces }),
    flow: flowDeployment(shards, log),
  };
}

type Configured = {
  readonly gates: GatesOfDeployment;
  readonly traces: TracesOfDeployment;
  readonly registry: Registry;
};

/** What is wrong with settings, a sentence each. That of gates is in the log already; the log is told of the others. */
function wrongSettings(
  setting: (name: string) => string | undefined,
  log: Log,
  { gates, traces, registry }: Configured,
): readonly string[] {
  const untold = [...traces.problems, ...measuringProblems(setting, registry.ids)];
  for (const problem of untold) log('error', 'settings.wrong', { problem });
  return [...gates.settingProblems, ...untold];
}

function flowDeployment(shards: JobShards, log: Log): FlowDeployment {
  return {
    log,
    grant: async (project, shard, slots) => shards.of(project, shard).grant(slots),
  };
}

function historyDeps(
  env: Env,
  setting: (name: string) => string | undefined,
  parts: Pick<HistoryDeps, 'shards' | 'log' | 'receivers'>,
): HistoryDeps {
  const unmeasured = !isMeasured(setting);
  return { ...parts, db: env.DB, unmeasured, nowMs: () => Date.now() };
}

type GateSettings = {
  readonly limits: string | undefined;
  readonly providers: Providers;
  readonly log: Log;
};

function gatesOf(env: Env, { limits, providers, log }: GateSettings): GatesOfDeployment {
  return makeGates({ namespace: env.GATE, limits, providers: providers.ids, machine, log });
}

type DeskSettings = {
  readonly registry: Registry;
  readonly limited: readonly Target[];
  readonly log: Log;
};

function deskOf(env: Env, { registry, limited, log }: DeskSettings): TargetDesk {
  const { adapters } = registry;
  const view = (target: Target) => viewOf(registry, target);
  return makeTargetDesk({ gateOf: makeGateOf(env.GATE), view, adapters, limited, machine, log });
}
