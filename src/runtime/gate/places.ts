/** Places under a limit on concurrency, by runner. A runner that is silent for a minute has lost its own. */
export type Places = ReadonlyMap<string, RunnerPlaces>;
export type RunnerPlaces = { readonly count: number; readonly untilMs: number };

const LEASE_MS = 60_000;
/** A lease that lasts for longer than this need not be written anew. */
const FRESH_MS = 40_000;

/** Places that nobody but this runner has taken. */
export function freePlaces(
  places: Places,
  limit: number,
  { runner, nowMs }: { readonly runner: string; readonly nowMs: number },
): number {
  let left = limit;
  for (const [name, { count, untilMs }] of places) {
    if (name !== runner && untilMs > nowMs) left -= count;
  }
  return Math.max(0, left);
}

/** A runner's places as they are from now on; what is stored stays as it is while it says the same. */
export function placesOf(
  stored: RunnerPlaces | undefined,
  count: number,
  nowMs: number,
): RunnerPlaces {
  if (stored !== undefined && stored.count === count && stored.untilMs - nowMs > FRESH_MS) {
    return stored;
  }
  return { count, untilMs: nowMs + LEASE_MS };
}
