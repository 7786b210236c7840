import type {
  Definition,
  RouteDefinition,
  TargetDefinition,
} from '../../domain/definition/definition.ts';
import type {
  FailureGroup,
  RouteEntry,
  RouteMode,
  RouteTree,
} from '../../domain/definition/definition-route.ts';
import type { HedgeDefinition } from '../../domain/definition/definition-hedge.ts';
import { durationMs, parseDurationMs } from '../../domain/duration.ts';
import { failureClasses, type FailureClass } from '../../domain/job/failure.ts';
import type { Compiled } from '../expression/cel.ts';
import type { Path } from '../expression/path.ts';
import { compileCondition, type TemplateProblem } from '../expression/template.ts';

/** A route made ready to run: its models in a list whose places never change, and the tree that orders them. */
export type Route = {
  /** Every model that may be asked, in the order in which they are written; attempts name them by their place. */
  readonly targets: readonly TargetDefinition[];
  readonly root: RouteNode;
  /** For every target the way from the root down to it. */
  readonly ways: readonly Way[];
  /** How many targets one attempt after the other may reach. */
  readonly width: number;
  /** Whether what a target cannot be told is left out. */
  readonly dropsUnsupported: boolean;
  /** When a second target is asked beside one that takes long; null when none is. */
  readonly hedge: HedgePlan | null;
};

type HedgePlan = {
  /** Null for what is measured of the first target. */
  readonly afterMs: number | null;
  /** What holds while nothing is measured; null for no hedge. */
  readonly orMs: number | null;
  /** In one run of a step, or of an item of its map. */
  readonly max: number;
};

export type RouteNode = {
  readonly mode: RouteMode;
  /** Failures that move on from one branch to another. */
  readonly on: ReadonlySet<FailureClass>;
  /** What calls are shared by, where they are balanced. */
  readonly key: Compiled | null;
  readonly branches: readonly Branch[];
};

export type Branch = {
  readonly weight: number;
  readonly when: Compiled | null;
  /** Names the branch by what lies in it, so that a branch more or less does not move the others' calls. */
  readonly name: string;
  readonly inside: RouteNode | { readonly targetIndex: number };
};

type Way = readonly { readonly node: RouteNode; readonly branch: Branch }[];

const CONTENT: readonly FailureClass[] = ['content_blocked_input', 'content_blocked_output'];
const CONTEXT_WINDOW: readonly FailureClass[] = ['context_length', 'payload_too_large'];

/** What another target would repeat, or what is not the target's. */
const OWN: readonly FailureClass[] = [
  'invalid_request',
  'cancelled',
  // A runner that died says nothing about the provider it called.
  'lost',
  'expression_failed',
  'step_input_invalid',
  'value_too_large',
  'internal',
  'child_failed',
  'budget_exceeded',
];

/** What the names for several classes stand for. */
const GROUPS: Readonly<Record<FailureGroup, readonly FailureClass[]>> = {
  general: failureClasses.filter(
    (failureClass) => ![...CONTENT, ...CONTEXT_WINDOW, ...OWN].includes(failureClass),
  ),
  context_window: CONTEXT_WINDOW,
  content: CONTENT,
};

/** Another target may succeed where these happened; a content refusal is never among them unasked. */
const FALLBACK_CLASSES: readonly FailureClass[] = [...GROUPS.general, ...GROUPS.context_window];

/** Compiles a route; problems are appended with paths below `path`. */
export function compileRoute(
  definition: RouteDefinition,
  path: readonly PropertyKey[],
  problems: TemplateProblem[],
): Route {
  const targets: TargetDefinition[] = [];
  const root = compileNode(definition, path, { targets, problems });
  const ways: Way[] = targets.map(() => []);
  collectWays(root, [], ways);
  return {
    targets,
    root,
    ways,
    width: widthOf(root),
    dropsUnsupported: definition.drop_unsupported ?? false,
    hedge: definition.hedge === undefined ? null : planHedge(definition.hedge),
  };
}

function planHedge({ after, or, max = 1 }: HedgeDefinition): HedgePlan {
  return { afterMs: parseDurationMs(after), orMs: durationMs(or, null), max };
}

