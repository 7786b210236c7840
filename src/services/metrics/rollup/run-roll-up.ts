import { isoTime } from '../../../domain/wire.ts';
import { inLanes } from '../../in-lanes.ts';
import { errorName, type Log } from '../../ports/log.ts';
import type { Grain, MetricUnit, RollupStore } from '../../ports/metrics-store.ts';
import { HOUR_MS, MINUTE_MS } from '../facts/fact.ts';
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
const MINUTES_MAX = 2_000;
const HOURS_MAX = 500;
const ARCHIVED_MAX = 1_000;
const DELETED_MAX = 5_000;
const LANES = 4;
/**
 * After so long from its beginning a run begins no further minutes, moves to the archive, hours, in milliseconds: however far
 * behind one of them is, there is time for the next, and all of it within the processor time that a run has.
 */
const UNTIL_MS = { minutes: 12_000, archive: 18_000, hours: 25_000 };
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
 * Makes the sums of marked minutes anew, whole, out of their facts; moves old facts to the archive and deletes old sums; and
 * makes hours out of their minutes. Hours are last: an old one is made out of its facts, and a very busy one may take all the
 * time there is. To run it twice, or two at once, changes nothing; what it does not get to stays marked. The newest come
 * first, so that what is happening now never waits for what was missed.
 */
export async function runRollUp(deps: RollUpDeps): Promise<RollUpCounts> {
  const { store, log, nowMs } = deps;
  const startedAtMs = nowMs();
  const overMs = (grainMs: number) => startedAtMs - grainMs - SETTLING_MS + 1;
  const minutes = await eachUnit(deps, startedAtMs + UNTIL_MS.minutes, {
    what: 'minutes',
    list: () => store.due('minute', overMs(MINUTE_MS), MINUTES_MAX),
    work: (unit) => rollUpMinute(store, unit),
  });
  const archived = await eachUnit(deps, startedAtMs + UNTIL_MS.archive, {
    what: 'archive',
    list: () => store.minutesBefore(startedAtMs - deps.factsKeptMs, ARCHIVED_MAX),
    work: (unit) => store.archive(unit),
  });
  const deleted = await deleteOld(deps, startedAtMs);
  const hours = await eachUnit(deps, startedAtMs + UNTIL_MS.hours, {
    what: 'hours',
    list: () => store.due('hour', overMs(HOUR_MS), HOURS_MAX),
    work: (unit) => rollUpHour(store, unit),
  });
  const counts = {
    minutes: minutes.done,
    hours: hours.done,
    archived: archived.done,
    deleted,
    left: minutes.left + hours.left + archived.left,
  };
  if (Object.values(counts).every((count) => count === 0)) return counts;
  log('info', 'metrics.rolled_up', { ...counts, latency_ms: nowMs() - startedAtMs });
  await part(deps, 'record', null, () => store.recordRun(startedAtMs, counts));
  return counts;
}

async function deleteOld(deps: RollUpDeps, startedAtMs: number): Promise<number> {
  const { store, minutesKeptMs, hoursKeptMs } = deps;
  const before = (grain: Grain, keptMs: number): Promise<number> =>
    part(deps, `old ${grain}s`, 0, () =>
      store.deleteSums(grain, startedAtMs - keptMs, DELETED_MAX),
    );
  return (await before('minute', minutesKeptMs)) + (await before('hour', hoursKeptMs));
}

/** A part of a run that fails keeps no other from being done, and is done by the next run. */
async function part<Done>(
  { log }: RollUpDeps,
  what: string,
  otherwise: Done,
  work: () => Promise<Done>,
): Promise<Done> {
  try {
    return await work();
  } catch (error) {
    log('error', 'metrics.part_failed', { what, error: errorName(error) });
    return otherwise;
  }
}

type Task = {
  readonly what: string;
  readonly list: () => Promise<readonly MetricUnit[]>;
  readonly work: (unit: MetricUnit) => Promise<boolean>;
};

/** Some at a time; a unit that fails harms no other. */
async function eachUnit(
  deps: RollUpDeps,
  untilMs: number,
  { what, list, work }: Task,
): Promise<{ done: number; left: number }> {
  const units = await part(deps, what, [], list);
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
  return store.storeMinute(unit, await store.sumFacts(unit.project, unit.atMs));
}

async function rollUpHour(store: RollupStore, unit: MetricUnit): Promise<boolean> {
  const made = await store.partsOf(unit);
  return store.storeHour(unit, mergeRollups(made.rollups), made);
}
