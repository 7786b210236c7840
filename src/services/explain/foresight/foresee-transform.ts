import type { Failure, Outcome } from '../../../domain/job/failure.ts';
import type { Json } from '../../../domain/json.ts';
import type { TransformKind } from '../../../domain/definition/step-kinds.ts';
import type { PlannedStep } from '../../../engine/plan/plan.ts';
import type { TransformStep } from '../../../steps/port.ts';
import { transforms } from '../../../steps/transforms.ts';
import { parseStepInput } from '../../run/step-input.ts';
import { checkValue } from '../../values/check-value.ts';
import { controlValues } from '../../values/control-values.ts';
import type { ForeseenOutput } from './foresight.ts';

/** Carries a deterministic step out: it costs nothing, and gives what it will give in the run. */
export async function foreseeTransform(
  step: PlannedStep,
  uses: TransformKind,
  inputs: readonly Json[],
): Promise<{ readonly output: ForeseenOutput; readonly failure: Failure | null }> {
  const outputs: Json[] = [];
  for (const input of inputs) {
    const outcome = await transformed(step, uses, input);
    if (outcome.ok) outputs.push(outcome.value);
    else if (step.forEach !== null && step.keepsGoing) outputs.push(null);
    else return { output: { known: true, value: null }, failure: outcome.failure };
  }
  const value = step.forEach === null ? (outputs[0] ?? null) : outputs;
  // What is read of a map's items is looked at where it is read.
  const control = controlValues(step.forEach === null ? step.reports : [], value, 3);
  if (!control.ok) return { output: { known: true, value: null }, failure: control.failure };
  return { output: { known: true, value }, failure: null };
}

async function transformed(
  { definition: { check } }: PlannedStep,
  uses: TransformKind,
  input: Json,
): Promise<Outcome<Json>> {
  const transform: TransformStep = transforms[uses];
  const parsed = parseStepInput(transform.input, input);
  const outcome = parsed.ok ? await transform.run(parsed.value) : parsed;
  if (!outcome.ok || check?.schema === undefined) return outcome;
  const failure = checkValue(check.schema, outcome.value);
  return failure === null ? outcome : { ok: false, failure };
}
