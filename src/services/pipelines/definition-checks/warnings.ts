import { canonicalJson } from '../../../domain/canonical.ts';
import type { Definition } from '../../../domain/definition/definition.ts';
import { routesWithin, type RouteTree } from '../../../domain/definition/definition-route.ts';
import type { Violation } from '../../../domain/job/failure.ts';
import { jsonPointer } from '../../../domain/json.ts';
import { readsOf } from '../../../engine/expression/template.ts';
import type { Plan, PlannedStep } from '../../../engine/plan/plan.ts';

/** What is not wrong and rarely meant. */
export function warningsOf(plan: Plan): Violation[] {
  return [
    ...unusedSteps(plan),
    ...stepsThatNeverRun(plan),
    ...unusedRoutes(plan.definition),
    ...routesOf(plan.definition).flatMap(({ route, path }) => [
      ...repeatedTargets(route, path),
      ...targetsBeyondTheFirst(route, path),
      ...nobodyAsked(route, path),
    ]),
    ...outputsThatMayBeNull(plan),
  ];
}

function warning(path: readonly PropertyKey[], code: string, message: string): Violation {
  return { pointer: jsonPointer(path), code, message };
}

function stepPath({ definition }: Plan, step: PlannedStep): readonly PropertyKey[] {
  return ['steps', definition.steps.indexOf(step.definition)];
}

/** Steps that do something even if nobody reads their result. */
const EFFECTS: ReadonlySet<string> = new Set(['wait', 'pipeline']);

/** Steps whose result nobody reads. A pipeline without an output is run for its steps. */
function unusedSteps(plan: Plan): Violation[] {
  if (plan.output === null) return [];
  const inOutput = new Set(
    readsOf(plan.output).flatMap(([root, id]) => (root === 'steps' ? [id] : [])),
  );
  return plan.steps
    .filter(({ id, definition, handles }) => {
      const needed = plan.steps.some((other) => other.needs.includes(id) && other.handles !== id);
      return !needed && !inOutput.has(id) && handles === null && !EFFECTS.has(definition.uses);
    })
    .map((step) =>
      warning(
        stepPath(plan, step),
        'unused_step',
        `nothing reads the result of ${step.id}, neither another step nor the output; read it, or remove the step`,
      ),
    );
}

/** True or false when a condition is that whatever the run brings; null when it depends on the run. */
function constantCondition({ condition }: PlannedStep): boolean | null {
  if (condition === null) return true;
  if (condition.reads.length > 0) return null;
  const evaluation = condition.evaluate({});
  return evaluation.ok && typeof evaluation.value === 'boolean' ? evaluation.value : null;
}

/** Steps whose condition is never true, and those that follow them. Plans are in the order of needs. */
function stepsThatNeverRun(plan: Plan): Violation[] {
  const never = new Set<string>();
  return plan.steps.flatMap((step) => {
    const because = reasonNeverToRun(plan, step, never);
    if (because === null) return [];
    never.add(step.id);
    return [
      warning(
        [...stepPath(plan, step), ...(step.condition === null ? [] : ['if'])],
        'never_runs',
        `${step.id} can never run: ${because}; remove the step, or mend the condition`,
      ),
    ];
  });
}

function reasonNeverToRun(
  plan: Plan,
  step: PlannedStep,
  never: ReadonlySet<string>,
): string | null {
  if (constantCondition(step) === false) return 'its `if` is always false';
  if (step.handles !== null && never.has(step.handles)) {
    return `it stands in for ${step.handles}, which never runs`;
  }
  if (step.condition !== null) return null;
  const needed = ownNeeds(plan, step).find((id) => never.has(id));
  return needed === undefined ? null : `it needs ${needed}, which never runs`;
}

/** The steps whose skipping skips this one: a handler without anything to handle skips nobody. */
function ownNeeds({ byId }: Plan, { needs, handles }: PlannedStep): readonly string[] {
  return needs.filter((id) => id !== handles && byId.get(id)?.handles === null);
}

function unusedRoutes({ routes, steps }: Definition): Violation[] {
  return Object.keys(routes ?? {})
    .filter((name) => steps.every(({ route }) => route !== name))
    .map((name) =>
      warning(
        ['routes', name],
        'unused_route',
        `no step uses the route ${name}; remove it, or name it in a step`,
      ),
    );
}

type Placed = ReturnType<typeof routesWithin>[number];

function routesOf({ routes, steps }: Definition): Placed[] {
  const named = Object.entries(routes ?? {}).flatMap(([name, route]) =>
    routesWithin(route, ['routes', name]),
  );
  const inline = steps.flatMap(({ route }, index) =>
    typeof route === 'object' ? routesWithin(route, ['steps', index, 'route']) : [],
  );
  return [...named, ...inline];
}

function repeatedTargets({ targets }: RouteTree, path: readonly PropertyKey[]): Violation[] {
  const texts = targets.map((target) => canonicalJson(target));
  return targets.flatMap((entry, index) => {
    const first = texts.indexOf(texts[index] ?? '');
    if (first === index || 'route' in entry) return [];
    const message = `${entry.provider}/${entry.model} is listed already, at place ${first + 1}; what failed there will fail here. Remove one`;
    return [warning([...path, 'targets', index], 'repeated_target', message)];
  });
}

function targetsBeyondTheFirst(
  { strategy, targets }: RouteTree,
  path: readonly PropertyKey[],
): Violation[] {
  if (strategy?.mode !== 'single' || targets.length === 1) return [];
  const message =
    'a route in the mode `single` uses its first target only; remove the others, or use the mode `fallback`';
  return [warning([...path, 'targets', 1], 'unused_target', message)];
}

function nobodyAsked({ strategy, targets }: RouteTree, path: readonly PropertyKey[]): Violation[] {
  if (strategy?.mode !== 'conditional' || targets.at(-1)?.when === undefined) return [];
  const message =
    'when every `when` is false no target is asked, and the step fails; add a last target without `when` unless that is meant';
  return [warning([...path, 'targets'], 'no_target_else', message)];
}

/** Outputs of steps that may be skipped, or fail without failing the job. Reading `status` beside it shows that one knows. */
function outputsThatMayBeNull(plan: Plan): Violation[] {
  if (plan.output === null) return [];
  const reads = readsOf(plan.output).filter(([root]) => root === 'steps');
  const read = (field: string) =>
    new Set(reads.flatMap(([, id, name]) => (name === field ? [id] : [])));
  const aware = new Set([...read('status'), ...read('error')]);
  const skippable = stepsThatMayBeSkipped(plan);
  return plan.steps.flatMap((step) => {
    if (!read('output').has(step.id) || aware.has(step.id)) return [];
    const because = reasonForNull(step, skippable);
    if (because === null) return [];
    const message = `\`output\` reads steps.${step.id}.output, which is null when ${because}; look at steps.${step.id}.status too if that matters`;
    return [warning(['output'], 'may_be_null', message)];
  });
}

function reasonForNull(step: PlannedStep, skippable: ReadonlySet<string>): string | null {
  if (step.handles !== null) return `${step.handles} does not fail`;
  if (skippable.has(step.id)) return `${step.id} is skipped`;
  return step.onFailure.kind === 'continue' ? `${step.id} fails` : null;
}

function stepsThatMayBeSkipped(plan: Plan): ReadonlySet<string> {
  const skippable = new Set<string>();
  for (const step of plan.steps) {
    const conditional = step.condition !== null && constantCondition(step) !== true;
    const follows = step.condition === null && ownNeeds(plan, step).some((id) => skippable.has(id));
    if (conditional || follows) skippable.add(step.id);
  }
  return skippable;
}
