import { shardOf } from '../../domain/ids.ts';
import type { Json } from '../../domain/json.ts';
import { errorName } from '../ports/log.ts';
import type {
  CacheEntry,
  CacheKey,
  FindAnswer,
  ResultCache,
} from '../ports/values/result-cache.ts';
import type { Attempt, ExecuteDeps } from '../run/attempt.ts';
import { beginFlight, FLIGHT_MS, quietly, type Flight } from './flight.ts';

/** How long one question waits for a call that another one makes. */
const WAIT_MS = 20_000;
/** An answer that takes so much longer is not waited for. */
const ANSWER_MS = 3_000;
/** Beyond its deadline, an attempt's result still has to be recorded. */
const RECORD_MS = 120_000;

export type Question = {
  readonly key: CacheKey;
  readonly cache: ResultCache;
  readonly maxAgeMs: number;
  /** Names the attempt among all, when identical calls become one; else null. */
  readonly asker: string | null;
};

export type Looked =
  | {
      readonly kind: 'found';
      readonly output: Json;
      readonly entry: CacheEntry;
      readonly createdAtMs: number;
    }
  /** The call has to be made, for others too when there is a flight. */
  | { readonly kind: 'absent'; readonly flight: Flight | null }
  /** The attempt ended while another one still made the call. */
  | { readonly kind: 'cut' };

/** How far an asker has come. */
type Search = {
  /** An entry whose result was not there. */
  readonly gone: CacheEntry | null;
  /** True once another one makes the call: the asker holds no connection from then on. */
  readonly waits: boolean;
};

/**
 * Looks for a recorded result, and waits for one that is on its way where the step wants that. Whoever waits holds no
 * connection. Never throws: a cache that does not answer is as good as an empty one.
 */
export async function lookUp(
  deps: ExecuteDeps,
  attempt: Attempt,
  question: Question,
): Promise<Looked> {
  let search: Search = { gone: null, waits: false };
  for (;;) {
    const answer = await ask(deps, attempt, question, search);
    if (attempt.signal.aborted) return leaving(deps, question, { kind: 'cut' });
    const next = await afterAnswer({ deps, attempt, question }, search, answer);
    if ('kind' in next) return next;
    search = next;
  }
}

type Asking = {
  readonly deps: ExecuteDeps;
  readonly attempt: Attempt;
  readonly question: Question;
};

async function afterAnswer(
  asking: Asking,
  search: Search,
  answer: FindAnswer | null,
): Promise<Looked | Search> {
  switch (answer?.kind) {
    case 'found':
      return afterFound(asking, search, answer);
    case 'under_way':
      if (!search.waits) asking.attempt.onHeaders();
      return { ...search, waits: true };
    case 'absent':
    case undefined:
      return absent(asking, search, answer?.leads ?? false);
  }
}

async function afterFound(
  asking: Asking,
  search: Search,
  { entry, createdAtMs }: Extract<FindAnswer, { readonly kind: 'found' }>,
): Promise<Looked | Search> {
  const output = await recordedOutput(asking.deps, asking.attempt, entry);
  if (typeof output !== 'string') {
    return { kind: 'found', output: output.value, entry, createdAtMs };
  }
  return output === 'gone' && search.gone === null
    ? { ...search, gone: entry }
    : absent(asking, search, false);
}

/** The next call is the attempt's own, and needs a connection. */
async function absent(
  { deps, attempt, question }: Asking,
  { waits }: Search,
  leads: boolean,
): Promise<Looked> {
  if (waits) await attempt.placeAgain?.();
  return leads
    ? { kind: 'absent', flight: flightOf(deps, attempt, question) }
    : leaving(deps, question, { kind: 'absent', flight: null });
}

function flightOf(
  deps: ExecuteDeps,
  { work }: Attempt,
  { cache, key, asker }: Question,
): Flight | null {
  if (asker === null) return null;
  return beginFlight(deps, cache, { key, asker }, work.deadlineAtMs + RECORD_MS);
}

/** Nobody waits for an asker that has left; one that was never heard of has nothing to leave. */
async function leaving(
  deps: ExecuteDeps,
  { cache, key, asker }: Question,
  looked: Looked,
): Promise<Looked> {
  if (asker !== null) await quietly(deps, 'cache.not_left', () => cache.leave({ key, asker }));
  return looked;
}

/** Null when no answer comes in time. */
async function ask(
  { machine, log }: ExecuteDeps,
  { signal }: Attempt,
  { key, cache, maxAgeMs, asker }: Question,
  { gone, waits }: Search,
): Promise<FindAnswer | null> {
  const waitMs = waits ? WAIT_MS : 0;
  const flight = asker === null ? null : { asker, forMs: FLIGHT_MS, waitMs };
  const timer = new AbortController();
  const late = machine.wait(waitMs + ANSWER_MS, AbortSignal.any([timer.signal, signal]));
  try {
    const answer = cache.find({ key, maxAgeMs, gone, flight });
    return await Promise.race([answer, late.then(() => null)]);
  } catch (error) {
    log('warn', 'cache.not_asked', { error: errorName(error) });
    return null;
  } finally {
    timer.abort();
  }
}

/** Reads a result where it was recorded. */
async function recordedOutput(
  { shards, objects, log }: ExecuteDeps,
  { job: { project } }: Attempt,
  { jobId, step, item, sha256 }: CacheEntry,
): Promise<{ readonly value: Json } | 'gone' | 'unreadable'> {
  try {
    const home = shards.of(project, shardOf(jobId));
    const output = await home.readOutput({ jobId, step, item, sha256 });
    if (output === null) return 'gone';
    if (output.value !== undefined) return { value: output.value };
    const value = await objects.get(output.stored);
    return value === null ? 'gone' : { value };
  } catch (error) {
    log('warn', 'cache.not_read', { error: errorName(error) });
    return 'unreadable';
  }
}
