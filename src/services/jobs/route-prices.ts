import type { ProjectId } from '../../domain/ids.ts';
import type { JobBirth } from '../../domain/job/job.ts';
import type { ProjectPrice } from '../../domain/model/price.ts';
import type { Target } from '../../domain/model/target.ts';
import { targetName } from '../../domain/model/target-gate.ts';
import type { Plan } from '../../engine/plan/plan.ts';
import type { Route, RouteNode } from '../../engine/routes/plan-route.ts';
import { ownBlendedNanoUsdPerMTok } from '../../pricing/blended-price.ts';
import { errorName, type Log } from '../ports/log.ts';
import type { Prices } from '../ports/prices.ts';
import type { Machine } from '../ports/runtime.ts';

export type RoutePriceDeps = {
  /** The prices that projects have agreed themselves. Absent where there are none. */
  readonly prices?: Pick<Prices, 'list'>;
  readonly machine: Pick<Machine, 'nowMs'>;
  readonly log?: Log;
};

/**
 * The project's own prices of the targets that `cheapest` routes compare, as they are when the job is made: the job
 * keeps them, so that its decisions ask nobody. Where they cannot be read, list prices have to do.
 */
export async function routePrices(
  { prices, machine, log }: RoutePriceDeps,
  project: ProjectId,
  plan: Plan,
): Promise<Pick<JobBirth, 'prices'>> {
  const compared = comparedTargets(plan);
  if (compared.length === 0 || prices === undefined) return {};
  try {
    return ownPricesOf(await prices.list(project), compared, machine.nowMs());
  } catch (error) {
    log?.('warn', 'prices.unread', { error: errorName(error) });
    return {};
  }
}

/** By the targets' names, those that the project has a price of its own for. */
function ownPricesOf(
  prices: readonly ProjectPrice[],
  targets: readonly Target[],
  nowMs: number,
): Pick<JobBirth, 'prices'> {
  const own = targets.flatMap((target) => {
    const price = ownBlendedNanoUsdPerMTok(prices, target, nowMs);
    return price === undefined ? [] : [[targetName(target), price] as const];
  });
  return own.length === 0 ? {} : { prices: Object.fromEntries(own) };
}

function comparedTargets({ steps }: Plan): readonly Target[] {
  return steps.flatMap(({ route }) => (route === null ? [] : comparedIn(route)));
}

/** All of a route's, wherever in it prices are compared: what lies inside decides with what is first. */
function comparedIn({ root, targets }: Route): readonly Target[] {
  return comparesPrices(root) ? targets : [];
}

/** True when the order of a route depends on prices. */
function comparesPrices({ mode, branches }: RouteNode): boolean {
  if (mode === 'cheapest') return true;
  return branches.some(({ inside }) => !('targetIndex' in inside) && comparesPrices(inside));
}
