import type { Definition } from '../../domain/definition/definition.ts';
import type { Violation } from '../../domain/job/failure.ts';
import { pipelineNameOf } from '../../domain/definition/pipeline-reference.ts';
import { isModelStepKind } from '../../domain/definition/step-kinds.ts';
import { checkStepRoute } from './check-routes.ts';
import { checkReads, noStep, violation, type At } from './check-reads.ts';
import type { CompiledStep } from './compile-step.ts';
import { readsOf, type Template } from '../expression/template.ts';
import { onFailureOf } from './handlers.ts';

/** Everything that names something which is not there, or stands where it has no meaning. */
export function checkReferences(
  definition: Definition,
  steps: readonly CompiledStep[],
  output: Template | null,
): Violation[] {
  const ids = steps.map((step) => step.id);
  return [
    ...duplicates(ids),
    ...checkHandlers(steps),
    ...steps.flatMap((step, index) => [
      ...checkNeeds(step, index, ids),
      ...checkStepReads(step, index, ids),
      ...checkShape(definition, step, index),
    ]),
    ...(output === null ? [] : checkReads(readsOf(output), ['output'], ids, false)),
  ];
}

function duplicates(ids: readonly string[]): Violation[] {
  return ids.flatMap((id, index) =>
    ids.indexOf(id) === index
      ? []
      : [
          violation(
            ['steps', index, 'id'],
            'duplicate',
            `there is already a step ${JSON.stringify(id)}; rename one of them`,
          ),
        ],
  );
}

function checkNeeds(step: CompiledStep, index: number, ids: readonly string[]): Violation[] {
  return (step.definition.needs ?? []).flatMap((need, position) =>
    ids.includes(need)
      ? []
      : [violation(['steps', index, 'needs', position], 'reference', noStep(need, ids))],
  );
}

function checkStepReads(step: CompiledStep, index: number, ids: readonly string[]): Violation[] {
  const at = (field: string): At => ['steps', index, field];
  const inMap = step.forEach !== null;
  return [
    ...checkReads(readsOf(step.input), at('with'), ids, inMap),
    ...checkReads(step.condition?.reads ?? [], at('if'), ids, false),
    ...checkReads(step.forEach === null ? [] : readsOf(step.forEach), at('for_each'), ids, false),
  ];
}

/** Fields that have a meaning only beside another one. */
function checkShape(definition: Definition, step: CompiledStep, index: number): Violation[] {
  const { definition: shape } = step;
  const at = (field: string): At => ['steps', index, field];
  const model = isModelStepKind(shape.uses);
  const found: Violation[] = [];
  if (shape.max_concurrency !== undefined && shape.for_each === undefined) {
    found.push(
      violation(at('max_concurrency'), 'misplaced', 'has a meaning only beside `for_each`'),
    );
  }
  if (model) found.push(...checkStepRoute(definition, step, at('route')));
  else if (shape.route !== undefined) {
    found.push(
      violation(at('route'), 'misplaced', `${shape.uses} calls no model and takes no route`),
    );
  }
  if (shape.prompt !== undefined && shape.uses !== 'model.chat') {
    found.push(
      violation(
        at('prompt'),
        'misplaced',
        `only model.chat takes a prompt; ${shape.uses} does not`,
      ),
    );
  }
  found.push(...checkControl(shape, at, definition.name));
  found.push(...checkCheck(shape, at('check')));
  return found;
}

/** Checks that have a meaning for one kind of step only. */
function checkCheck({ check, uses }: CompiledStep['definition'], at: At): Violation[] {
  const found: Violation[] = [];
  if (check?.re_ask !== undefined && uses !== 'model.chat') {
    found.push(violation([...at, 're_ask'], 'misplaced', 'only model.chat can be asked again'));
  }
  if (check?.asset !== undefined && uses !== 'model.image') {
    found.push(violation([...at, 'asset'], 'misplaced', 'only model.image makes images'));
  }
  return found;
}

/** Fields that have no meaning for a step that only waits, or only in a map. */
function checkControl(
  shape: CompiledStep['definition'],
  at: (field: string) => At,
  pipeline: string,
): Violation[] {
  const found: Violation[] = [];
  if (shape.on_item_failure !== undefined && shape.for_each === undefined) {
    found.push(
      violation(
        at('on_item_failure'),
        'misplaced',
        'has a meaning only in a map: beside `for_each`',
      ),
    );
  }
  if (shape.uses === 'pipeline' && childName(shape) === pipeline) {
    const message = `${pipeline} cannot run inside itself; name another pipeline`;
    found.push(violation([...at('with'), 'pipeline'], 'ancestor', message));
  }
  return shape.uses === 'wait' ? [...found, ...checkWait(shape, at)] : found;
}

function checkWait(shape: CompiledStep['definition'], at: (field: string) => At): Violation[] {
  const found: Violation[] = [];
  for (const field of ['for_each', 'retry'] as const) {
    if (shape[field] === undefined) continue;
    found.push(
      violation(at(field), 'misplaced', `a wait has no attempts and takes no \`${field}\``),
    );
  }
  if (shape.check !== undefined && shape.with?.['event'] === undefined) {
    found.push(
      violation(at('check'), 'misplaced', 'only a wait for an event has something to check'),
    );
  }
  return found;
}

/** The pipeline that a child runs, without its version; null when only the run will know. */
function childName({ with: input }: CompiledStep['definition']): string | null {
  const name = input?.['pipeline'];
  return typeof name === 'string' ? pipelineNameOf(name) : null;
}

/** Every handler exists, is another step, and stands in for one step only. */
function checkHandlers(steps: readonly CompiledStep[]): Violation[] {
  const ids = steps.map(({ id }) => id);
  const taken = new Map<string, string>();
  return steps.flatMap((step, index) => {
    const policy = onFailureOf(step.definition);
    if (policy.kind !== 'handler') return [];
    const at = ['steps', index, 'on_failure', 'step'];
    if (!ids.includes(policy.step)) return [violation(at, 'reference', noStep(policy.step, ids))];
    if (policy.step === step.id)
      return [violation(at, 'reference', 'a step cannot stand in for itself; name another one')];
    const former = taken.get(policy.step);
    taken.set(policy.step, step.id);
    if (former === undefined) return [];
    const message = `${policy.step} already stands in for ${former}; give each step a handler of its own`;
    return [violation(at, 'reference', message)];
  });
}
