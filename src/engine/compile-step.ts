import type { StepDefinition } from '../domain/definition.ts';
import type { Compiled } from './expression/cel.ts';
import type { Path } from './expression/path.ts';
import {
  compileCondition,
  compileTemplate,
  readsOf,
  type Template,
  type TemplateProblem,
} from './expression/template.ts';

/** A step with its expressions compiled and its needs found, before the plan puts it in its place. */
export type CompiledStep = {
  readonly id: string;
  readonly definition: StepDefinition;
  readonly condition: Compiled | null;
  readonly forEach: Template | null;
  readonly input: Template;
  readonly needs: readonly string[];
};

/** Compiles one step; problems are appended to `problems`. */
export function compileStep(
  definition: StepDefinition,
  index: number,
  problems: TemplateProblem[],
): CompiledStep {
  const at = (field: string) => ['steps', index, field];
  const input = compileTemplate(definition.with ?? {}, at('with'), problems);
  const forEach =
    definition.for_each === undefined
      ? null
      : compileTemplate(definition.for_each.trim(), at('for_each'), problems);
  const condition =
    definition.if === undefined ? null : compileCondition(definition.if, at('if'), problems);
  const reads = [
    ...readsOf(input),
    ...(forEach === null ? [] : readsOf(forEach)),
    ...(condition?.reads ?? []),
  ];
  const needs = [...(definition.needs ?? []), ...reads.flatMap(stepOf)];
  return { id: definition.id, definition, condition, forEach, input, needs: [...new Set(needs)] };
}

/** The step that a place belongs to, as a list of one or none. */
function stepOf(path: Path): string[] {
  const [root, id] = path;
  return root === 'steps' && typeof id === 'string' ? [id] : [];
}
