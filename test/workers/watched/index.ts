import worker, { JobShardObject, TargetGateObject } from '../../../src/index.ts';

/**
 * Penstock's own Worker, but its measurements can be seen: the local runtime keeps no points of Analytics Engine, so each
 * goes to the output too, in a line that begins with `MEASURED`.
 */
const seen = new WeakMap<Env, Env>();

function watched(env: Env): Env {
  const known = seen.get(env);
  if (known !== undefined) return known;
  const { MEASUREMENTS: dataset } = env;
  const watching: Env = {
    ...env,
    MEASUREMENTS: {
      writeDataPoint(point) {
        // oxlint-disable-next-line no-console -- what the test reads
        console.log(`MEASURED ${JSON.stringify(point)}`);
        dataset.writeDataPoint(point);
      },
    },
  };
  seen.set(env, watching);
  return watching;
}

const { deployment: ofShards } = JobShardObject;
JobShardObject.deployment = (env) => ofShards(watched(env));
const { deployment: ofGates } = TargetGateObject;
TargetGateObject.deployment = (env) => ofGates(watched(env));

export * from '../../../src/index.ts';

export default {
  fetch: (request, env, ctx) => worker.fetch(request, watched(env), ctx),
  queue: (batch, env, ctx) => worker.queue(batch, watched(env), ctx),
  scheduled: (controller, env) => worker.scheduled(controller, watched(env)),
} satisfies ExportedHandler<Env>;
