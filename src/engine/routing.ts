import type { Target } from '../domain/attempt.ts';
import type { Failure } from '../domain/failure.ts';
import type { Route } from './plan.ts';
import type { World } from './world.ts';

export type Choice = {
  /** Null when no target of the route can serve now. */
  readonly chosen: {
    /** Null for a step that calls no model. */
    readonly target: Target | null;
    readonly index: number;
    readonly local: boolean;
  } | null;
  /** Targets passed over on the way, and why. */
  readonly skipped: readonly { readonly target: Target; readonly reason: string }[];
};

/** The target of an attempt: the planned one, or the first after it, going round, that can serve. */
export function chooseTarget(route: Route | null, plannedIndex: number, world: World): Choice {
  if (route === null) return { chosen: { target: null, index: 0, local: true }, skipped: [] };
  const skipped: { target: Target; reason: string }[] = [];
  for (const index of roundFrom(plannedIndex, route.targets.length)) {
    const definition = route.targets[index];
    if (definition === undefined) continue;
    const target = { provider: definition.provider, model: definition.model };
    const view = world.target(target);
    if (view.usable) return { chosen: { target, index, local: view.local }, skipped };
    skipped.push({ target, reason: view.reason });
  }
  return { chosen: null, skipped };
}

function roundFrom(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, offset) => (start + offset) % count);
}

export function sameTarget(left: Target, right: Target): boolean {
  return left.provider === right.provider && left.model === right.model;
}

/** Why a step that found no target failed; names every target, so that it can be mended. */
export function noTargetFailure({ skipped }: Choice): Failure {
  const reasons = skipped.map(
    ({ target, reason }) => `${target.provider}/${target.model}: ${reason}`,
  );
  return {
    class: 'not_configured',
    phase: 'not_sent',
    code: 'no_target',
    message: `no target of the route can serve: ${reasons.join('; ')}`,
  };
}
