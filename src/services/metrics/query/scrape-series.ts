import { hourOf } from '../facts/fact.ts';
import { grow, growing, mergeSeries, type Series, type SetName } from '../rollup/series.ts';
import { OTHERS } from '../rollup/stored-rollup.ts';
import type { KeptSignal } from '../signals.ts';
import { groupSums, type Group } from './group.ts';
import type { ScrapeScope } from './scrape-scopes.ts';

/** What a scope has under some labels. */
export type Labelled = {
  readonly values: readonly string[];
  readonly point: Series;
  /** What it came to in each hour. */
  readonly hours: Group['points'];
};

/** Many metrics have the same labels: their series are added up once. */
export function groupedOnce(
  units: ScrapeScope['units'],
): (set: SetName, names: readonly string[]) => readonly Labelled[] {
  const known = new Map<string, readonly Labelled[]>();
  return (set, names) => {
    const key = [set, ...names].join();
    const selection = { set, groupBy: names, filters: {}, pointOf: hourOf };
    const series = known.get(key) ?? groupSums(units, selection).flatMap(labelled);
    known.set(key, series);
    return series;
  };
}

function labelled({ values, points }: Group): Labelled[] {
  const [first, ...more] = points.values();
  if (first === undefined) return [];
  const point = growing(first);
  for (const hour of more) grow(point, hour);
  return [{ values, point, hours: points }];
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

function beganMs(signal: KeptSignal, { hours }: Labelled): number {
  const own = [...hours].flatMap(([atMs, hour]) => (has(signal, hour) ? [atMs] : []));
  return Math.min(...own);
}

function isNamed({ values }: Pick<Labelled, 'values'>): boolean {
  return values.some((value) => value !== OTHERS);
}
