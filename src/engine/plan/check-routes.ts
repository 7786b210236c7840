import type { Definition, RouteDefinition } from '../../domain/definition/definition.ts';
import {
  leavesOf,
  LEAVES_MAX,
  routesWithin,
  type RouteMode,
  type RouteTree,
} from '../../domain/definition/definition-route.ts';
import type { Violation } from '../../domain/job/failure.ts';
import { checkReads, violation, type At } from './check-reads.ts';
import type { CompiledStep } from './compile-step.ts';
import { routeExpressions, type Route } from '../routes/plan-route.ts';

/** What stands in a route where it has no meaning, or names something which is not there. */
export function checkRoutes(
  definition: Definition,
  steps: readonly CompiledStep[],
  named: ReadonlyMap<string, Route>,
): Violation[] {
  const ids = steps.map(({ id }) => id);
  return [
    ...Object.entries(definition.routes ?? {}).flatMap(([name, route]) =>
      checkRoute(route, named.get(name) ?? null, ['routes', name], ids),
    ),
    ...steps.flatMap(({ definition: { route }, route: compiled }, index) =>
      typeof route === 'object' ? checkRoute(route, compiled, ['steps', index, 'route'], ids) : [],
    ),
  ];
}

function checkRoute(
  route: RouteDefinition,
  compiled: Route | null,
  at: At,
  ids: readonly string[],
): Violation[] {
  const reads = compiled === null ? [] : routeExpressions(compiled.root);
  return [
    ...tooManyLeaves(route, at),
    ...routesWithin(route, at).flatMap((one) => checkShape(one.route, one.path)),
    ...(compiled === null ? [] : checkHedge(compiled, [...at, 'hedge'])),
    ...reads.flatMap(({ compiled: { reads: paths }, path }) =>
      checkReads(paths, [...at, ...path], ids, false),
    ),
  ];
}

function tooManyLeaves(route: RouteDefinition, at: At): Violation[] {
  const count = leavesOf(route).length;
  if (count <= LEAVES_MAX) return [];
  const message = `the route leads to ${count} models; at most ${LEAVES_MAX} are allowed`;
  return [violation([...at, 'targets'], 'too_big', message)];
}

/** A second target is asked only if there is one, and beside work that ends with its request. */
function checkHedge({ hedge, targets, width }: Route, at: At): Violation[] {
  if (hedge === null) return [];
  const names = (some: typeof targets) =>
    new Set(some.map(({ provider, model }) => `${provider}/${model}`)).size;
  if (width < 2 || names(targets) < 2) {
    const message =
      'asks a second target, and the route never leads to another one; remove it, or give the route one more target';
    return [violation(at, 'contradiction', message)];
  }
  if (names(targets.filter(({ execution }) => (execution ?? 'sync') === 'sync')) > 1) return [];
  const message =
    'asks a second target beside a call that takes long; work in a provider’s queue (`execution`) is not hedged, and fewer than two targets answer at once';
  return [violation(at, 'contradiction', message)];
}

/** Fields that have a meaning in routes of one mode only. */
function checkShape({ strategy, targets }: RouteTree, at: At): Violation[] {
  const mode = strategy?.mode ?? 'fallback';
  const last = targets.length - 1;
  return [
    ...onlyIn('loadbalance', mode, strategy?.key, [...at, 'strategy', 'key']),
    ...targets.flatMap(({ weight, when }, index) => {
      const place = [...at, 'targets', index];
      return [
        ...onlyIn('loadbalance', mode, weight, [...place, 'weight']),
        ...onlyIn('conditional', mode, when, [...place, 'when']),
        ...(mode === 'conditional' && when === undefined && index < last
          ? [violation([...place, 'when'], 'required', WHEN_MISSING)]
          : []),
      ];
    }),
  ];
}

const WHEN_MISSING =
  'is required: in a conditional route only the last target may have no `when`, and is asked if no other is';

function onlyIn(wanted: RouteMode, mode: RouteMode, value: unknown, at: At): Violation[] {
  if (value === undefined || mode === wanted) return [];
  const message = `has a meaning only in the mode \`${wanted}\`, and this route has \`${mode}\``;
  return [violation(at, 'misplaced', message)];
}

/** A model's step has a route, and one that is there. */
export function checkStepRoute(definition: Definition, step: CompiledStep, at: At): Violation[] {
  const { route, uses } = step.definition;
  if (route === undefined) {
    const message = `${uses} needs a route: a name from \`routes\`, or a route itself`;
    return [violation(at, 'required', message)];
  }
  // A name that only JavaScript knows is none.
  if (typeof route !== 'string' || Object.hasOwn(definition.routes ?? {}, route)) return [];
  const names = Object.keys(definition.routes ?? {});
  const known = names.length === 0 ? '`routes` is empty' : `there are ${names.join(', ')}`;
  return [violation(at, 'reference', `there is no route ${JSON.stringify(route)}; ${known}`)];
}
