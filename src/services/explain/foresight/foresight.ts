import type { JsonObject, Json } from '../../../domain/json.ts';
import { jsonBytes } from '../../../domain/json.ts';
import type { Compiled } from '../../../engine/expression/cel.ts';
import {
  formatPath,
  putAbsent,
  putAt,
  valueAt,
  type Path,
  type Scope,
} from '../../../engine/expression/path.ts';
import { fillTemplate, readsOf, type Template } from '../../../engine/expression/template.ts';
import type { Plan } from '../../../engine/plan/plan.ts';
import { tooLarge } from '../../../engine/scope.ts';
import { CONTROL_VALUE_BYTES_MAX } from '../../../engine/world.ts';

/**
 * What can be said of a job before it runs. It is taken that a step which runs succeeds, unless it is known to fail;
 * what it puts out is known where it computes without a model, or where a sample was given.
 */
export type Foresight = {
  readonly plan: Plan;
  readonly input: Json;
  readonly metadata: Readonly<Record<string, string>>;
  /** What of `job` is known: neither its id nor its moment. */
  readonly job: JsonObject;
  readonly steps: ReadonlyMap<string, ForeseenStep>;
};

export type ForeseenStep = {
  /** Null when only the run will know. */
  readonly runs: boolean | null;
  /** True for a handler of a step that is not known to fail: nobody waits for what it does. */
  readonly standsBy: boolean;
  readonly status: 'succeeded' | 'failed' | 'skipped' | null;
  readonly error: Json;
  readonly output: ForeseenOutput;
};

export type ForeseenOutput =
  | { readonly known: true; readonly value: Json }
  | { readonly known: false };

/** What an expression gives, as far as it can be said. */
export type Foreseen =
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'failure'; readonly message: string }
  /** It reads these places, which only a run will know. */
  | { readonly kind: 'unknown'; readonly reads: readonly string[] };

/** What the expressions of a map's item may read beside the rest. */
export type ItemScope = { readonly item: Json; readonly index: number };

/** Evaluates an expression that steers the job: what it reads at one place is bounded, as in a run. */
export function foreseeControl(foresight: Foresight, compiled: Compiled): Foreseen {
  const scope = scopeFor(foresight, compiled.reads, null);
  if (scope.kind !== 'scope') return scope;
  const large = firstTooLarge(scope.scope, compiled.reads);
  if (large !== null) return { kind: 'failure', message: large };
  const evaluation = compiled.evaluate(scope.scope);
  if (evaluation.ok) return { kind: 'value', value: evaluation.value };
  const message = `\`${compiled.source}\` cannot be evaluated: ${evaluation.message}`;
  return { kind: 'failure', message };
}

/** Fills a template in. */
export function foreseeTemplate(
  foresight: Foresight,
  template: Template,
  item: ItemScope | null = null,
): Foreseen {
  const scope = scopeFor(foresight, readsOf(template), item);
  if (scope.kind !== 'scope') return scope;
  const filled = fillTemplate(template, scope.scope, 'fail');
  return filled.ok
    ? { kind: 'value', value: filled.value }
    : { kind: 'failure', message: filled.message };
}

/** What the message of something unknown says. */
export function unknownBecause(reads: readonly string[]): string {
  const places = reads.map((read) => `\`${read}\``).join(', ');
  return `reads ${places}, which only a run will know; give a sample of the step's output in \`outputs\` to go on from there`;
}

type Scoped =
  | { readonly kind: 'scope'; readonly scope: Scope }
  | Extract<Foreseen, { kind: 'unknown' }>;

function scopeFor(foresight: Foresight, reads: readonly Path[], item: ItemScope | null): Scoped {
  const scope: Scope = { metadata: { ...foresight.metadata }, job: { ...foresight.job } };
  if (item !== null) Object.assign(scope, item);
  const unknown: string[] = [];
  for (const path of reads) {
    const found = lookUp(foresight, path);
    if (found.kind === 'unknown') unknown.push(formatPath(path));
    else if (found.kind === 'absent') putAbsent(scope, path);
    else if (found.kind === 'value') putAt(scope, found.path, found.value);
  }
  return unknown.length === 0 ? { kind: 'scope', scope } : { kind: 'unknown', reads: unknown };
}

type Found =
  | { readonly kind: 'value'; readonly path: Path; readonly value: Json }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown' }
  /** It is in the scope already. */
  | { readonly kind: 'there' };

function lookUp({ input, job, metadata, steps, plan }: Foresight, path: Path): Found {
  const [root, first] = path;
  switch (root) {
    case 'input':
      return at(path, valueAt(input, path.slice(1)));
    case 'metadata':
      return path.length === 1 ? { kind: 'there' } : at(path, metadata[String(first)]);
    case 'job':
      return first !== undefined && Object.hasOwn(job, first)
        ? { kind: 'there' }
        : { kind: 'unknown' };
    case 'steps':
      return stepAt(plan, steps, path);
    default:
      return { kind: 'there' };
  }
}

function at(path: Path, value: Json | undefined): Found {
  return value === undefined ? { kind: 'absent' } : { kind: 'value', path, value };
}

function stepAt(plan: Plan, steps: Foresight['steps'], path: Path): Found {
  const [, id, field, ...below] = path;
  const step = steps.get(String(id));
  if (step === undefined) return { kind: 'unknown' };
  const place = path.slice(0, 3);
  if (field === 'output') {
    const output = outputOf(plan, steps, String(id));
    if (!output.known) return { kind: 'unknown' };
    // Below an output that is null everything is null.
    if (output.value === null) return { kind: 'value', path: place, value: null };
    return at(path, valueAt(output.value, below));
  }
  if (step.status === null) return { kind: 'unknown' };
  const value = field === 'status' ? step.status : step.error;
  return { kind: 'value', path: place, value };
}

/** The output that counts as a step's: its own, or that of the handler which stands in for it. */
function outputOf({ byId }: Plan, steps: Foresight['steps'], id: string): ForeseenOutput {
  const step = steps.get(id);
  const policy = byId.get(id)?.onFailure;
  if (step?.status === 'failed' && policy?.kind === 'handler') {
    return steps.get(policy.step)?.output ?? { known: false };
  }
  return step?.output ?? { known: false };
}

function firstTooLarge(scope: Scope, reads: readonly Path[]): string | null {
  for (const path of reads) {
    const value = valueAt(scope, path);
    const bytes = value === undefined ? 0 : jsonBytes(value);
    if (bytes > CONTROL_VALUE_BYTES_MAX) return tooLarge(path, bytes).message;
  }
  return null;
}
