import type { StepDefinition } from '../../domain/definition/definition.ts';
import type { Compiled } from '../expression/cel.ts';
import type { Path } from '../expression/path.ts';
import { compileRoute, routeReads, type Route } from '../routes/plan-route.ts';
import {
  compileCondition,
  compileTemplate,
  readsOf,
  type Template,
  type TemplateProblem,
} from '../expression/template.ts';

/** A step with its expressions compiled and its needs found, before the plan puts it in its place. */
export type CompiledStep = {
  readonly id: string;
  readonly definition: StepDefinition;
  readonly condition: Compiled | null;
  readonly forEach: Template | null;
  readonly input: Template;
  /** Null, too, for a name that no route has: `references.ts` says so. */
  readonly route: Route | null;
  readonly needs: readonly string[];
};

/** Compiles one step; problems are appended to `problems`. */
export function compileStep(
  definition: StepDefinition,
  index: number,
  routes: ReadonlyMap<string, Route>,
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
  const route = routeOf(definition, at('route'), routes, problems);
  const reads = [
    ...readsOf(input),
    ...(forEach === null ? [] : readsOf(forEach)),
    ...(condition?.reads ?? []),
    ...routeReads(route),
  ];
  const needs = [...(definition.needs ?? []), ...reads.flatMap(stepOf)];
  return {
    id: definition.id,
    definition,
    condition,
    forEach,
    input,
    route,
    needs: [...new Set(needs)],
  };
}

function routeOf(
  { route }: StepDefinition,
  path: readonly PropertyKey[],
  routes: ReadonlyMap<string, Route>,
  problems: TemplateProblem[],
): Route | null {
  if (route === undefined) return null;
  return typeof route === 'string'
    ? (routes.get(route) ?? null)
    : compileRoute(route, path, problems);
}

/** The step that a place belongs to, as a list of one or none. */
function stepOf(path: Path): string[] {
  const [root, id] = path;
  return root === 'steps' && typeof id === 'string' ? [id] : [];
}
