import type { Actor } from '../../../domain/access.ts';
import { snakeCase } from '../../../domain/wire.ts';
import { usageFields } from '../../../domain/model/usage.ts';
import { missingScope } from '../../access/require-scope.ts';
import type { TimeRange } from '../../ports/metrics-store.ts';
import { done, refuse, type Result } from '../../result.ts';
import { DAY_MS, HOUR_MS } from '../facts/fact.ts';
import { dimensionsOf, type Series, type SetName } from '../rollup/series.ts';
import { groupSums, type Filters } from './group.ts';
import type { MetricsDeps } from './metrics-deps.ts';
import { readWindow } from './read-window.ts';
import { refuseTogether } from './timeseries.ts';
import { windowOf, type WindowInput } from './window.ts';

/** What costs are grouped by: dimensions, and the hours and days of UTC. */
export const costGroups = [
  'pipeline',
  'version',
  'step',
  'provider',
  'model',
  'class',
  'tag',
  'hour',
  'day',
] as const;
export type CostGroup = (typeof costGroups)[number];

export type CostsRequest = WindowInput & {
  readonly groupBy: readonly CostGroup[];
  readonly filters: Filters;
};

/** Sums are exact, and so may be larger than a number can tell. */
export type CostLine = {
  readonly group: Readonly<Record<string, string>>;
  readonly costNanoUsd: bigint;
  readonly savedNanoUsd: bigint;
  readonly attempts: bigint;
  readonly unknownCosts: bigint;
  readonly usage: Readonly<Record<string, bigint>>;
};

export type Costs = {
  readonly range: TimeRange;
  readonly asOfMs: number;
  readonly lines: readonly CostLine[];
  /** Of all attempts once, though a line for each tag may have several times what has several tags. */
  readonly total: CostLine;
};

export const usageNames = usageFields.map(snakeCase);

const LINES_MAX = 10_000;
const USUAL_WINDOW_MS = 30 * DAY_MS;

/** What a window cost, to the nano-dollar. */
export async function costs(
  { metrics: { store, kept }, machine }: MetricsDeps,
  actor: Actor,
  request: CostsRequest,
): Promise<Result<Costs>> {
  const refused = missingScope(actor, 'metrics:read');
  if (refused !== null) return refused;
  const nowMs = machine.nowMs();
  const window = windowOf(request, USUAL_WINDOW_MS, nowMs, kept);
  if (!window.ok) return window;
  const { groupBy, filters } = request;
  const dimensions = groupBy.filter((name) => name !== 'hour' && name !== 'day');
  const set = costSet([...dimensions, ...Object.keys(filters)]);
  if (set === null) return refuseTogether([...dimensions, ...Object.keys(filters)]);
  const range = window.value;
  const totalSet = filters['tag'] === undefined ? 'attempts' : 'tags';
  const { units, asOfMs } = await readWindow(store, {
    project: actor.project,
    range,
    sets: [...new Set<SetName>([set, totalSet])],
    grain: 'hour',
    nowMs,
    minutesFromMs: nowMs - kept.minutesKeptMs,
  });
  const widthMs = groupBy.includes('hour') ? HOUR_MS : groupBy.includes('day') ? DAY_MS : null;
  const pointOf = (atMs: number): number =>
    widthMs === null ? range.fromMs : Math.floor(atMs / widthMs) * widthMs;
  const groups = groupSums(units, { set, groupBy: dimensions, filters, pointOf });
  const lines = groups.flatMap(({ values, points }) =>
    [...points]
      .toSorted(([a], [b]) => a - b)
      .map(([atMs, series]) => lineOf(labelsOf(groupBy, dimensions, values, atMs), series)),
  );
  if (lines.length > LINES_MAX) {
    return refuse(
      'unprocessable',
      `the answer would have ${lines.length} lines, at most ${LINES_MAX} are answered: filter by a dimension, group by fewer, or ask for a shorter window`,
    );
  }
  const [all] = groupSums(units, { set: totalSet, groupBy: [], filters, pointOf: () => 0 });
  return done({ range, asOfMs, lines, total: lineOf({}, all?.points.get(0)) });
}

function costSet(names: readonly string[]): 'attempts' | 'tags' | null {
  const sets = ['attempts', 'tags'] as const;
  const fits = sets.find((set) => {
    const known: readonly string[] = dimensionsOf[set];
    return names.every((name) => known.includes(name));
  });
  return fits ?? null;
}

function labelsOf(
  groupBy: readonly CostGroup[],
  dimensions: readonly string[],
  values: readonly string[],
  atMs: number,
): Record<string, string> {
  const time = new Date(atMs).toISOString();
  const labels = groupBy.map((name) => {
    if (name === 'hour') return [name, `${time.slice(0, 13)}:00Z`] as const;
    if (name === 'day') return [name, time.slice(0, 10)] as const;
    return [name, values[dimensions.indexOf(name)] ?? ''] as const;
  });
  return Object.fromEntries(labels);
}

function lineOf(group: CostLine['group'], series: Series | undefined): CostLine {
  const sum = (name: string): bigint => series?.sums.get(name) ?? 0n;
  const used = usageNames.flatMap((name) => (sum(name) === 0n ? [] : [[name, sum(name)] as const]));
  return {
    group,
    costNanoUsd: sum('cost'),
    savedNanoUsd: sum('saved'),
    attempts: sum('attempts'),
    unknownCosts: sum('unknown_costs'),
    usage: Object.fromEntries(used),
  };
}
