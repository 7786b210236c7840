import { isoTime } from '../../../domain/wire.ts';
import { inLanes } from '../../in-lanes.ts';
import { errorName, type Log } from '../../ports/log.ts';
import type { MetricUnit, RollupStore } from '../../ports/metrics-store.ts';
import { HOUR_MS, MINUTE_MS } from '../facts/fact.ts';
import { rollUpFacts } from './roll-up-facts.ts';
import { mergeRollups } from './series.ts';

export type RollUpDeps = {
  readonly store: RollupStore;
  readonly log: Log;
  readonly factsKeptMs: number;
  readonly minutesKeptMs: number;
  readonly hoursKeptMs: number;
  readonly nowMs: () => number;
};

/** What one run takes on; the rest is the next one's. */
const MINUTES_MAX = 500;
const HOURS_MAX = 100;
const ARCHIVED_MAX = 200;
const DELETED_MAX = 1_000;
const LANES = 4;
/** A run begins nothing new after this long. */
const RUN_MS = 45_000;
/** Minutes and hours are summed up once they are over for this long: most of what is told late has come by then. */
const SETTLING_MS = 10_000;

export type RollUpCounts = {
  readonly minutes: number;
  readonly hours: number;
  readonly archived: number;
  readonly deleted: number;
  /** Units that were left to the next run because something came meanwhile, or failed. */
  readonly left: number;
};

/**
 * Makes the sums of marked minutes anew, whole, out of their facts, and of hours out of their minutes; then moves old facts
 * to the archive and deletes old sums. To run it twice, or two at once, changes nothing; what it does not get to stays
 * marked.
 */
export async function runRollUp(deps: RollUpDeps): Promise<RollUpCounts> {
  const { store, log, nowMs } = deps;
  const startedAtMs = nowMs();
  const untilMs = startedAtMs + RUN_MS;
  const over = (grainMs: number) => ({ fromMs: 0, toMs: startedAtMs - grainMs - SETTLING_MS + 1 });
  const each = (units: readonly MetricUnit[], work: (unit: MetricUnit) => Promise<boolean>) =>
    eachUnit(deps, units, untilMs, work);

  const minutes = await each(
    await store.marks(null, 'minute', over(MINUTE_MS), MINUTES_MAX),
    async (unit) => rollUpMinute(store, unit),
  );
  const hours = await each(
    await store.marks(null, 'hour', over(HOUR_MS), HOURS_MAX),
    async (unit) => rollUpHour(store, unit),
  );
  const archived = await each(
    await store.minutesBefore(startedAtMs - deps.factsKeptMs, ARCHIVED_MAX),
    async (unit) => store.archive(unit),
  );
  const deleted =
    (await store.deleteSums('minute', startedAtMs - deps.minutesKeptMs, DELETED_MAX)) +
    (await store.deleteSums('hour', startedAtMs - deps.hoursKeptMs, DELETED_MAX));
  const counts = {
    minutes: minutes.done,
    hours: hours.done,
    archived: archived.done,
    deleted,
    left: minutes.left + hours.left + archived.left,
  };
  if (Object.values(counts).every((count) => count === 0)) return counts;
  log('info', 'metrics.rolled_up', { ...counts, latency_ms: nowMs() - startedAtMs });
  await store.recordRun(startedAtMs, counts);
  return counts;
}

/** Some at a time; a unit that fails harms no other. */
async function eachUnit(
  deps: RollUpDeps,
  units: readonly MetricUnit[],
  untilMs: number,
  work: (unit: MetricUnit) => Promise<boolean>,
): Promise<{ done: number; left: number }> {
  const outcomes = await inLanes(LANES, units, async (unit) =>
    deps.nowMs() > untilMs ? false : succeeds(deps, unit, work),
  );
  const done = outcomes.filter((isDone) => isDone).length;
  return { done, left: units.length - done };
}

async function succeeds(
  { log }: RollUpDeps,
  unit: MetricUnit,
  work: (unit: MetricUnit) => Promise<boolean>,
): Promise<boolean> {
  try {
    return await work(unit);
  } catch (error) {
    log('error', 'metrics.unit_failed', {
      project: unit.project,
      what: `${unit.grain} ${isoTime(unit.atMs)}`,
      error: errorName(error),
    });
    return false;
  }
}

async function rollUpMinute(store: RollupStore, unit: MetricUnit): Promise<boolean> {
  const facts = await store.facts(unit.project, unit.atMs);
  return store.storeMinute(unit, facts, rollUpFacts(facts.jobs));
}

async function rollUpHour(store: RollupStore, unit: MetricUnit): Promise<boolean> {
  const { rollups, sources } = await store.minutesOf(unit);
  return store.storeHour(unit, mergeRollups(rollups), sources);
}
