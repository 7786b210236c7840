import type { Failure } from '../../../domain/job/failure.ts';
import type { Json } from '../../../domain/json.ts';
import type { NanoUsd } from '../../../domain/money.ts';
import { controlInputs } from '../../../steps/control.ts';
import { parseStepInput } from '../../run/step-input.ts';
import type { ExplanationView } from '../../views/explanation-schema.ts';
import type { StepCost } from '../costs/step-cost.ts';

/** The job that a `pipeline` step would make. */
export type ChildOrder = { readonly pipeline: string; readonly input: Json };

export type Explained = {
  readonly view: ExplanationView;
  readonly cost: StepCost;
  /** One call for each step and item, each at the most that it may cost; null when a part of it is not known. */
  readonly boundsNanoUsd: NanoUsd | null;
  /** The limit of its own pipeline; null without any. */
  readonly maxCostNanoUsd: NanoUsd | null;
};

export type ChildForecast = {
  /** Null for a child that would not be made, and where one explanation has looked into enough of them. */
  readonly explained: Explained | null;
  /** Why the step would fail; null when it is not known to. */
  readonly failure: Failure | null;
};

/** Explains the job that a step would make. */
export type ExplainChild = (child: ChildOrder) => Promise<ChildForecast>;

export const NOT_LOOKED_INTO: ChildForecast = { explained: null, failure: null };

/** Looks into the child that a step would make of this input. */
export async function childOf(explainChild: ExplainChild, input: Json): Promise<ChildForecast> {
  const parsed = parseStepInput(controlInputs.pipeline, input);
  if (!parsed.ok) return { explained: null, failure: parsed.failure };
  const { pipeline, input: childInput = {} } = parsed.value;
  return explainChild({ pipeline, input: childInput });
}

export function notAccepted(message: string): Failure {
  return {
    class: 'child_failed',
    phase: 'not_sent',
    message: `the child job would not be accepted: ${message}`,
  };
}
