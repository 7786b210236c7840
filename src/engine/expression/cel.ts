import {
  celEnv,
  isCelError,
  isCelList,
  isCelMap,
  isCelUint,
  parse,
  plan,
  type CelInput,
  type CelResult,
  type CelUint,
} from '@bufbuild/cel';

import type { Json } from '../../domain/json.ts';
import { analyse, type Analysis } from './analysis.ts';
import { openBudget } from './budget.ts';
import { functions } from './functions.ts';
import { celOf } from './json-values.ts';
import type { Scope } from './path.ts';

/**
 * CEL with limits: on the text, on its tree (`analysis.ts`), and on what an evaluation may take (`budget.ts`).
 * It cannot reach JavaScript, and `matches` runs on a linear-time RE2.
 */

const EXPRESSION_CHARACTERS_MAX = 2_000;
/** Brackets within brackets. A bound of its own, so that no stack decides what compiles where. */
const NESTING_MAX = 100;

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

const environment = celEnv({ funcs: [...functions] });

/** Compiles one CEL expression, without the `${{ }}` around it. Errors are sentences for the author. */
export function compileExpression(source: string): Compilation {
  if (source.length > EXPRESSION_CHARACTERS_MAX) {
    return { ok: false, message: `is longer than ${EXPRESSION_CHARACTERS_MAX} characters` };
  }
  if (nesting(source) > NESTING_MAX) return { ok: false, message: 'is nested too deeply' };
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

function nesting(source: string): number {
  let [depth, deepest] = [0, 0];
  for (const [bracket] of source.matchAll(/[()[\]{}]/g)) {
    depth += '([{'.includes(bracket) ? 1 : -1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

type Run = (bindings: Record<string, CelInput>) => CelResult;

function evaluate(run: Run, scope: Scope): Evaluation {
  openBudget();
  try {
    const result = run(bindings(scope));
    if (isCelError(result)) return { ok: false, message: result.message };
    return { ok: true, value: toJson(result) };
  } catch (error) {
    return {
      ok: false,
      message: error instanceof Error ? error.message : 'it could not be evaluated',
    };
  }
}

function bindings(scope: Scope): Record<string, CelInput> {
  return Object.fromEntries(Object.entries(scope).map(([root, value]) => [root, celOf(value)]));
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
