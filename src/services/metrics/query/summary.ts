import type { Actor } from '../../../domain/access.ts';
import { missingScope } from '../../access/require-scope.ts';
import type { TimeRange } from '../../ports/metrics-store.ts';
import { done, refuseAt, type Result } from '../../result.ts';
import { DAY_MS } from '../facts/fact.ts';
import { setNames } from '../rollup/series.ts';
import { keptSignals, setFor, type KeptSignal } from '../signals.ts';
import { groupSums, type Filters } from './group.ts';
import { measure, type Measured } from './measure.ts';
import { countsApart, measureGroups } from './measure-groups.ts';
import type { MetricsDeps } from './metrics-deps.ts';
import { readVisible, type VisibleDeps } from './read-visible.ts';
import { windowOf, type WindowInput } from './window.ts';

export type Summary = {
  readonly range: TimeRange;
  readonly asOfMs: number;
  /** Signals that cannot be told apart by what is filtered by are left out. */
  readonly metrics: readonly (readonly [signal: KeptSignal, measured: Measured])[];
};

/** Every signal over a window. */
export async function summary(
  deps: MetricsDeps & VisibleDeps,
  actor: Actor,
  { filters, ...window }: WindowInput & { readonly filters: Filters },
): Promise<Result<Summary>> {
  const refused = missingScope(actor, 'metrics:read');
  if (refused !== null) return refused;
  const { kept } = deps.metrics;
  const nowMs = deps.machine.nowMs();
  const range = windowOf(window, DAY_MS, nowMs, kept);
  if (!range.ok) return range;
  const { units, asOfMs } = await readVisible(deps, actor, {
    range: range.value,
    sets: setNames,
    grain: 'hour',
    nowMs,
    minutesFromMs: nowMs - kept.minutesKeptMs,
  });
  const totals = new Map(
    setNames.map((set) => {
      const fits = keptSignals.some((signal) => setFor(signal, Object.keys(filters)) === set);
      const [all] = fits ? groupSums(units, { set, groupBy: [], filters, pointOf: () => 0 }) : [];
      return [set, all?.points.get(0)];
    }),
  );
  const metrics = keptSignals.flatMap((signal) => {
    const set = setFor(signal, Object.keys(filters));
    if (set === null) return [];
    const selection = { set, groupBy: [], filters, pointOf: () => 0 };
    const apart = countsApart(signal, selection) ? measureGroups(units, signal, selection) : null;
    const measured = apart?.[0]?.points.get(0) ?? measure(signal, totals.get(set));
    return [[signal, measured] as const];
  });
  if (metrics.length === 0) return refuseFilters(Object.keys(filters));
  return done({ range: range.value, asOfMs, metrics });
}

function refuseFilters(names: readonly string[]): Result<never> {
  return refuseAt(
    'unprocessable',
    '/query',
    `no metric is told apart by ${names.join(' and ')} together: filter by fewer`,
  );
}
