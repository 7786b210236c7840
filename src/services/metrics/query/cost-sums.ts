import { snakeCase } from '../../../domain/wire.ts';
import { usageFields } from '../../../domain/model/usage.ts';
import type { ProjectId } from '../../../domain/ids.ts';
import type { StoredSums } from '../../ports/metrics-store.ts';
import { DAY_MS, HOUR_MS } from '../facts/fact.ts';
import type { Series, SetName } from '../rollup/series.ts';
import { groupSums, type Filters } from './group.ts';

/** Sums are exact, and so may be larger than a number can tell. */
export type CostLine = {
  readonly group: Readonly<Record<string, string>>;
  readonly costNanoUsd: bigint;
  readonly savedNanoUsd: bigint;
  readonly attempts: bigint;
  readonly unknownCosts: bigint;
  readonly usage: Readonly<Record<string, bigint>>;
};

export const usageNames = usageFields.map(snakeCase);

export type CostGrouping = {
  /** Of what lines are labelled by: `project`, `hour`, `day` and dimensions. */
  readonly groupBy: readonly string[];
  /** The dimensions of the set among them. */
  readonly dimensions: readonly string[];
  readonly set: SetName;
  /** The set in which every attempt counts once. */
  readonly totalSet: SetName;
  readonly filters: Filters;
  readonly fromMs: number;
};

/** Adds up what a window cost, part by part. */
export class CostSums {
  readonly #grouping: CostGrouping;
  readonly #lines = new Map<string, CostLine>();
  #total: CostLine = lineOf({}, undefined);

  constructor(grouping: CostGrouping) {
    this.#grouping = grouping;
  }

  get count(): number {
    return this.#lines.size;
  }

  get total(): CostLine {
    return this.#total;
  }

  /** In the order of what they are grouped by; what costs nothing and was not called has no line. */
  lines(): readonly CostLine[] {
    return [...this.#lines].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
  }

  add(units: readonly StoredSums[]): void {
    const { groupBy, totalSet, filters } = this.#grouping;
    if (groupBy.includes('project')) {
      const byProject = Map.groupBy(units, (unit) => unit.project);
      for (const [project, of] of byProject) this.#addGroups(of, project);
    } else this.#addGroups(units, null);
    const all = { set: totalSet, groupBy: [], filters, pointOf: () => 0 };
    for (const { points } of groupSums(units, all)) {
      this.#total = sumOf(this.#total, lineOf({}, points.get(0)));
    }
  }

  #addGroups(units: readonly StoredSums[], project: ProjectId | null): void {
    const { groupBy, dimensions, set, filters, fromMs } = this.#grouping;
    const widthMs = groupBy.includes('hour') ? HOUR_MS : groupBy.includes('day') ? DAY_MS : null;
    const pointOf = (atMs: number): number =>
      widthMs === null ? fromMs : Math.floor(atMs / widthMs) * widthMs;
    for (const group of groupSums(units, { set, groupBy: dimensions, filters, pointOf })) {
      for (const [atMs, series] of group.points) {
        const values = dimensions.map((name, index) => [name, group.values[index] ?? ''] as const);
        const known = new Map<string, string>([
          ['project', project ?? ''],
          ...timesOf(atMs),
          ...values,
        ]);
        const labels = groupBy.map((name) => [name, known.get(name) ?? ''] as const);
        this.#addLine(
          [...values.map(([, value]) => value), String(atMs)],
          Object.fromEntries(labels),
          series,
        );
      }
    }
  }

  #addLine(place: readonly string[], group: CostLine['group'], series: Series): void {
    const line = lineOf(group, series);
    if (isNothing(line)) return;
    const key = [group['project'] ?? '', ...place].join('\u0000');
    const known = this.#lines.get(key);
    this.#lines.set(key, known === undefined ? line : sumOf(known, line));
  }
}

function timesOf(atMs: number): (readonly [string, string])[] {
  const time = new Date(atMs).toISOString();
  return [
    ['hour', `${time.slice(0, 13)}:00Z`],
    ['day', time.slice(0, 10)],
  ];
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

function sumOf(left: CostLine, right: CostLine): CostLine {
  const names = new Set([...Object.keys(left.usage), ...Object.keys(right.usage)]);
  const usage = [...names].map(
    (name) => [name, (left.usage[name] ?? 0n) + (right.usage[name] ?? 0n)] as const,
  );
  return {
    group: left.group,
    costNanoUsd: left.costNanoUsd + right.costNanoUsd,
    savedNanoUsd: left.savedNanoUsd + right.savedNanoUsd,
    attempts: left.attempts + right.attempts,
    unknownCosts: left.unknownCosts + right.unknownCosts,
    usage: Object.fromEntries(usage),
  };
}

function isNothing({
  costNanoUsd,
  savedNanoUsd,
  attempts,
  unknownCosts,
  usage,
}: CostLine): boolean {
  const sums = [costNanoUsd, savedNanoUsd, attempts, unknownCosts, ...Object.values(usage)];
  return sums.every((sum) => sum === 0n);
}
