import { SHARDS_MAX } from '../domain/ids.ts';
import { makePipelines } from '../runtime/d1/pipelines.ts';
import { makePrices } from '../runtime/d1/prices.ts';
import { withRecentHeads, withRecentPrices } from '../runtime/d1/recent/recent-lookups.ts';
import { makeLiveShards } from '../runtime/live/live-client.ts';
import { machine } from '../runtime/machine.ts';
import { makeObjects } from '../runtime/objects.ts';
import { makeResultCaches } from '../runtime/result-cache/result-cache-client.ts';
import { makeJobShards } from '../runtime/shard-client.ts';
import { makePlanCache } from '../services/pipelines/plan-cache.ts';
import { budgetParts } from './budgets.ts';
import { countUpTo } from './settings.ts';

/** Compiled definitions are bounded by the size of their JSON. */
const PLAN_CHARACTERS_MAX = 4_000_000;

export type Stores = ReturnType<typeof storesOf>;

/** What is stored, and what is remembered of it. */
export function storesOf(env: Env, setting: (name: string) => string | undefined) {
  const shards = makeJobShards(
    env.JOB_SHARD,
    countUpTo(SHARDS_MAX, setting('JOB_SHARDS')) ?? 8,
    countUpTo(SHARDS_MAX, setting('JOB_SHARDS_FORMER')),
  );
  return {
    shards,
    live: makeLiveShards(env.JOB_SHARD, Math.max(shards.count, shards.former ?? 0)),
    objects: makeObjects(env.OBJECTS),
    pipelines: withRecentHeads(makePipelines(env.DB), machine),
    prices: withRecentPrices(makePrices(env.DB), machine),
    plans: makePlanCache(PLAN_CHARACTERS_MAX),
    caches: makeResultCaches(env.RESULT_CACHE),
    ...budgetParts(env),
  };
}
