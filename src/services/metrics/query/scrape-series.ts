import { hourOf } from '../facts/fact.ts';
import {
  grow,
  growing,
  mergeSeries,
  type GrowingSeries,
  type Series,
  type SetName,
} from '../rollup/series.ts';
import { OTHERS } from '../rollup/stored-rollup.ts';
import type { KeptSignal } from '../signals.ts';
import { groupSums, type Group } from './group.ts';
import type { ScrapeScope } from './scrape-scopes.ts';

/** What a scope has under some labels. */
export type Labelled = {
  readonly values: readonly string[];
  readonly point: Series;
  /** The hour in which something was first counted, by the names of sums and distributions. */
  readonly beganMs: ReadonlyMap<string, number>;
};

/** Many metrics have the same labels: their series are added up once. */
export function groupedOnce(
  units: ScrapeScope['units'],
): (set: SetName, names: readonly string[]) => readonly Labelled[] {
  const known = new Map<string, readonly Labelled[]>();
  const hours = [...Map.groupBy(units, ({ atMs }) => hourOf(atMs))].toSorted(([a], [b]) => a - b);
  return (set, names) => {
    const key = [set, ...names].join();
    const series = known.get(key) ?? labelled(hours, set, names);
    known.set(key, series);
    return series;
  };
}

type Hour = readonly [atMs: number, units: ScrapeScope['units']];
type GrowingLabelled = Labelled & {
  readonly point: GrowingSeries;
  readonly beganMs: Map<string, number>;
};

/** One hour after the other, in their order: the sums of all hours together would take many times the room. */
function labelled(hours: readonly Hour[], set: SetName, names: readonly string[]): Labelled[] {
  const found = new Map<string, GrowingLabelled>();
  for (const [atMs, units] of hours) {
    for (const group of groupSums(units, { set, groupBy: names, filters: {}, pointOf: () => 0 })) {
      addHour(found, atMs, group);
    }
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}

function addHour(
  found: Map<string, GrowingLabelled>,
  atMs: number,
  { values, points }: Group,
): void {
  const hour = points.get(0);
  if (hour === undefined) return;
  const key = values.join('\u0000');
  const known = found.get(key);
  const each = known ?? { values, point: growing(hour), beganMs: new Map<string, number>() };
  if (known === undefined) found.set(key, each);
  else grow(known.point, hour);
  for (const name of [...hour.sums.keys(), ...hour.distributions.keys()]) {
    if (!each.beganMs.has(name)) each.beganMs.set(name, atMs);
  }
}

/** Whether anything was counted for a signal. */
export function has({ kind, name }: KeptSignal, { sums, distributions }: Series): boolean {
  return kind === 'distribution' ? distributions.has(name) : sums.has(name);
}

/**
 * The first ones by the hour in which they began, then by name, and all others together: with those, too, that the
 * roll-up has added up already. So one that comes later in the day puts none out of its place: what has been counted under
 * its name would be counted again among the others.
 */
export function bounded(
  signal: KeptSignal,
  series: readonly Labelled[],
  seriesMax: number,
): readonly Labelled[] {
  if (series.length <= seriesMax) return series;
  const ordered = [
    ...series.filter(isNamed).toSorted((a, b) => beganMs(signal, a) - beganMs(signal, b)),
    ...series.filter((each) => !isNamed(each)),
  ];
  const [first, ...more] = ordered.slice(seriesMax - 1);
  if (first === undefined) return series;
  const point = more.reduce((sum, each) => mergeSeries(sum, each.point), first.point);
  const others = { ...first, values: first.values.map(() => OTHERS), point };
  return [...ordered.slice(0, seriesMax - 1), others];
}

function beganMs({ name }: KeptSignal, { beganMs: hours }: Labelled): number {
  return hours.get(name) ?? 0;
}

function isNamed({ values }: Pick<Labelled, 'values'>): boolean {
  return values.some((value) => value !== OTHERS);
}
