import { parse } from '@bufbuild/cel';

/**
 * Puts the meter of `budget.ts` into a syntax tree, as calls of functions that no author may call: every round
 * of a loop ticks, every value that is made is weighed, and whoever looks at whole values pays for them.
 */
type Expr = ReturnType<typeof parse>['expr'];

const TICK = '__tick';
const SPEND = '__spend';
const KEEP = '__keep';

export function isMeter(name: string): boolean {
  return name === TICK || name === SPEND || name === KEEP;
}

/** Calls whose cost does not grow with their arguments, or that pay by themselves. */
const CHEAP: ReadonlySet<string> = new Set([
  '_&&_',
  '_||_',
  '_?_:_',
  '!_',
  '-_',
  '@not_strictly_false',
  '_[_]',
  '_+_',
  '_-_',
  '_*_',
  '_/_',
  '_%_',
  '_<_',
  '_<=_',
  '_>_',
  '_>=_',
  'size',
]);

/** `__tick() ? condition : false`; the tick throws once the rounds are used up. */
export function tickedCondition(condition: Expr): Expr {
  const wrapped = parse(`${TICK}() ? true : false`).expr;
  if (wrapped.exprKind.case === 'callExpr') wrapped.exprKind.value.args[1] = condition;
  return wrapped;
}

/** Wraps a node where it makes a value, and its parts where it looks at them. Changes it in place. */
export function meterNode(node: Expr): void {
  const kind = node.exprKind;
  if (kind.case === 'listExpr' || kind.case === 'structExpr') wrapInPlace(node, KEEP);
  if (kind.case !== 'callExpr' || CHEAP.has(kind.value.function)) return;
  const call = kind.value;
  call.args = call.args.map(spending);
  if (call.target !== undefined) call.target = spending(call.target);
  wrapInPlace(node, KEEP);
}

/** Constants stay as they are: they are small, and a pattern that is one is compiled once. */
function spending(node: Expr): Expr {
  return node.exprKind.case === 'constExpr' ? node : callOf(SPEND, node);
}

function wrapInPlace(node: Expr, name: string): void {
  const inner = parse('0').expr;
  inner.exprKind = node.exprKind;
  node.exprKind = callOf(name, inner).exprKind;
}

function callOf(name: string, argument: Expr): Expr {
  const call = parse(`${name}(0)`).expr;
  if (call.exprKind.case === 'callExpr') call.exprKind.value.args[0] = argument;
  return call;
}
