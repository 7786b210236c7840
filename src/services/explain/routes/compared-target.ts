import type { Target } from '../../../domain/job/attempt.ts';
import type { ProjectPrice } from '../../../domain/model/price.ts';
import type { TargetHealth } from '../../../domain/model/target-gate.ts';
import { MEASURED_CALLS_MIN } from '../../../domain/model/target-measure.ts';
import type { RouteNode } from '../../../engine/routes/plan-route.ts';
import type { TargetView } from '../../../engine/world.ts';
import { ownBlendedNanoUsdPerMTok } from '../../../pricing/blended-price.ts';

/** What a `cheapest` or `fastest` route compares a target by. */
export type Compared = {
  /** Three tokens read to one written, in nano-dollars; null when it is not known. */
  readonly nanoUsdPerMTok: number | null;
  readonly priceSource: 'project' | 'list' | null;
  /** Half of the calls of the last minutes took at most so long; null while too few of them say so. */
  readonly latencyMs: number | null;
};

export type PricesKnown = {
  /** Null when they could not be read. */
  readonly projectPrices: readonly ProjectPrice[] | null;
  readonly nowMs: number;
};

/** The figures of a target that would go into a decision now. */
export function comparedBy(
  target: Target,
  view: TargetView,
  health: TargetHealth | null,
  { projectPrices, nowMs }: PricesKnown,
): Compared {
  const own = ownBlendedNanoUsdPerMTok(projectPrices ?? [], target, nowMs);
  const listed = view.usable ? (view.costNanoUsdPerMTok ?? null) : null;
  const { count, p50 } = health?.latencyMs ?? { count: 0, p50: null };
  return {
    ...(own === undefined
      ? { nanoUsdPerMTok: listed, priceSource: listed === null ? null : ('list' as const) }
      : { nanoUsdPerMTok: own, priceSource: 'project' as const }),
    latencyMs: count < MEASURED_CALLS_MIN ? null : p50,
  };
}

/** The target as a decision sees it that knows these figures. */
export function asCompared(view: TargetView, { nanoUsdPerMTok, latencyMs }: Compared): TargetView {
  return view.usable ? { ...view, costNanoUsdPerMTok: nanoUsdPerMTok, latencyMs } : view;
}

/** True when the order of a route depends on such figures. */
export function compares({ mode, branches }: RouteNode): boolean {
  if (mode === 'cheapest' || mode === 'fastest') return true;
  return branches.some(({ inside }) => !('targetIndex' in inside) && compares(inside));
}
