import type { JobState, StepState } from '../domain/job/job.ts';
import type { Json } from '../domain/json.ts';
import { isoTime } from '../domain/wire.ts';
import type { Failure } from '../domain/job/failure.ts';
import type { Compiled } from './expression/cel.ts';
import { formatPath, putAbsent, putAt, type Path, type Scope } from './expression/path.ts';
import { controlKey } from './plan/plan.ts';
import { CONTROL_VALUE_BYTES_MAX, type ControlValue, type World } from './world.ts';

/** What every expression of a job may read without anyone reporting it. */
function baseScope(state: JobState): Scope {
  const { id, pipeline, version, metadata, tags, createdAtMs } = state.birth;
  return {
    metadata: { ...metadata },
    job: { id, pipeline, version, created_at: isoTime(createdAtMs), tags: [...tags] },
  };
}

/** What expressions see of a step beside its output. */
export function stepView(step: StepState): { readonly status: string; readonly error: Json } {
  const { phase } = step;
  const error =
    phase.status === 'failed'
      ? {
          class: phase.failure.class,
          message: phase.failure.message,
          code: phase.failure.code ?? null,
        }
      : null;
  return { status: phase.status, error };
}

/** Puts what is known of a step at a path: its status, its error, or null for an output it does not have. */
function putStepField(scope: Scope, state: JobState, path: Path): boolean {
  const [, id, field] = path;
  const step = state.steps[String(id)];
  if (step === undefined) return false;
  const view = stepView(step);
  if (field === 'status') putAt(scope, path.slice(0, 3), view.status);
  else if (field === 'error') putAt(scope, path.slice(0, 3), view.error);
  else if (hasOutput(state.steps[outputStep(state, String(id))])) return false;
  else putAt(scope, path.slice(0, 3), null);
  return true;
}

/** The step whose output counts as that of `id`: itself, or the handler that stood in for it. */
export function outputStep(state: JobState, id: string): string {
  const phase = state.steps[id]?.phase;
  const handler = phase?.status === 'failed' ? phase.handler : undefined;
  const stoodIn = handler !== undefined && state.steps[handler]?.phase.status === 'succeeded';
  return stoodIn ? handler : id;
}

/** A timer that has run down has succeeded and has no output. */
function hasOutput(step: StepState | undefined): boolean {
  const phase = step?.phase;
  return phase?.status === 'succeeded' && (phase.output !== null || phase.items !== undefined);
}

/** A control expression's value, or the failure that it is. */
export type Control =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly failure: Failure };

/** Evaluates a control expression over statuses and reported values. */
export function evaluateControl(compiled: Compiled, state: JobState, world: World): Control {
  return withControlScope(compiled.reads, state, world, (scope) => {
    const evaluation = compiled.evaluate(scope);
    if (evaluation.ok) return evaluation;
    return unevaluable(`\`${compiled.source}\` cannot be evaluated: ${evaluation.message}`);
  });
}

export function unevaluable(message: string): { readonly ok: false; readonly failure: Failure } {
  return { ok: false, failure: { class: 'expression_failed', phase: 'not_sent', message } };
}

/** Hands over a scope with what is known at these places; places that are absent stay absent, and only they. */
export function withControlScope(
  reads: readonly Path[],
  state: JobState,
  world: World,
  use: (scope: Scope) => Control,
): Control {
  const scope = baseScope(state);
  for (const path of reads) {
    const known = controlAt(scope, path, state, world);
    if (known.kind === 'value') putAt(scope, path, known.value);
    if (known.kind === 'absent') putAbsent(scope, path);
    if (known.kind === 'too_large') return { ok: false, failure: tooLarge(path, known.bytes) };
  }
  return use(scope);
}

function controlAt(scope: Scope, path: Path, state: JobState, world: World): ControlValue {
  const [root] = path;
  const known = root === 'steps' && putStepField(scope, state, path);
  if (known || (root !== 'steps' && root !== 'input')) return { kind: 'absent' };
  return world.control(controlKey({ path: outputPath(state, path), want: 'value' }), state);
}

/** Where the value at a place really lies. */
export function outputPath(state: JobState, path: Path): Path {
  const [root, id, field] = path;
  if (root !== 'steps' || field !== 'output') return path;
  return ['steps', outputStep(state, String(id)), ...path.slice(2)];
}

/** A value that is too large for an expression which steers the job. */
export function tooLarge(path: Path, bytes: number): Failure {
  return {
    class: 'value_too_large',
    phase: 'finished',
    message: `\`${formatPath(path)}\` takes ${bytes} bytes, and an expression that steers the job may read at most ${CONTROL_VALUE_BYTES_MAX} at one place; read something smaller below it`,
  };
}