type Compiling = { readonly targets: TargetDefinition[]; readonly problems: TemplateProblem[] };

function compileNode(
  { strategy, targets }: RouteTree,
  path: readonly PropertyKey[],
  compiling: Compiling,
): RouteNode {
  const { mode, on, key } = strategy ?? { mode: 'fallback' };
  const used = mode === 'single' ? targets.slice(0, 1) : targets;
  return {
    mode,
    on: new Set(on?.flatMap(classesOf) ?? FALLBACK_CLASSES),
    key:
      key === undefined
        ? null
        : compileCondition(key, [...path, 'strategy', 'key'], compiling.problems),
    branches: used.map((entry, index) =>
      compileBranch(entry, [...path, 'targets', index], compiling),
    ),
  };
}

function compileBranch(
  entry: RouteEntry,
  path: readonly PropertyKey[],
  compiling: Compiling,
): Branch {
  const { weight = 1, when } = entry;
  const condition =
    when === undefined ? null : compileCondition(when, [...path, 'when'], compiling.problems);
  if ('route' in entry) {
    const inside = compileNode(entry.route, [...path, 'route'], compiling);
    return { weight, when: condition, name: nameOf(inside), inside };
  }
  const targetIndex = compiling.targets.push(entry) - 1;
  const name = `${entry.provider}/${entry.model}`;
  return { weight, when: condition, name, inside: { targetIndex } };
}

function nameOf({ branches }: RouteNode): string {
  return `(${branches.map(({ name }) => name).join(' ')})`;
}

function classesOf(name: FailureClass | FailureGroup): readonly FailureClass[] {
  return isGroup(name) ? GROUPS[name] : [name];
}

function isGroup(name: FailureClass | FailureGroup): name is FailureGroup {
  return name in GROUPS;
}

function collectWays(node: RouteNode, above: Way, ways: Way[]): void {
  for (const branch of node.branches) {
    const way = [...above, { node, branch }];
    if ('targetIndex' in branch.inside) ways[branch.inside.targetIndex] = way;
    else collectWays(branch.inside, way, ways);
  }
}

/** A conditional route takes one of its branches and stays in it. */
function widthOf({ mode, branches }: RouteNode): number {
  const widths = branches.map(({ inside }) => ('targetIndex' in inside ? 1 : widthOf(inside)));
  return mode === 'conditional'
    ? Math.max(...widths)
    : widths.reduce((sum, width) => sum + width, 0);
}

/** True when the route lets a failure of this class at one target move on to the other one. */
export function movesBetween(
  { ways }: Route,
  from: number,
  to: number,
  failureClass: FailureClass,
): boolean {
  const there = ways[to] ?? [];
  const parting = (ways[from] ?? []).find(({ branch }, depth) => there[depth]?.branch !== branch);
  return parting?.node.on.has(failureClass) === true;
}

/** What the expressions of a route read, each with the place at which it stands below the route. */
export function routeExpressions(
  root: RouteNode,
): { readonly compiled: Compiled; readonly path: readonly PropertyKey[] }[] {
  const own = root.key === null ? [] : [{ compiled: root.key, path: ['strategy', 'key'] }];
  const below = root.branches.flatMap(({ when, inside }, index) => {
    const at = (rest: readonly PropertyKey[]) => ['targets', index, ...rest];
    return [
      ...(when === null ? [] : [{ compiled: when, path: at(['when']) }]),
      ...('targetIndex' in inside
        ? []
        : routeExpressions(inside).map(({ compiled, path }) => ({
            compiled,
            path: at(['route', ...path]),
          }))),
    ];
  });
  return [...own, ...below];
}

export function routeReads(route: Route | null): readonly Path[] {
  if (route === null) return [];
  return routeExpressions(route.root).flatMap(({ compiled }) => compiled.reads);
}

/** The routes of a definition by their names, compiled. */
export function compileRoutes(
  { routes }: Definition,
  problems: TemplateProblem[],
): ReadonlyMap<string, Route> {
  return new Map(
    Object.entries(routes ?? {}).map(([name, route]) => [
      name,
      compileRoute(route, ['routes', name], problems),
    ]),
  );
}
