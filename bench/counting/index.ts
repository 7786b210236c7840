import { env } from 'cloudflare:workers';

import worker, {
  BudgetObject,
  BulkActionObject,
  DeliveriesObject,
  FlowObject,
  JobShardObject,
  ResultCacheObject,
  TargetGateObject,
} from '../../src/index.ts';
import {
  count,
  countCalls,
  countD1,
  countOthers,
  countQueues,
  countStorage,
  takeCounts,
} from './counters.ts';

/**
 * Penstock's own Worker with counters around the platform: what it writes, calls and sends is counted where it
 * leaves the code. `DELETE /__counts` tells the counts and clears them.
 */
countCalls('shard', JobShardObject.prototype);
countCalls('flow', FlowObject.prototype);
countCalls('bulk', BulkActionObject.prototype);
countCalls('deliveries', DeliveriesObject.prototype);
countCalls('cache', ResultCacheObject.prototype);
countCalls('gate', TargetGateObject.prototype);
countCalls('budget', BudgetObject.prototype);
countD1(env.DB);
countQueues(env.HISTORY);
countOthers(env);

/** The shard, whose storage is counted from its first moment on. */
class CountedShard extends JobShardObject {
  constructor(ctx: DurableObjectState, bindings: Env) {
    countStorage(ctx.storage);
    count('object_starts.shard');
    super(ctx, bindings);
  }
}

export {
  BudgetObject,
  BulkActionObject,
  DeliveriesObject,
  FlowObject,
  CountedShard as JobShardObject,
  ResultCacheObject,
  TargetGateObject,
};

export default {
  fetch(request, bindings, ctx) {
    if (new URL(request.url).pathname === '/__counts') return Response.json(takeCounts());
    count('invocations.request');
    return worker.fetch(request, bindings, ctx);
  },
  queue(batch, bindings, ctx) {
    count(`invocations.${batch.queue}`);
    return worker.queue(batch, bindings, ctx);
  },
  scheduled(controller, bindings, ctx) {
    count('invocations.cron');
    void ctx;
    return worker.scheduled(controller, bindings);
  },
} satisfies ExportedHandler<Env>;
