import type { StoredSums } from '../../ports/metrics-store.ts';
import {
  dimensionsOf,
  grow,
  growing,
  type GrowingSeries,
  type Series,
  type SetName,
} from '../rollup/series.ts';

/** Values that a dimension must have one of. */
export type Filters = Readonly<Record<string, readonly string[]>>;

/** One group: its values, and what it comes to at each moment. */
export type Group = {
  readonly values: readonly string[];
  readonly points: ReadonlyMap<number, Series>;
};

export type Selection = {
  readonly set: SetName;
  /** Dimensions of the set. */
  readonly groupBy: readonly string[];
  readonly filters: Filters;
  /** The moment under which a minute or an hour is added up. */
  readonly pointOf: (atMs: number) => number;
};

/** The series of a window, added up by the values of some of their dimensions, in the order of these. */
export function groupSums(
  units: readonly StoredSums[],
  { set, groupBy, filters, pointOf }: Selection,
): Group[] {
  const dimensions: readonly string[] = dimensionsOf[set];
  const places = groupBy.map((dimension) => dimensions.indexOf(dimension));
  const wanted = Object.entries(filters).map(
    ([dimension, values]) => [dimensions.indexOf(dimension), new Set(values)] as const,
  );
  const groups = new Map<string, { values: string[]; points: Map<number, GrowingSeries> }>();
  for (const { atMs, rollup } of units) {
    const point = pointOf(atMs);
    for (const series of rollup[set].values()) {
      if (!wanted.every(([place, values]) => values.has(series.values[place] ?? ''))) continue;
      const values = places.map((place) => series.values[place] ?? '');
      const key = values.join('\u0000');
      const group = groups.get(key) ?? { values, points: new Map<number, GrowingSeries>() };
      const known = group.points.get(point);
      if (known === undefined) group.points.set(point, growing(series));
      else grow(known, series);
      groups.set(key, group);
    }
  }
  return [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}
