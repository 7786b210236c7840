import type { parse } from '@bufbuild/cel';

import { isMeter, meterNode, tickedCondition } from './metering.ts';
import { formatPath, outermost, roots, type Path } from './path.ts';

/** An expression of CEL's syntax tree. The library does not export the type by name. */
type Expr = ReturnType<typeof parse>['expr'];

export type Analysis = {
  /** Outermost places read, relative to the scope's roots. */
  readonly reads: readonly Path[];
  /** Why the expression is refused; a sentence for its author. */
  readonly problem: string | null;
};

const NODES_MAX = 500;
const NESTED_LOOPS_MAX = 2;

type Walk = {
  readonly reads: Path[];
  nodes: number;
  problem: string | null;
};

/**
 * Walks a syntax tree once: finds which places it reads, refuses unknown names and trees that are too large,
 * and puts the meter in (see `metering.ts`). Changes the tree in place.
 */
export function analyse(root: Expr): Analysis {
  const walk: Walk = { reads: [], nodes: 0, problem: null };
  visit(walk, root, new Set(), 0);
  return { reads: outermost(walk.reads), problem: walk.problem };
}

function visit(walk: Walk, node: Expr, locals: ReadonlySet<string>, loops: number): void {
  walk.nodes += 1;
  if (walk.nodes > NODES_MAX) {
    walk.problem ??= `has more than ${NODES_MAX} parts; split it over steps`;
    return;
  }
  const path = pathOf(node);
  if (path !== null) {
    readPath(walk, path, locals);
    return;
  }
  visitChildren(walk, node, locals, loops);
}

function readPath(walk: Walk, path: Path, locals: ReadonlySet<string>): void {
  const [root] = path;
  if (typeof root !== 'string' || locals.has(root)) return;
  if (!roots.some((known) => known === root)) {
    walk.problem ??= `reads ${JSON.stringify(formatPath(path))}, and there is no ${root} here; it may begin with ${roots.join(', ')}`;
    return;
  }
  walk.reads.push(path);
}

/** The path that a chain of selections and constant indexes spells; null for anything else. */
function pathOf(node: Expr | undefined): Path | null {
  const kind = node?.exprKind;
  switch (kind?.case) {
    case 'identExpr':
      return [kind.value.name];
    case 'selectExpr':
      return longer(pathOf(kind.value.operand), kind.value.field);
    case 'callExpr': {
      const [list, index] = kind.value.function === '_[_]' ? kind.value.args : [];
      return longer(pathOf(list), constantIndex(index));
    }
    default:
      return null;
  }
}

function longer(path: Path | null, part: string | number | null): Path | null {
  return path === null || part === null ? null : [...path, part];
}

function constantIndex(node: Expr | undefined): string | number | null {
  if (node?.exprKind.case !== 'constExpr') return null;
  const constant = node.exprKind.value.constantKind;
  if (constant.case === 'stringValue') return constant.value;
  if (constant.case === 'int64Value' && constant.value >= 0n) return Number(constant.value);
  return null;
}

function visitChildren(walk: Walk, node: Expr, locals: ReadonlySet<string>, loops: number): void {
  const kind = node.exprKind;
  if (kind.case === 'comprehensionExpr') visitComprehension(walk, kind.value, locals, loops);
  else visitAll(walk, childrenOf(kind), locals, loops);
  if (kind.case === 'callExpr' && isMeter(kind.value.function)) {
    walk.problem ??= `calls ${kind.value.function}, and there is no such function`;
  }
  meterNode(node);
}

type Kind = Expr['exprKind'];

function childrenOf(
  kind: Exclude<Kind, { case: 'comprehensionExpr' }>,
): readonly (Expr | undefined)[] {
  switch (kind.case) {
    case 'selectExpr':
      return [kind.value.operand];
    case 'callExpr':
      return [kind.value.target, ...kind.value.args];
    case 'listExpr':
      return kind.value.elements;
    case 'structExpr':
      return kind.value.entries.flatMap(({ keyKind, value }) =>
        keyKind.case === 'mapKey' ? [keyKind.value, value] : [value],
      );
    case 'constExpr':
    case 'identExpr':
    case undefined:
      return [];
  }
}

type Comprehension = Extract<Kind, { case: 'comprehensionExpr' }>['value'];

function visitComprehension(
  walk: Walk,
  loop: Comprehension,
  locals: ReadonlySet<string>,
  loops: number,
): void {
  if (loops >= NESTED_LOOPS_MAX) {
    walk.problem ??= `nests more than ${NESTED_LOOPS_MAX} loops (map, filter, all, exists); split it over steps`;
    return;
  }
  visitAll(walk, [loop.iterRange, loop.accuInit], locals, loops);
  const inner = new Set([...locals, loop.iterVar, loop.iterVar2, loop.accuVar]);
  visitAll(walk, [loop.loopCondition, loop.loopStep, loop.result], inner, loops + 1);
  if (loop.loopCondition !== undefined) loop.loopCondition = tickedCondition(loop.loopCondition);
}

function visitAll(
  walk: Walk,
  nodes: readonly (Expr | undefined)[],
  locals: ReadonlySet<string>,
  loops: number,
): void {
  for (const node of nodes) {
    if (node !== undefined) visit(walk, node, locals, loops);
  }
}
