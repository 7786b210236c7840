import { compose } from './compose.ts';
import { makeApp } from './http/app.ts';
import { BudgetObject } from './runtime/budget/budget-object.ts';
import { BulkActionObject } from './runtime/bulk/bulk-action-object.ts';
import { consumeDeadLetters } from './runtime/consumers/dead-letters.ts';
import { consumeHistory } from './runtime/consumers/history.ts';
import { besideOthers } from './runtime/consumers/side-by-side.ts';
import { consumeSideBySide, consumeWakes } from './runtime/consumers/wake.ts';
import { consumeWebhooks } from './runtime/consumers/webhooks.ts';
import { hourly } from './runtime/cron.ts';
import { DeliveriesObject } from './runtime/deliveries/deliveries-object.ts';
import { FlowObject } from './runtime/flow/flow-object.ts';
import { TargetGateObject } from './runtime/gate/gate-object.ts';
import { JobShardObject } from './runtime/job-shard-object.ts';
import { ResultCacheObject } from './runtime/result-cache/result-cache-object.ts';
import { exportSpans } from './runtime/traces/exporter.ts';
import { sweepFiles } from './services/files/sweep-files.ts';
import { runRollUp } from './services/metrics/rollup/run-roll-up.ts';
import { takeSample } from './services/metrics/sampling/take-sample.ts';

JobShardObject.deployment = (env) => compose(env).shard;
FlowObject.deployment = (env) => compose(env).flow;
BulkActionObject.deployment = (env) => compose(env).bulk;
ResultCacheObject.deployment = (env) => compose(env).cache;
TargetGateObject.deployment = (env) => compose(env).gate;
BudgetObject.deployment = (env) => compose(env).budget;
DeliveriesObject.deployment = (env) => compose(env).deliveries;

/** One of the schedules of `wrangler.toml`; whatever else fires means the hourly one. */
const EVERY_MINUTE = '* * * * *';

const app = makeApp();

export {
  BudgetObject,
  BulkActionObject,
  DeliveriesObject,
  FlowObject,
  JobShardObject,
  ResultCacheObject,
  TargetGateObject,
};

export default {
  fetch: (request, env, ctx) =>
    app.fetch(request, { deps: compose(env).http, background: (work) => ctx.waitUntil(work) }),

  /** Queues are told apart by their names, which environments prefix. */
  async queue(batch, env, ctx) {
    const { wake, history, deliverer, traces } = compose(env);
    if (batch.queue.endsWith('-dead')) await consumeDeadLetters(history, batch);
    else if (batch.queue.endsWith('-history')) {
      const written = await consumeHistory(history, batch);
      // Beside the consumer: history never waits for the receiver of traces.
      if (traces !== null) ctx.waitUntil(exportSpans(traces, written));
    } else if (batch.queue.endsWith('-webhooks')) {
      const deliver = () => consumeWebhooks(deliverer, batch);
      await (env.LOCAL_QUEUES === 'true' ? besideOthers(batch, ctx, deliver) : deliver());
    } else if (env.LOCAL_QUEUES === 'true') await consumeSideBySide(wake, batch, ctx);
    else await consumeWakes(wake, batch);
  },

  async scheduled(controller, env) {
    const { history, http, metrics, sampling, reseal } = compose(env);
    if (controller.cron === EVERY_MINUTE) {
      const sampled = sampling === null ? null : takeSample(sampling, controller.scheduledTime);
      await runRollUp(metrics).finally(() => sampled);
      return;
    }
    await Promise.all([
      hourly(history, controller.scheduledTime),
      sweepFiles(http, controller.scheduledTime),
      reseal(),
    ]);
  },
} satisfies ExportedHandler<Env>;
