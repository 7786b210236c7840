import type { Json } from '../../domain/json.ts';
import type { TransformKind } from '../../domain/definition/step-kinds.ts';
import type { TransformStep } from '../../steps/port.ts';
import { transforms } from '../../steps/transforms.ts';
import type { ExecuteDeps, Ran } from './attempt.ts';
import { localFacts } from './facts.ts';
import { parseStepInput } from './step-input.ts';

/** Carries out a deterministic step. */
export async function runTransform(
  { machine }: ExecuteDeps,
  kind: TransformKind,
  input: Json,
): Promise<Ran> {
  const startedAtMs = machine.nowMs();
  const step: TransformStep = transforms[kind];
  const parsed = parseStepInput(step.input, input);
  const outcome = parsed.ok ? await step.run(parsed.value) : parsed;
  const facts = localFacts(startedAtMs, machine.nowMs(), step.version);
  if (!outcome.ok) return { facts, result: outcome };
  return { facts, result: { ok: true, output: outcome.value, checked: outcome.value } };
}
