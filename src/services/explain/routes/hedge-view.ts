import { MEASURED_CALLS_MIN } from '../../../domain/model/target-measure.ts';
import { hedgeDelayMs } from '../../../engine/attempts/hedge.ts';
import type { PlannedStep } from '../../../engine/plan/plan.ts';
import { sameTarget } from '../../../engine/routes/routing.ts';
import { isTicketed } from '../../../engine/attempts/tickets.ts';
import type { TargetView } from '../../../engine/world.ts';
import type { StepExplanation } from '../../views/explanation-schema.ts';
import type { RouteTarget } from './route-view.ts';

/** When a second target would be asked beside the first one, and which; null where the route asks none. */
export function hedgeView(
  step: PlannedStep,
  targets: readonly RouteTarget[],
): StepExplanation['hedge'] {
  const { hedge = null } = step.route ?? {};
  if (hedge === null) return null;
  const [first, ...others] = targets.filter(({ skip }) => skip === null);
  if (first === undefined) return { after_ms: null, target: null, at_most: hedge.max };
  const afterMs = hedgeDelayMs(step, first.index, measuredView(first));
  const second = others.find(
    ({ target, index, view }) =>
      !sameTarget(target, first.target) && !isTicketed(step, index, view),
  );
  if (afterMs === null || second === undefined) {
    return { after_ms: null, target: null, at_most: hedge.max };
  }
  return { after_ms: Math.ceil(afterMs), target: second.target, at_most: hedge.max };
}

/** A target with what its gate has measured, as decisions would see it. */
function measuredView({ view, health }: RouteTarget): TargetView {
  const { count, p95 } = health?.latencyMs ?? { count: 0, p95: null };
  if (!view.usable || p95 === null || count < MEASURED_CALLS_MIN) return view;
  return { ...view, latencyP95Ms: p95 };
}
