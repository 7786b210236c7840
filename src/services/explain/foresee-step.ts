import type { Failure } from '../../domain/failure.ts';
import type { Json } from '../../domain/json.ts';
import { isModelStepKind, isTransformKind } from '../../domain/step-kinds.ts';
import type { PlannedStep } from '../../engine/plan.ts';
import { foreseeInputs, type ForeseenInputs } from './foresee-inputs.ts';
import { foreseeModel, type ModelDeps, type ModelForecast } from './foresee-model.ts';
import { foreseeTransform } from './foresee-transform.ts';
import type { ForeseenOutput, ForeseenStep, Foresight } from './foresight.ts';
import { willItRun, type RunVerdict } from './will-it-run.ts';

export type StepForecast = {
  readonly verdict: RunVerdict;
  /** How many items its map has; null for a step that is no map, and where that is not known. */
  readonly items: number | null;
  /** What the step is given, once or for its first item; null when that is not known. */
  readonly input: Json | null;
  /** Why its input is not known; null when it is, or the step does not run. */
  readonly unknownInput: string | null;
  /** Why it would fail; null when it is not known to. */
  readonly failure: Failure | null;
  readonly model: ModelForecast | null;
  readonly foreseen: ForeseenStep;
};

const NO_OUTPUT: ForeseenOutput = { known: true, value: null };
const UNKNOWN_OUTPUT: ForeseenOutput = { known: false };

/** What can be said of a step once all that it needs has been looked at. */
export async function foreseeStep(
  deps: ModelDeps,
  foresight: Foresight,
  step: PlannedStep,
  sample: ForeseenOutput,
): Promise<StepForecast> {
  const verdict = willItRun(foresight, step);
  if (verdict.runs === false) return without(verdict);
  const inputs = foreseeInputs(foresight, step, deps.budget);
  const { items } = inputs;
  const unknownInput = inputs.kind === 'unknown' ? inputs.message : null;
  const done = await carriedOut(deps, foresight, step, inputs);
  const failure = inputs.kind === 'failure' ? inputs.failure : done.failure;
  const input = inputs.kind === 'known' ? (inputs.inputs[0] ?? null) : null;
  const output = sample.known ? sample : done.output;
  const foreseen =
    failure !== null && !sample.known
      ? failedStep(verdict, failure)
      : ranStep(verdict, step, output, items);
  return { verdict, items, input, unknownInput, failure, model: done.model, foreseen };
}

type CarriedOut = {
  readonly output: ForeseenOutput;
  readonly failure: Failure | null;
  readonly model: ModelForecast | null;
};

async function carriedOut(
  deps: ModelDeps,
  foresight: Foresight,
  step: PlannedStep,
  found: ForeseenInputs,
): Promise<CarriedOut> {
  const { uses } = step.definition;
  const inputs = found.kind === 'known' ? found.inputs : null;
  if (isModelStepKind(uses)) {
    const model = await foreseeModel(deps, foresight, { step, uses, inputs });
    return { output: UNKNOWN_OUTPUT, failure: model.failure, model };
  }
  if (isTransformKind(uses) && inputs !== null) {
    const { output, failure } = await foreseeTransform(step, uses, inputs);
    const fits = output.known && deps.budget.spend(output.value);
    return { output: fits ? output : UNKNOWN_OUTPUT, failure, model: null };
  }
  const isTimer = uses === 'wait' && step.definition.with?.['event'] === undefined;
  return { output: isTimer ? NO_OUTPUT : UNKNOWN_OUTPUT, failure: null, model: null };
}

/** A step that does not run has no output; one whose condition cannot be evaluated fails. */
function without(verdict: RunVerdict): StepForecast {
  const fails = verdict.code === 'expression_failed';
  const failure: Failure | null = fails
    ? { class: 'expression_failed', phase: 'not_sent', message: verdict.message }
    : null;
  const foreseen: ForeseenStep =
    failure === null
      ? { runs: false, standsBy: false, status: 'skipped', error: null, output: NO_OUTPUT }
      : failedStep(verdict, failure);
  return { verdict, items: null, input: null, unknownInput: null, failure, model: null, foreseen };
}

function failedStep(verdict: RunVerdict, failure: Failure): ForeseenStep {
  const error = { class: failure.class, message: failure.message, code: failure.code ?? null };
  const certain = verdict.runs !== null;
  return {
    runs: verdict.runs,
    standsBy: verdict.code === 'failure_of_another',
    status: certain ? 'failed' : null,
    error: certain ? error : null,
    output: certain ? NO_OUTPUT : UNKNOWN_OUTPUT,
  };
}

function ranStep(
  { runs, code }: RunVerdict,
  step: PlannedStep,
  output: ForeseenOutput,
  items: number | null,
): ForeseenStep {
  // A map over nothing has succeeded, with nothing.
  const empty: ForeseenOutput | null =
    step.forEach !== null && items === 0 ? { known: true, value: [] } : null;
  const isKnown = runs === true || output.known;
  return {
    runs,
    standsBy: code === 'failure_of_another',
    status: isKnown ? 'succeeded' : null,
    error: null,
    output: runs === true ? (empty ?? output) : output,
  };
}
