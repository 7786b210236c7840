import type { Target } from '../../domain/job/attempt.ts';
import type { NextAttempt } from '../../domain/job/attempt.ts';
import type { Failure } from '../../domain/job/failure.ts';
import type { JobState } from '../../domain/job/job.ts';
import { targetName } from '../../domain/model/target-gate.ts';
import type { PlannedStep } from '../plan/plan.ts';
import type { Route } from './plan-route.ts';
import { orderTargets, type Order } from './route-order.ts';
import { evaluateControl } from '../scope.ts';
import type { TargetView, World } from '../world.ts';

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

/** In which order the targets of a step, or of an item of its map, are asked; one place for a step without a route. */
export function orderOf(
  { id, route }: PlannedStep,
  item: number | null,
  state: JobState,
  world: World,
): Order {
  if (route === null) return { ok: true, indexes: [0] };
  return orderTargets(route, {
    seed: `${state.birth.id}\n${id}\n${item ?? ''}`,
    evaluate: (compiled) => evaluateControl(compiled, state, world),
    view: (target) => asPriced(target, state.birth, world),
  });
}

/** A project's own price goes before what lists say. */
function asPriced(target: Target, { prices }: JobState['birth'], world: World): TargetView {
  const view = world.target(target);
  const own = prices?.[targetName(target)];
  return own === undefined || !view.usable ? view : { ...view, costNanoUsdPerMTok: own };
}

/** The order as an attempt goes through it: from the planned target on, going round. */
export function orderFor(
  indexes: readonly number[],
  { attempt, targetIndex }: NextAttempt,
): readonly number[] {
  // Nobody has planned the target of a first attempt.
  const planned = attempt === 1 && targetIndex === 0 ? 0 : indexes.indexOf(targetIndex);
  const start = Math.max(0, planned);
  return [...indexes.slice(start), ...indexes.slice(0, start)];
}

/** The target of an attempt: the first in this order that can serve. */
export function chooseTarget(route: Route | null, order: readonly number[], world: World): Choice {
  if (route === null) return { chosen: { target: null, index: 0, local: true }, skipped: [] };
  const skipped: { target: Target; reason: string }[] = [];
  for (const index of order) {
    const target = targetAt(route, index);
    if (target === null) continue;
    const view = world.target(target);
    if (view.usable) return { chosen: { target, index, local: view.local }, skipped };
    skipped.push({ target, reason: view.reason });
  }
  return { chosen: null, skipped };
}

export function targetAt(route: Route | null, index: number): Target | null {
  const definition = route?.targets[index];
  return definition === undefined
    ? null
    : { provider: definition.provider, model: definition.model };
}

export function sameTarget(left: Target, right: Target): boolean {
  return left.provider === right.provider && left.model === right.model;
}

/** Why a step that found no target failed; names every target, so that it can be mended. */
export function noTargetFailure({ skipped }: Choice): Failure {
  const reasons = skipped.map(
    ({ target, reason }) => `${target.provider}/${target.model}: ${reason}`,
  );
  const message =
    reasons.length === 0
      ? 'no target of the route is asked: every `when` is false; let the last target have none'
      : `no target of the route can serve: ${reasons.join('; ')}`;
  return { class: 'not_configured', phase: 'not_sent', code: 'no_target', message };
}
