import type { AttemptFacts } from '../../domain/job/attempt.ts';
import { cacheUse, type CacheUse } from '../../domain/cache.ts';
import type { Failure } from '../../domain/job/failure.ts';
import { isJsonObject, type Json } from '../../domain/json.ts';
import { isModelStepKind, type StepKind } from '../../domain/definition/step-kinds.ts';
import type { StoredValue } from '../../domain/job/stored-value.ts';
import type { CacheKey, ResultCache } from '../ports/values/result-cache.ts';
import type { Attempt, ExecuteDeps, Ran } from '../run/attempt.ts';
import type { ResolvedCall } from '../run/calls/resolve-call.ts';
import { isTicketed } from '../run/calls/submit-call.ts';
import { cacheKeyOf } from './cache-key.ts';
import { quietly, type Flight } from './flight.ts';
import { lookUp, type Looked } from './look-up.ts';

/** What an attempt has to do with its project's cache. */
type Cached = CacheUse & { readonly key: CacheKey; readonly cache: ResultCache };

/**
 * Takes over the recorded result of an identical call, or makes the call and leaves its result for others. What an
 * attempt leaves is known to others only once its shard has recorded its output, and that has passed its checks.
 */
export async function throughCache(
  deps: ExecuteDeps,
  attempt: Attempt,
  resolved: ResolvedCall,
  call: () => Promise<Ran>,
): Promise<Ran> {
  const cached = await cachedOf(deps, attempt, resolved);
  if (cached === null) return call();
  const startedAtMs = deps.machine.nowMs();
  const looked = await look(deps, attempt, resolved, cached);
  if (looked.kind === 'absent') return callAndLeave(deps, attempt, cached, looked.flight, call);
  const latencyMs = Math.max(0, deps.machine.nowMs() - startedAtMs);
  const facts: AttemptFacts = {
    latencyMs,
    costNanoUsd: 0,
    requestSha256: resolved.requestSha256,
    codeVersion: resolved.adapter.version,
    ...(resolved.dropped.length === 0 ? {} : { dropped: resolved.dropped }),
  };
  if (looked.kind === 'cut') return { facts, result: { ok: false, failure: cutFailure(attempt) } };
  return takenOver(attempt, facts, looked);
}

async function cachedOf(
  deps: ExecuteDeps,
  { job, step: { definition } }: Attempt,
  { target, adapter, call, setting }: ResolvedCall,
): Promise<Cached | null> {
  const use = cacheUse(definition.cache, job.cache);
  const { uses } = definition;
  if (deps.caches === undefined || use === null || !isModelStepKind(uses)) return null;
  const key = await cacheKeyOf(deps.machine, {
    project: job.project,
    uses,
    provider: target.provider,
    adapterVersion: adapter.version,
    call,
    schema: setting.schema,
  });
  return key === null ? null : { ...use, key, cache: deps.caches.of(job.project, key) };
}

/** What is at the provider already, or may be, is asked for there and not here. */
async function look(
  deps: ExecuteDeps,
  attempt: Attempt,
  resolved: ResolvedCall,
  { key, cache, reads, ttlMs, singleFlight }: Cached,
): Promise<Looked> {
  const { job, work } = attempt;
  const sent = work.poll !== undefined || (work.reconcile ?? []).length > 0;
  if (!reads || sent) return { kind: 'absent', flight: null };
  // Work inside the Worker is done one piece after the other: waiting there would wait for itself.
  const shares = singleFlight && !resolved.adapter.capabilities.local && !isTicketed(resolved);
  const asker = shares ? `${job.jobId}:${work.key}` : null;
  return lookUp(deps, attempt, { key, cache, maxAgeMs: ttlMs, asker });
}

async function callAndLeave(
  deps: ExecuteDeps,
  attempt: Attempt,
  cached: Cached,
  flight: Flight | null,
  call: () => Promise<Ran>,
): Promise<Ran> {
  let ran: Ran;
  try {
    ran = await call();
  } catch (error) {
    await flight?.leave();
    throw error;
  }
  if (ran.result.ok !== true || !cached.writes || attempt.onSettled === undefined) {
    await flight?.leave();
    return ran;
  }
  const { facts } = ran;
  attempt.onSettled((output) => leaveResult(deps, attempt, cached, { flight, facts, output }));
  return ran;
}

type Result = {
  readonly flight: Flight | null;
  readonly facts: AttemptFacts;
  /** Null when the output did not become the step's. */
  readonly output: StoredValue | null;
};

async function leaveResult(
  deps: ExecuteDeps,
  { job, work }: Attempt,
  { key, cache, ttlMs }: Cached,
  { flight, facts, output }: Result,
): Promise<void> {
  if (output === null) {
    await flight?.leave();
    return;
  }
  const { costNanoUsd, returnedModel, finishReason } = facts;
  const entry = {
    jobId: job.jobId,
    step: work.step,
    item: work.item,
    sha256: output.sha256,
    costNanoUsd,
    ...(returnedModel === undefined ? {} : { returnedModel }),
    ...(finishReason === undefined ? {} : { finishReason }),
  };
  if (flight !== null) await flight.land(entry, ttlMs);
  else await quietly(deps, 'cache.not_put', () => cache.put({ key, entry, ttlMs, asker: null }));
}

function takenOver(
  { step: { definition } }: Attempt,
  facts: AttemptFacts,
  { output, entry, createdAtMs }: Extract<Looked, { readonly kind: 'found' }>,
): Ran {
  const { costNanoUsd, returnedModel, finishReason } = entry;
  return {
    facts: {
      ...facts,
      ...(returnedModel === undefined ? {} : { returnedModel }),
      ...(finishReason === undefined ? {} : { finishReason }),
      cacheHit: true,
      savedNanoUsd: costNanoUsd,
      cachedAtMs: createdAtMs,
    },
    result: { ok: true, output, ...checkedPart(definition.uses, output) },
  };
}

/** What the check's schema speaks about: the same part as when the answer came. */
function checkedPart(uses: StepKind, output: Json): { readonly checked?: Json } {
  if (uses !== 'model.chat' || !isJsonObject(output)) return { checked: output };
  if (output['json'] !== undefined) return { checked: output['json'] };
  return output['tool_calls'] === undefined ? { checked: output } : {};
}

function cutFailure({ signal }: Attempt): Failure {
  const cancelled = signal.reason === 'cancel';
  return {
    class: cancelled ? 'cancelled' : 'timeout',
    phase: 'not_sent',
    code: 'single_flight',
    message: cancelled
      ? 'the attempt was cancelled while it waited for an identical call'
      : 'an identical call of this project was still under way when the time of this attempt was up',
  };
}
