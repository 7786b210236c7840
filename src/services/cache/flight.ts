import { errorName } from '../ports/log.ts';
import type { CacheEntry, FlightMark, ResultCache } from '../ports/values/result-cache.ts';
import type { ExecuteDeps } from '../run/attempt.ts';

/** Whoever makes a call for others and is silent for this long is believed to be gone. */
export const FLIGHT_MS = 30_000;
const RENEW_EVERY_MS = 10_000;

/** A call that is made for others too. One of the two ends it; without either, it ends once nobody is heard of it. */
export type Flight = {
  /** The result is recorded. */
  land(entry: CacheEntry, ttlMs: number): Promise<void>;
  /** There is none: the next in line makes the call. */
  leave(): Promise<void>;
};

type Deps = Pick<ExecuteDeps, 'machine' | 'log'>;

/** Says again and again that the call is under way, at most until `untilMs`. Never throws, and neither do its ends. */
export function beginFlight(
  deps: Deps,
  cache: ResultCache,
  mark: FlightMark,
  untilMs: number,
): Flight {
  const over = new AbortController();
  void renewUntil(deps, cache, mark, { untilMs, over: over.signal });
  return {
    async land(entry, ttlMs) {
      over.abort();
      const { key, asker } = mark;
      await quietly(deps, 'cache.not_put', () => cache.put({ key, entry, ttlMs, asker }));
    },
    async leave() {
      over.abort();
      await quietly(deps, 'cache.not_left', () => cache.leave(mark));
    },
  };
}

async function renewUntil(
  deps: Deps,
  cache: ResultCache,
  mark: FlightMark,
  { untilMs, over }: { readonly untilMs: number; readonly over: AbortSignal },
): Promise<void> {
  const { machine } = deps;
  while (machine.nowMs() < untilMs) {
    await machine.wait(RENEW_EVERY_MS, over);
    if (over.aborted) return;
    await quietly(deps, 'cache.not_renewed', () => cache.renew({ ...mark, forMs: FLIGHT_MS }));
  }
}

/** The cache saves calls and is never a reason for one to fail. */
export async function quietly(
  { log }: Pick<Deps, 'log'>,
  event: string,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    log('warn', event, { error: errorName(error) });
  }
}
