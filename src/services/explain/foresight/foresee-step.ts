import type { Failure } from '../../../domain/job/failure.ts';
import type { Json } from '../../../domain/json.ts';
import { isModelStepKind, isTransformKind } from '../../../domain/definition/step-kinds.ts';
import type { PlannedStep } from '../../../engine/plan/plan.ts';
import { childOf, type ChildForecast, type ExplainChild } from './foresee-child.ts';
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
  /** The child that a `pipeline` step would make, of a map that of its first item. */
  readonly child: ChildForecast | null;
  readonly foreseen: ForeseenStep;
};

export type StepDeps = ModelDeps & { readonly explainChild: ExplainChild };

const NO_OUTPUT: ForeseenOutput = { known: true, value: null };
const UNKNOWN_OUTPUT: ForeseenOutput = { known: false };

/** What can be said of a step once all that it needs has been looked at. */
export async function foreseeStep(
  deps: StepDeps,
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
  const { model, child } = done;
  return { verdict, items, input, unknownInput, failure, model, child, foreseen };
}

type CarriedOut = {
  readonly output: ForeseenOutput;
  readonly failure: Failure | null;
  readonly model: ModelForecast | null;
  readonly child: ChildForecast | null;
};

const NOBODY = { model: null, child: null };
const LEFT_TO_THE_RUN: CarriedOut = { output: UNKNOWN_OUTPUT, failure: null, ...NOBODY };
const NOTHING_PUT_OUT: CarriedOut = { ...LEFT_TO_THE_RUN, output: NO_OUTPUT };

async function carriedOut(
  deps: StepDeps,
  foresight: Foresight,
  step: PlannedStep,
  found: ForeseenInputs,
): Promise<CarriedOut> {
  const { uses } = step.definition;
  const inputs = found.kind === 'known' ? found.inputs : null;
  if (isModelStepKind(uses)) {
    const model = await foreseeModel(deps, foresight, { step, uses, inputs });
    return { ...LEFT_TO_THE_RUN, failure: model.failure, model };
  }
  if (found.kind === 'known') return withoutModel(deps, step, found);
  return isTimer(step) ? NOTHING_PUT_OUT : LEFT_TO_THE_RUN;
}

function isTimer({ definition }: PlannedStep): boolean {
  return definition.uses === 'wait' && definition.with?.['event'] === undefined;
}

async function withoutModel(
  deps: StepDeps,
  step: PlannedStep,
  { inputs, items }: Extract<ForeseenInputs, { readonly kind: 'known' }>,
): Promise<CarriedOut> {
  const { uses } = step.definition;
  if (isTransformKind(uses)) {
    const { output, failure } = await foreseeTransform(step, uses, inputs);
    const fits = output.known && deps.budget.spend(output.value);
    return { ...LEFT_TO_THE_RUN, output: fits ? output : UNKNOWN_OUTPUT, failure };
  }
  if (uses === 'pipeline') return withChild(deps, inputs, items === null);
  return isTimer(step) ? NOTHING_PUT_OUT : LEFT_TO_THE_RUN;
}

/** Of a map the first item's child is looked into; another item's may be another one. */
async function withChild(
  { explainChild }: StepDeps,
  [first]: readonly Json[],
  isOnly: boolean,
): Promise<CarriedOut> {
  if (first === undefined) return LEFT_TO_THE_RUN;
  const child = await childOf(explainChild, first);
  return { ...LEFT_TO_THE_RUN, failure: isOnly ? child.failure : null, child };
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
  const nothing = { items: null, input: null, unknownInput: null, ...NOBODY };
  return { verdict, failure, ...nothing, foreseen };
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
