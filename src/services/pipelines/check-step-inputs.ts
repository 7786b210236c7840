import type { z } from 'zod';

import type { Definition, StepDefinition } from '../../domain/definition/definition.ts';
import type { Violation } from '../../domain/job/failure.ts';
import { isJsonObject, jsonPointer, type Json } from '../../domain/json.ts';
import {
  isEffectKind,
  isModelStepKind,
  isTransformKind,
  type StepKind,
} from '../../domain/definition/step-kinds.ts';
import { violationsOf } from '../../domain/violations.ts';
import { controlInputs } from '../../steps/control.ts';
import { effectInputs } from '../../steps/effects.ts';
import { modelSteps } from '../../steps/model/table.ts';
import { transforms } from '../../steps/transforms.ts';

/**
 * Checks each step's `with` against its kind's schema as far as it is known before the run: literal values,
 * missing and unknown fields. What an expression will yield is checked when it has yielded it.
 */
export function checkStepInputs(definition: Definition): Violation[] {
  return definition.steps.flatMap((step, index) => checkStepInput(step, ['steps', index, 'with']));
}

function checkStepInput(step: StepDefinition, path: readonly PropertyKey[]): Violation[] {
  const input = step.with ?? {};
  const parsed = inputSchemaOf(step.uses).safeParse(input);
  if (parsed.success) return [];
  return violationsOf(parsed.error)
    .filter(({ pointer }) => !dependsOnExpression(input, pointer))
    .map((violation) => ({ ...violation, pointer: `${jsonPointer(path)}${violation.pointer}` }));
}

/** What a step of this kind takes in `with`. */
export function inputSchemaOf(uses: StepKind): z.ZodType {
  if (isModelStepKind(uses)) return modelSteps[uses].input;
  if (isEffectKind(uses)) return effectInputs[uses];
  return isTransformKind(uses) ? transforms[uses].input : controlInputs[uses];
}

/** True when the value at the pointer, or one above it, is an expression, or holds one. */
function dependsOnExpression(input: Json, pointer: string): boolean {
  let current: Json | undefined = input;
  for (const part of pointer.split('/').slice(1)) {
    if (isExpression(current)) return true;
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(current)) current = current[Number(key)];
    else current = current !== undefined && isJsonObject(current) ? current[key] : undefined;
  }
  return current !== undefined && holdsExpression(current);
}

function isExpression(value: Json | undefined): boolean {
  return typeof value === 'string' && value.includes('${{');
}

function holdsExpression(value: Json): boolean {
  if (Array.isArray(value)) return value.some(holdsExpression);
  if (isJsonObject(value)) return Object.values(value).some(holdsExpression);
  return isExpression(value);
}
