import { isModelStepKind } from '../../../domain/definition/step-kinds.ts';
import type { NanoUsd } from '../../../domain/money.ts';
import type { PlannedStep } from '../../../engine/plan/plan.ts';
import type { StepForecast } from '../foresight/foresee-step.ts';
import { isAskable, localOnly } from '../step-explanation.ts';

/** The most that one call for each step and item may cost; null when a part of it is not known. */
export function jobBounds(
  rows: readonly { readonly step: PlannedStep; readonly forecast: StepForecast }[],
): NanoUsd | null {
  return rows.reduce<NanoUsd | null>((sum, { step, forecast }) => {
    const bound = stepBound(step, forecast);
    return sum === null || bound === null ? null : sum + bound;
  }, 0);
}

function stepBound({ definition: { uses } }: PlannedStep, forecast: StepForecast): NanoUsd | null {
  const { verdict, failure, items, model } = forecast;
  if (verdict.runs === false || failure !== null || items === 0) return 0;
  if (uses === 'pipeline') return childBound(forecast);
  if (!isModelStepKind(uses) || model === null || localOnly(model)) return 0;
  const bounds = model.targets.filter(isAskable).map((target) => target.reservesNanoUsd);
  return bounds.reduce<NanoUsd | null>(
    (most, bound) => (most === null || bound === null ? null : Math.max(most, bound)),
    0,
  );
}

/** A child is held to its pipeline's limit; of a map, only the first item's child is known. */
function childBound({ child, items }: StepForecast): NanoUsd | null {
  const { boundsNanoUsd = null, maxCostNanoUsd = null } = child?.explained ?? {};
  const count = items ?? 1;
  const first = count > 1 ? maxCostNanoUsd : smaller(boundsNanoUsd, maxCostNanoUsd);
  return first === null ? null : count * first;
}

function smaller(left: NanoUsd | null, right: NanoUsd | null): NanoUsd | null {
  return left === null || right === null ? (left ?? right) : Math.min(left, right);
}
