import type { Failure } from '../../domain/job/failure.ts';
import type { Target } from '../../domain/job/attempt.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import { drawOf, rankOf } from './draw.ts';
import type { Compiled } from '../expression/cel.ts';
import type { Branch, Route, RouteNode } from './plan-route.ts';
import { unevaluable, type Control } from '../scope.ts';
import type { TargetView } from '../world.ts';

/** What decides in which order the targets of a route are asked. */
export type OrderInput = {
  /** Names the work: the same for all attempts of one step, or of one item of a map. */
  readonly seed: string;
  readonly evaluate: (compiled: Compiled) => Control;
  readonly view: (target: Target) => TargetView;
  /** True for an order that is only shown: what most of the work finds. */
  readonly explained?: true;
};

/** Places in the route's `targets`, the first one to ask first; those that are not asked at all are left out. */
export type Order =
  | { readonly ok: true; readonly indexes: readonly number[] }
  | { readonly ok: false; readonly failure: Failure };

/**
 * The targets of a route in the order in which one piece of work asks them. Conditions and keys read what never
 * changes once a step is open, so that all attempts find the same branches; prices and latencies may change between them.
 */
export function orderTargets(route: Route, input: OrderInput): Order {
  try {
    return { ok: true, indexes: inOrder(route.root, { ...input, route, place: 'route' }) };
  } catch (error) {
    if (error instanceof OrderError) return { ok: false, failure: error.failure };
    throw error;
  }
}

/** Carries a failure out of the recursion; never leaves this file. */
class OrderError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

type Ordering = OrderInput & { readonly route: Route; readonly place: string };

function inOrder(node: RouteNode, ordering: Ordering): number[] {
  const { mode, branches } = node;
  switch (mode) {
    case 'single':
    case 'fallback':
      return branches.flatMap((branch) => inside(branch, ordering));
    case 'conditional': {
      const taken = branches.find((branch) => isTaken(branch, ordering));
      return taken === undefined ? [] : inside(taken, ordering);
    }
    case 'loadbalance':
      return balanced(node, ordering);
    case 'cheapest':
      return byFirst(node, ordering, (view) => view.costNanoUsdPerMTok);
    case 'fastest':
      return fastestFirst(node, ordering);
  }
}

function inside(branch: Branch, ordering: Ordering): number[] {
  if ('targetIndex' in branch.inside) return [branch.inside.targetIndex];
  // A route inside another draws by itself.
  return inOrder(branch.inside, { ...ordering, place: `${ordering.place}/${branch.name}` });
}

function isTaken({ when }: Branch, { evaluate }: Ordering): boolean {
  if (when === null) return true;
  const control = evaluate(when);
  if (control.ok && typeof control.value === 'boolean') return control.value;
  throw new OrderError(
    (control.ok ? unevaluable(`\`${when.source}\` must be true or false`) : control).failure,
  );
}

/** A draw by weight, and the others after it as further draws. */
function balanced({ key, branches }: RouteNode, ordering: Ordering): number[] {
  const seed = `${ordering.place}\n${key === null ? ordering.seed : keyText(key, ordering)}`;
  const seen = new Map<string, number>();
  return branches
    .map((branch) => {
      const times = seen.get(branch.name) ?? 0;
      seen.set(branch.name, times + 1);
      return { branch, rank: rankOf(seed, `${branch.name}#${times}`, branch.weight) };
    })
    .toSorted((left, right) => compare(left.rank, right.rank))
    .flatMap(({ branch }) => inside(branch, ordering));
}

function keyText(key: Compiled, { evaluate }: Ordering): string {
  const control = evaluate(key);
  if (!control.ok) throw new OrderError(control.failure);
  return canonicalJson(control.value);
}

type Known = Extract<TargetView, { usable: true }>;

/** By what is known of the target that each branch would ask first; unknown ones last, in the order of the list. */
function byFirst(
  { branches }: RouteNode,
  ordering: Ordering,
  measure: (view: Known) => number | null | undefined,
): number[] {
  return branches
    .map((branch) => inside(branch, ordering))
    .map((indexes) => ({ indexes, value: measured(indexes, ordering, measure) }))
    .toSorted((left, right) => compare(left.value, right.value))
    .flatMap(({ indexes }) => indexes);
}

/** Of the work of a route, so much begins with a target of which nobody knows how long it takes. */
const MEASURING_SHARE = 0.05;

type Timed = { readonly indexes: readonly number[]; readonly value: number };

/**
 * Those whose time is known by their times, in the places that they have among themselves; the others keep theirs. A
 * small part of the work, drawn like all shares, begins with the first of those others, so that its time is known from
 * then on.
 */
function fastestFirst({ branches }: RouteNode, ordering: Ordering): number[] {
  const all = branches.map((branch): Timed => {
    const indexes = inside(branch, ordering);
    return { indexes, value: measured(indexes, ordering, (view) => view.latencyMs) };
  });
  const known = all.filter(isMeasured).toSorted((left, right) => compare(left.value, right.value));
  const ordered = all.map((each) => (isMeasured(each) ? (known.shift() ?? each) : each));
  return measuringFirst(ordered, ordering).flatMap(({ indexes }) => indexes);
}

function measuringFirst(ordered: readonly Timed[], ordering: Ordering): readonly Timed[] {
  const unknown = ordered.find((each) => !isMeasured(each) && isMeasurable(each, ordering));
  if (unknown === undefined || !isToMeasure(ordering)) return ordered;
  return [unknown, ...ordered.filter((each) => each !== unknown)];
}

function isMeasured({ value }: Timed): boolean {
  return value < Number.POSITIVE_INFINITY;
}

/** Only calls that leave the Worker are measured. */
function isMeasurable({ indexes }: Timed, { route, view }: Ordering): boolean {
  const views = indexes.flatMap((index) => {
    const definition = route.targets[index];
    return definition === undefined ? [] : [view(targetOf(definition))];
  });
  const first = views.find(({ usable }) => usable);
  return first?.usable === true && !first.local;
}

function isToMeasure({ seed, place, explained }: Ordering): boolean {
  return explained !== true && drawOf(`${seed}\n${place}\nmeasures`) < MEASURING_SHARE;
}

function measured(
  indexes: readonly number[],
  { route, view }: Ordering,
  measure: (view: Known) => number | null | undefined,
): number {
  for (const index of indexes) {
    const definition = route.targets[index];
    if (definition === undefined) continue;
    const known = view(targetOf(definition));
    if (known.usable) return measure(known) ?? Number.POSITIVE_INFINITY;
  }
  return Number.POSITIVE_INFINITY;
}

function targetOf({ provider, model }: Target): Target {
  return { provider, model };
}

/** Unlike a difference this is 0 for two infinite numbers. */
function compare(left: number, right: number): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
