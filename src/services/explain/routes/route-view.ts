import type { Target } from '../../../domain/job/attempt.ts';
import { targetName, type TargetHealth } from '../../../domain/model/target-gate.ts';
import { failureBehind } from '../../../engine/attempts/declined.ts';
import type { PlannedStep } from '../../../engine/plan/plan.ts';
import { movesBetween, type Route, type RouteNode } from '../../../engine/routes/plan-route.ts';
import { orderTargets, type Order } from '../../../engine/routes/route-order.ts';
import type { Control } from '../../../engine/scope.ts';
import type { TargetView } from '../../../engine/world.ts';
import type { TargetDesk } from '../../ports/targets/target-desk.ts';
import { isOutside } from '../../targets/target-state.ts';
import {
  asCompared,
  comparedBy,
  compares,
  type Compared,
  type PricesKnown,
} from './compared-target.ts';
import { foreseeControl, unknownBecause, type Foresight } from '../foresight/foresight.ts';

/** Why a target would be passed over at this moment. */
export const passedOver = ['not_configured', 'closed', 'capability', 'not_in_order'] as const;
type PassedOver = (typeof passedOver)[number];

export type RouteTarget = {
  /** Its place in the route's `targets`, by which attempts name it. */
  readonly index: number;
  readonly target: Target;
  readonly view: TargetView;
  /** Null when the gate does not answer, or the target has none. */
  readonly health: TargetHealth | null;
  /** Null where the route compares nothing. */
  readonly compared: Compared | null;
  /** Null for a target that would be asked. */
  readonly skip: { readonly reason: PassedOver; readonly message: string } | null;
};

export type RouteView = {
  /** In the order in which they would be asked; those that would not be asked at all come last. */
  readonly targets: readonly RouteTarget[];
  /** Why the order is not known; null when it is. */
  readonly unknownOrder: string | null;
  /** True when another job may ask in another order: calls are shared by what differs between jobs. */
  readonly variesByJob: boolean;
};

export type RouteDeps = PricesKnown & { readonly desk: TargetDesk; readonly foresight: Foresight };

/**
 * The targets that a step's route would choose now, in order, and why the others would be passed over. `item` is that of
 * a map; what a target cannot do with the call itself is told where the call is made.
 */
export async function routeView(
  { desk, foresight, ...known }: RouteDeps,
  step: PlannedStep,
  item: number | null,
): Promise<RouteView> {
  const { route } = step;
  if (route === null) return { targets: [], unknownOrder: null, variesByJob: false };
  const looked = await Promise.all(route.targets.map((each) => look(desk, each, known)));
  const views = new Map(looked.map((one) => [targetName(one.target), one]));
  const order = orderTargets(route, {
    seed: `explained\n${step.id}\n${item ?? ''}`,
    explained: true,
    evaluate: (compiled) => controlOf(foreseeControl(foresight, compiled)),
    view: (target) => views.get(targetName(target))?.decided ?? desk.view(target),
  });
  const written = route.targets.map((_, index) => index);
  const first = order.ok ? order.indexes : written;
  const last = written.filter((index) => !first.includes(index));
  const showsFigures = compares(route.root);
  const targets = [...first, ...last].flatMap((index): RouteTarget[] => {
    const one = looked[index];
    if (one === undefined) return [];
    const { target, view, health } = one;
    const skip = first.includes(index) ? skipOf(view, health) : OTHERS_CHOSEN;
    return [{ index, target, view, health, compared: showsFigures ? one.compared : null, skip }];
  });
  return {
    targets: withoutUnreached(route, targets),
    unknownOrder: whyUnknown(order),
    variesByJob: isBalanced(route.root),
  };
}

function controlOf(found: ReturnType<typeof foreseeControl>): Control {
  if (found.kind === 'value') return { ok: true, value: found.value };
  const message =
    found.kind === 'unknown' ? `the route ${unknownBecause(found.reads)}` : found.message;
  return { ok: false, failure: { class: 'expression_failed', phase: 'not_sent', message } };
}

function whyUnknown(order: Order): string | null {
  return order.ok ? null : order.failure.message;
}

/** Whether the order depends on the job's id somewhere. */
function isBalanced({ mode, key, branches }: RouteNode): boolean {
  if (mode === 'loadbalance' && key === null) return true;
  return branches.some(({ inside }) => !('targetIndex' in inside) && isBalanced(inside));
}

const OTHERS_CHOSEN = {
  reason: 'not_in_order',
  message: 'the route chooses other targets for this job',
} as const;

type Looked = Pick<RouteTarget, 'target' | 'view' | 'health'> & {
  readonly compared: Compared;
  /** The target as a decision sees it. */
  readonly decided: TargetView;
};

async function look(
  desk: TargetDesk,
  { provider, model }: Target,
  known: PricesKnown,
): Promise<Looked> {
  const target = { provider, model };
  const view = desk.view(target);
  const health = isOutside(view) ? await desk.health(target) : null;
  const compared = comparedBy(target, view, health, known);
  return { target, view, health, compared, decided: asCompared(view, compared) };
}

/** While all targets so far are closed, those are not reached that the route does not move on to for what has closed them. */
function withoutUnreached(route: Route, targets: readonly RouteTarget[]): readonly RouteTarget[] {
  const closed: RouteTarget[] = [];
  let isOpen = false;
  return targets.map((target) => {
    if (isOpen || (target.skip !== null && target.skip.reason !== 'closed')) return target;
    const waits = closed.length > 0 && !closed.some((one) => leadsOn(route, one, target));
    if (waits) return { ...target, skip: waitedFor(closed) };
    if (target.skip === null) isOpen = true;
    else closed.push(target);
    return target;
  });
}

function leadsOn(route: Route, { index, health }: RouteTarget, to: RouteTarget): boolean {
  if (health === null || health.reason === null) return true;
  const { reason, because } = health;
  const failure = failureBehind({ reason, ...(because === null ? {} : { because }) });
  return failure === null || movesBetween(route, index, to.index, failure);
}

function waitedFor(closed: readonly RouteTarget[]): RouteTarget['skip'] {
  const names = closed.map(({ target }) => targetName(target)).join(', ');
  const message = `the route does not move on for what has closed ${names}, which the step waits for`;
  return { reason: 'not_in_order', message };
}

function skipOf(view: TargetView, health: TargetHealth | null): RouteTarget['skip'] {
  if (!view.usable) return { reason: 'not_configured', message: view.reason };
  if (health === null || health.reason === null) return null;
  return { reason: 'closed', message: closedMessage(health) };
}

/** Why calls do not go through, in words. */
function closedMessage({ state, reason, because, held }: TargetHealth): string {
  if (held !== null) return `an administrator has closed it: ${held.why}`;
  const cause = because === null ? '' : ` after ${because}`;
  return `${reason ?? state}${cause}`;
}
