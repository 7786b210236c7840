import type { Registry } from '../providers/registry.ts';
import { makeFlows } from '../runtime/flow/flow-client.ts';
import type { ShardDeployment } from '../runtime/job-shard-object.ts';
import { sendHistory, sendWakes } from '../runtime/queues.ts';
import { observe } from '../runtime/telemetry/observe.ts';
import type { Log } from '../services/ports/log.ts';
import { jobQueues } from './queues.ts';
import type { Stores } from './stores.ts';
import { decidedTargets } from './targets.ts';
import type { TracesOfDeployment } from './traces.ts';

/** How long a shard waits for more history before it sends what it has. */
const HISTORY_WINDOW_MS = 200;

type ShardParts = {
  readonly log: Log;
  readonly registry: Registry;
  readonly objects: Stores['objects'];
  readonly traces: TracesOfDeployment;
};

export function shardDeployment(
  env: Env,
  { log, registry, objects, traces }: ShardParts,
): ShardDeployment {
  const queues = jobQueues(env);
  const flowOf = makeFlows(env.FLOW);
  return {
    log,
    historyWindowMs: HISTORY_WINDOW_MS,
    sendWakes: (messages) => sendWakes(queues, messages),
    sendHistory: (messages) => sendHistory(env.HISTORY, messages),
    exchange: (project, message) => flowOf(project).exchange(message),
    deleteObjects: (project, jobId) => objects.deleteJob(project, jobId),
    measure: (change) => observe(env.MEASUREMENTS, log, change),
    ...(traces.traced === undefined ? {} : { traced: traces.traced }),
    ...decidedTargets(registry),
  };
}
