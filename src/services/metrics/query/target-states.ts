import type { Actor } from '../../../domain/access.ts';
import type { Target } from '../../../domain/job/attempt.ts';
import { targetName } from '../../../domain/model/target-gate.ts';
import type { TargetDesk } from '../../ports/targets/target-desk.ts';
import type { StoredSums } from '../../ports/metrics-store.ts';
import { circuitWord, isOutside, type TargetState } from '../../targets/target-state.ts';
import { visibleTargets, type FindDeps } from '../../targets/find-targets.ts';

export type TargetStateDeps = FindDeps & {
  readonly desk: Pick<TargetDesk, 'view' | 'health' | 'limited'>;
};

/** In the words of `/v1/targets` and of the samples: a circuit that is closed is `available`. */
export type StandingTarget = { readonly target: Target; readonly state: TargetState };

/** Each is one call to its gate. */
const TARGETS_MAX = 50;

/** The targets that were in use in any project, by the samples of a window. */
export function sampledTargets(units: readonly StoredSums[]): Target[] {
  const sampled = units.flatMap(({ rollup }) => [...rollup.targets.values()]);
  return sampled.map(({ values: [provider = '', model = ''] }) => ({ provider, model }));
}

/**
 * How the targets outside the Worker stand that the actor may see, and `more` beside them; those whose gates do not answer
 * are left out.
 */
export async function targetStates(
  deps: TargetStateDeps,
  actor: Actor,
  more: readonly Target[],
): Promise<StandingTarget[]> {
  const named = [...(await visibleTargets(deps, actor)), ...more];
  const each = new Map(named.map((target) => [targetName(target), target]));
  const outside = [...each.values()].filter((target) => isOutside(deps.desk.view(target)));
  const states = await Promise.all(
    outside.slice(0, TARGETS_MAX).map(async (target) => {
      const health = await deps.desk.health(target);
      return health === null ? [] : [{ target, state: circuitWord(health) }];
    }),
  );
  return states.flat();
}
