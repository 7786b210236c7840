import {
  CelScalar,
  celEnv,
  celFunc,
  celList,
  isCelError,
  isCelList,
  isCelMap,
  isCelUint,
  listType,
  parse,
  plan,
  type CelResult,
  type CelUint,
} from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';

import type { Json } from '../../domain/json.ts';
import { analyse, type Analysis } from './analysis.ts';
import type { Scope } from './path.ts';

/**
 * CEL with limits. CEL cannot loop for ever and cannot reach JavaScript, but nested comprehensions over long
 * lists still cost time, so every round of a comprehension ticks a meter (`analysis.ts` puts the tick in).
 * `matches` runs on a linear-time RE2. Numbers of JSON are doubles, and CEL refuses `double + int`; the mixed
 * overloads below make `n + 1` mean what a reader expects.
 */

export const EXPRESSION_CHARACTERS_MAX = 2_000;
const ITERATIONS_MAX = 5_000;

export type Compiled = {
  readonly source: string;
  /** The places this expression reads; a place may be absent when it runs. */
  readonly reads: Analysis['reads'];
  evaluate(scope: Scope): Evaluation;
};

export type Evaluation =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly message: string };

export type Compilation =
  | { readonly ok: true; readonly compiled: Compiled }
  | { readonly ok: false; readonly message: string };

/** Rounds left in the evaluation that is under way; evaluation never awaits, so there is only one. */
const meter = { left: 0 };

const { DOUBLE, INT, BOOL, DYN } = CelScalar;
const LIST = listType(DYN);

const arithmetic: Record<string, (left: number, right: number) => number> = {
  '_+_': (left, right) => left + right,
  '_-_': (left, right) => left - right,
  '_*_': (left, right) => left * right,
  '_/_': (left, right) => left / right,
  '_%_': (left, right) => left % right,
};

const environment = celEnv({
  funcs: [
    ...strings,
    ...Object.entries(arithmetic).flatMap(([name, compute]) => [
      celFunc(name, [DOUBLE, INT], DOUBLE, (left, right) => compute(left, Number(right))),
      celFunc(name, [INT, DOUBLE], DOUBLE, (left, right) => compute(Number(left), right)),
    ]),
    celFunc('_%_', [DOUBLE, DOUBLE], DOUBLE, (left, right) => left % right),
    // The library's own concatenation nests its lists; a long `map` would overflow the stack.
    celFunc('_+_', [LIST, LIST], LIST, (left, right) => celList([...left, ...right])),
    celFunc('__tick', [], BOOL, () => {
      meter.left -= 1;
      if (meter.left < 0) {
        throw new RangeError(
          `it loops over more than ${ITERATIONS_MAX.toLocaleString('en')} elements`,
        );
      }
      return true;
    }),
  ],
});

/** Compiles one CEL expression, without the `${{ }}` around it. Errors are sentences for the author. */
export function compileExpression(source: string): Compilation {
  if (source.length > EXPRESSION_CHARACTERS_MAX) {
    return { ok: false, message: `is longer than ${EXPRESSION_CHARACTERS_MAX} characters` };
  }
  try {
    const parsed = parse(source);
    const analysis = analyse(parsed.expr);
    if (analysis.problem !== null) return { ok: false, message: analysis.problem };
    const run = plan(environment, parsed);
    return {
      ok: true,
      compiled: { source, reads: analysis.reads, evaluate: (scope) => evaluate(run, scope) },
    };
  } catch (error) {
    return { ok: false, message: syntaxMessage(error) };
  }
}

function evaluate(run: (scope: Scope) => CelResult, scope: Scope): Evaluation {
  meter.left = ITERATIONS_MAX;
  try {
    const result = run(scope);
    if (isCelError(result)) return { ok: false, message: result.message };
    return { ok: true, value: toJson(result) };
  } catch (error) {
    return {
      ok: false,
      message: error instanceof Error ? error.message : 'it could not be evaluated',
    };
  }
}

function toJson(value: unknown): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return finite(value);
  if (typeof value === 'bigint') return finite(Number(value));
  if (isCelUint(value)) return finite(Number(value.value));
  if (isCelList(value)) return [...value].map(toJson);
  if (isCelMap(value)) {
    return Object.fromEntries(
      [...value.entries()].map(([key, inner]) => [keyText(key), toJson(inner)]),
    );
  }
  throw new TypeError('its result has no JSON form; convert it with string(…)');
}

function keyText(key: string | bigint | boolean | CelUint): string {
  return isCelUint(key) ? key.value.toString() : `${key}`;
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new RangeError('its result is not a finite number');
  return value;
}

function syntaxMessage(error: unknown): string {
  if (error instanceof RangeError) return 'is nested too deeply';
  const raw: unknown = error instanceof Error ? Reflect.get(error, 'rawMessage') : null;
  const text = error instanceof Error ? error.message : 'cannot be parsed';
  const column: unknown = /:(\d+):(\d+):/.exec(text)?.[2];
  if (typeof raw !== 'string') return text;
  return `has a syntax error${typeof column === 'string' ? ` at column ${column}` : ''}: ${raw}`;
}
