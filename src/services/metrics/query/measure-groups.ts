import type { StoredSums } from '../../ports/metrics-store.ts';
import type { Series } from '../rollup/series.ts';
import type { KeptSignal } from '../signals.ts';
import { groupSums, type Filters, type Group, type Selection } from './group.ts';
import { measure, ratioOf, type Measured } from './measure.ts';

/** One group: its values, and what the signal comes to at each moment. */
export type MeasuredGroup = {
  readonly values: readonly string[];
  readonly points: ReadonlyMap<number, Measured>;
};

type Rate = Extract<KeptSignal, { readonly kind: 'ratio' }>;

/** A signal over a window, told apart as selected. */
export function measureGroups(
  units: readonly StoredSums[],
  signal: KeptSignal,
  selection: Selection,
): MeasuredGroup[] {
  if (signal.kind === 'ratio' && countsApart(signal, selection)) {
    return measureApart(units, signal, selection);
  }
  return groupSums(units, selection).flatMap(({ values, points }) => {
    const told = [...points].filter(([, point]) => isTold(signal, point));
    const isZero = told.every(([, point]) => !hasAny(signal, point));
    // What succeeded is of no class: it would be a line of zeros among the failures.
    if (told.length === 0 || (isZero && selection.groupBy.includes('class'))) return [];
    return [{ values, points: new Map(told.map(([at, point]) => [at, measure(signal, point)])) }];
  });
}

/** Whether there is anything to tell: where no value was measured there is no distribution, but nothing counted is 0. */
function isTold(signal: KeptSignal, { distributions }: Series): boolean {
  const isSpread = signal.kind === 'distribution' || signal.kind === 'sampled';
  return !isSpread || (distributions.get(signal.name)?.count ?? 0) > 0;
}

/** Whether only a part of what lies above the line is asked for, and all that lies below it. */
export function countsApart(
  signal: KeptSignal,
  { groupBy, filters }: { readonly groupBy: readonly string[]; readonly filters: Filters },
): boolean {
  const above = signal.kind === 'ratio' ? (signal.above ?? []) : [];
  return above.some((dimension) => groupBy.includes(dimension) || dimension in filters);
}

/** Failures of a class over all attempts: the share of a class of itself would be 1 whatever happens. */
function measureApart(
  units: readonly StoredSums[],
  signal: Rate,
  selection: Selection,
): MeasuredGroup[] {
  const { groupBy, filters } = selection;
  const isBelow = (dimension: string): boolean => !(signal.above ?? []).includes(dimension);
  const common = groupBy.filter(isBelow);
  const wholes = groupSums(units, {
    ...selection,
    groupBy: common,
    filters: Object.fromEntries(Object.entries(filters).filter(([name]) => isBelow(name))),
  });
  const parts = groupSums(units, selection);
  const commonOf = ({ values }: Group): string =>
    common.map((dimension) => values[groupBy.indexOf(dimension)] ?? '').join('\u0000');
  if (common.length === groupBy.length) {
    const partOf = new Map(parts.map((part) => [commonOf(part), part]));
    return wholes.map((whole) => sharesOf(signal, whole, partOf.get(whole.values.join('\u0000'))));
  }
  const wholeOf = new Map(wholes.map((whole) => [whole.values.join('\u0000'), whole]));
  return parts.flatMap((part) => {
    const whole = wholeOf.get(commonOf(part));
    const fails = [...part.points.values()].some((point) => hasSum(point, signal.of));
    if (whole === undefined || !fails) return [];
    return [{ ...sharesOf(signal, whole, part), values: part.values }];
  });
}

/** At each moment at which anything happened: also at those at which nothing of the part did. */
function sharesOf(signal: Rate, whole: Group, part: Group | undefined): MeasuredGroup {
  const points = [...whole.points].map(
    ([at, below]) => [at, { value: ratioOf(signal, part?.points.get(at), below) }] as const,
  );
  return { values: whole.values, points: new Map(points) };
}

/** Whether anything but zeros was counted or measured. */
function hasAny(signal: KeptSignal, point: Series): boolean {
  return signal.kind !== 'sum' || hasSum(point, signal.name);
}

function hasSum({ sums }: Series, name: string): boolean {
  return (sums.get(name) ?? 0n) !== 0n;
}
