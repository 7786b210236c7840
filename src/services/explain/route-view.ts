import type { Target } from '../../domain/attempt.ts';
import type { TargetHealth } from '../../domain/target-gate.ts';
import type { PlannedStep } from '../../engine/plan.ts';
import type { RouteNode } from '../../engine/plan-route.ts';
import { orderTargets, type Order } from '../../engine/route-order.ts';
import type { Control } from '../../engine/scope.ts';
import type { TargetView } from '../../engine/world.ts';
import type { TargetDesk } from '../ports/target-desk.ts';
import { foreseeControl, unknownBecause, type Foresight } from './foresight.ts';

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

/**
 * The targets that a step's route would choose now, in order, and why the others would be passed over. `item` is that of
 * a map; what a target cannot do with the call itself is told where the call is made.
 */
export async function routeView(
  { desk, foresight }: { readonly desk: TargetDesk; readonly foresight: Foresight },
  step: PlannedStep,
  item: number | null,
): Promise<RouteView> {
  const { route } = step;
  if (route === null) return { targets: [], unknownOrder: null, variesByJob: false };
  const order = orderTargets(route, {
    seed: `explained\n${step.id}\n${item ?? ''}`,
    evaluate: (compiled) => controlOf(foreseeControl(foresight, compiled)),
    view: (target) => desk.view(target),
  });
  const written = route.targets.map((_, index) => index);
  const first = order.ok ? order.indexes : written;
  const last = written.filter((index) => !first.includes(index));
  const targets = await Promise.all(
    [...first, ...last].map((index) => targetOf(desk, step, index, first)),
  );
  return {
    targets: targets.flatMap((target) => target ?? []),
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

async function targetOf(
  desk: TargetDesk,
  { route }: PlannedStep,
  index: number,
  order: readonly number[],
): Promise<RouteTarget | null> {
  const definition = route?.targets[index];
  if (definition === undefined) return null;
  const target = { provider: definition.provider, model: definition.model };
  const view = desk.view(target);
  const isAsked = view.usable && !view.local;
  const health = isAsked ? await desk.health(target) : null;
  const skip = order.includes(index)
    ? skipOf(view, health)
    : { reason: 'not_in_order' as const, message: 'the route chooses other targets for this job' };
  return { index, target, view, health, skip };
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
