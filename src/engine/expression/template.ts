import { isJsonObject, type Json } from '../../domain/json.ts';
import { compileExpression, type Compiled, type Evaluation } from './cel.ts';
import { formatPath, outermost, parsePlainPath, valueAt, type Path, type Scope } from './path.ts';

/**
 * JSON with `${{ … }}` in its strings. A string that is one expression and nothing else yields the value
 * itself, with its type; an expression inside text is interpolated (objects and lists as compact JSON).
 */
export type Template =
  | { readonly kind: 'literal'; readonly value: Json }
  /** A place and nothing else: read without CEL, so that any size and type passes through untouched. */
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'expression'; readonly compiled: Compiled }
  | { readonly kind: 'text'; readonly parts: readonly Template[] }
  | { readonly kind: 'list'; readonly items: readonly Template[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, Template])[] };

/** A mistake in a template: where in the JSON, and a sentence. */
export type TemplateProblem = { readonly path: readonly PropertyKey[]; readonly message: string };

/** What a plain path that leads nowhere means: a failure, or null. */
export type Absence = 'fail' | 'null';

/** Compiles JSON with expressions; problems are appended to `problems`. */
export function compileTemplate(
  value: Json,
  path: readonly PropertyKey[],
  problems: TemplateProblem[],
): Template {
  if (typeof value === 'string') return compileText(value, path, problems);
  if (Array.isArray(value)) {
    return {
      kind: 'list',
      items: value.map((item, index) => compileTemplate(item, [...path, index], problems)),
    };
  }
  if (isJsonObject(value)) {
    return {
      kind: 'object',
      entries: Object.entries(value).map(
        ([key, inner]) => [key, compileTemplate(inner, [...path, key], problems)] as const,
      ),
    };
  }
  return { kind: 'literal', value };
}

function compileText(
  text: string,
  path: readonly PropertyKey[],
  problems: TemplateProblem[],
): Template {
  const pieces = splitExpressions(text);
  if (pieces === null) {
    problems.push({ path, message: 'has a "${{" without its "}}"' });
    return { kind: 'literal', value: text };
  }
  const parts = pieces.map((piece) =>
    piece.expression
      ? compileOne(piece.text.trim(), path, problems)
      : ({ kind: 'literal', value: piece.text } as const),
  );
  const [first] = parts;
  if (first === undefined) return { kind: 'literal', value: '' };
  return parts.length === 1 ? first : { kind: 'text', parts };
}

/** Compiles a text that must be one expression and nothing else, such as a step's `if`. */
export function compileCondition(
  text: string,
  path: readonly PropertyKey[],
  problems: TemplateProblem[],
): Compiled | null {
  const [piece, ...rest] = splitExpressions(text.trim()) ?? [];
  if (piece?.expression !== true || rest.length > 0) {
    problems.push({ path, message: 'must be one expression: "${{ … }}"' });
    return null;
  }
  return compileSource(piece.text.trim(), path, problems);
}

type Piece = { readonly expression: boolean; readonly text: string };

/** Cuts a text into literal pieces and expressions; null when a `${{` is not closed. */
function splitExpressions(text: string): Piece[] | null {
  const pieces: Piece[] = [];
  let position = 0;
  while (position < text.length) {
    const open = text.indexOf('${{', position);
    if (open === -1) break;
    const close = closingBraces(text, open + 3);
    if (close === null) return null;
    if (open > position) pieces.push({ expression: false, text: text.slice(position, open) });
    pieces.push({ expression: true, text: text.slice(open + 3, close) });
    position = close + 2;
  }
  if (position < text.length) pieces.push({ expression: false, text: text.slice(position) });
  return pieces;
}

/** Index of the `}}` that closes an expression, passing over strings and nested braces of CEL maps. */
function closingBraces(text: string, from: number): number | null {
  const token = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{}]/g;
  token.lastIndex = from;
  let depth = 0;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    if (match[0] === '{') depth += 1;
    else if (match[0] === '}') depth -= 1;
    if (depth < 0) return text.charAt(match.index + 1) === '}' ? match.index : null;
  }
  return null;
}

function compileOne(
  source: string,
  path: readonly PropertyKey[],
  problems: TemplateProblem[],
): Template {
  const plain = parsePlainPath(source);
  if (plain !== null) return { kind: 'path', path: plain };
  const compiled = compileSource(source, path, problems);
  return compiled === null ? { kind: 'literal', value: null } : { kind: 'expression', compiled };
}

function compileSource(
  source: string,
  path: readonly PropertyKey[],
  problems: TemplateProblem[],
): Compiled | null {
  const compilation = compileExpression(source);
  if (compilation.ok) return compilation.compiled;
  problems.push({ path, message: `the expression \`${source}\` ${compilation.message}` });
  return null;
}

/** The outermost places that a template reads. */
export function readsOf(template: Template): Path[] {
  return outermost(allReads(template));
}

function allReads(template: Template): readonly Path[] {
  switch (template.kind) {
    case 'literal':
      return [];
    case 'path':
      return [template.path];
    case 'expression':
      return template.compiled.reads;
    case 'text':
      return template.parts.flatMap(allReads);
    case 'list':
      return template.items.flatMap(allReads);
    case 'object':
      return template.entries.flatMap(([, inner]) => allReads(inner));
  }
}

/** The parts of a template that compute, without those that only name a place. */
export function computedParts(template: Template): Compiled[] {
  switch (template.kind) {
    case 'literal':
    case 'path':
      return [];
    case 'expression':
      return [template.compiled];
    case 'text':
      return template.parts.flatMap(computedParts);
    case 'list':
      return template.items.flatMap(computedParts);
    case 'object':
      return template.entries.flatMap(([, inner]) => computedParts(inner));
  }
}

/** Fills a template in from a scope. The first failing expression decides. */
export function fillTemplate(template: Template, scope: Scope, absence: Absence): Evaluation {
  try {
    return { ok: true, value: fill(template, scope, absence) };
  } catch (error) {
    if (error instanceof FillError) return { ok: false, message: error.message };
    throw error;
  }
}

/** Carries a sentence out of the recursion; never leaves this file. */
class FillError extends Error {}

function fill(template: Template, scope: Scope, absence: Absence): Json {
  switch (template.kind) {
    case 'literal':
      return template.value;
    case 'path':
      return placeValue(template.path, scope, absence);
    case 'expression':
      return computed(template.compiled, scope);
    case 'text':
      return template.parts.map((part) => asText(fill(part, scope, absence))).join('');
    case 'list':
      return template.items.map((item) => fill(item, scope, absence));
    case 'object':
      return Object.fromEntries(
        template.entries.map(([key, inner]) => [key, fill(inner, scope, absence)]),
      );
  }
}

function placeValue(path: Path, scope: Scope, absence: Absence): Json {
  const value = valueAt(scope, path);
  if (value !== undefined) return value;
  if (absence === 'null' || belowNullOutput(path, scope)) return null;
  throw new FillError(`\`${formatPath(path)}\` is absent`);
}

/** A step that was skipped or failed has the output null; whatever is asked of it is null too. */
function belowNullOutput(path: Path, scope: Scope): boolean {
  return path[0] === 'steps' && valueAt(scope, path.slice(0, 3)) === null;
}

function computed(compiled: Compiled, scope: Scope): Json {
  const evaluation = compiled.evaluate(scope);
  if (evaluation.ok) return evaluation.value;
  throw new FillError(`\`${compiled.source}\` cannot be evaluated: ${evaluation.message}`);
}

function asText(value: Json): string {
  if (typeof value === 'string') return value;
  return value === null ? '' : JSON.stringify(value);
}
