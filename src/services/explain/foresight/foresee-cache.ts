import { cacheUse, type CacheDefinition } from '../../../domain/cache.ts';
import type { JobId, ProjectId } from '../../../domain/ids.ts';
import type { NanoUsd } from '../../../domain/money.ts';
import type { ModelStepKind } from '../../../domain/definition/step-kinds.ts';
import type { Target } from '../../../domain/model/target.ts';
import type { PlannedStep } from '../../../engine/plan/plan.ts';
import { cacheKeyOf } from '../../cache/cache-key.ts';
import { within } from '../../within.ts';
import type { FindAnswer, ResultCaches } from '../../ports/values/result-cache.ts';
import type { Machine } from '../../ports/runtime.ts';
import type { ForeseenCall } from './foreseen-calls.ts';

/** What the cache of a step would do with its call, or with that of its first item. */
export type CacheForecast = {
  readonly mode: CacheDefinition['mode'];
  /** Null when that could not be found out. */
  readonly hit: boolean | null;
  /** The recorded result that would be taken over. */
  readonly found: {
    readonly jobId: JobId;
    readonly createdAtMs: number;
    /** Null when nobody knows what it cost. */
    readonly costNanoUsd: NanoUsd | null;
  } | null;
};

export type CacheDeps = {
  /** Absent where no results are kept. */
  readonly caches?: ResultCaches;
  readonly machine: Pick<Machine, 'sha256' | 'wait'>;
  readonly project: ProjectId;
};

/** A cache that has not answered by then is left out of the answer. */
const ANSWER_MS = 2_000;

/** Looks for the result of an identical call, as the step would, and leaves everything as it is. */
export async function foreseeCache(
  deps: CacheDeps,
  { definition }: PlannedStep,
  uses: ModelStepKind,
  asked: { readonly target: Target; readonly made: ForeseenCall },
): Promise<CacheForecast | null> {
  const { caches, machine, project } = deps;
  const { cache, check } = definition;
  const use = cacheUse(cache, undefined);
  const { adapter, call } = asked.made;
  if (cache === undefined || use === null || caches === undefined || adapter === null) return null;
  const miss = { mode: cache.mode, hit: false, found: null } as const;
  if (!use.reads) return miss;
  const key = await cacheKeyOf(machine, {
    project,
    uses,
    provider: asked.target.provider,
    adapterVersion: adapter.version,
    call,
    schema: check?.schema ?? null,
  });
  if (key === null) return miss;
  const asking = caches
    .of(project, key)
    .find({ key, maxAgeMs: use.ttlMs, gone: null, flight: null });
  const answer = await within(machine, ANSWER_MS, asking).catch(() => null);
  return answer === null ? { ...miss, hit: null } : forecastOf(miss, answer);
}

function forecastOf(miss: CacheForecast, answer: FindAnswer): CacheForecast {
  if (answer.kind !== 'found') return miss;
  const { entry, createdAtMs } = answer;
  const { jobId, costNanoUsd } = entry;
  return { ...miss, hit: true, found: { jobId, createdAtMs, costNanoUsd } };
}
