import type { JobState, StepState } from '../domain/job.ts';
import type { Json } from '../domain/json.ts';
import { isoTime } from '../domain/wire.ts';
import type { Evaluation, Compiled } from './expression/cel.ts';
import { putAt, type Path, type Scope } from './expression/path.ts';
import { controlKey } from './plan.ts';
import type { World } from './world.ts';

/** What every expression of a job may read without anyone reporting it. */
export function baseScope(state: JobState): Scope {
  const { id, pipeline, version, metadata, createdAtMs } = state.birth;
  return {
    metadata: { ...metadata },
    job: { id, pipeline, version, created_at: isoTime(createdAtMs) },
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
export function putStepField(scope: Scope, state: JobState, path: Path): boolean {
  const [, id, field] = path;
  const step = state.steps[String(id)];
  if (step === undefined) return false;
  const view = stepView(step);
  if (field === 'status') putAt(scope, path.slice(0, 3), view.status);
  else if (field === 'error') putAt(scope, path.slice(0, 3), view.error);
  else if (step.phase.status === 'succeeded') return false;
  else putAt(scope, path.slice(0, 3), null);
  return true;
}

/** Evaluates a control expression over statuses and reported values. */
export function evaluateControl(compiled: Compiled, state: JobState, world: World): Evaluation {
  return compiled.evaluate(controlScope(compiled.reads, state, world));
}

/** A scope with what is known at these places; places that are absent stay absent. */
export function controlScope(reads: readonly Path[], state: JobState, world: World): Scope {
  const scope = baseScope(state);
  for (const path of reads) {
    const [root] = path;
    if (root === 'steps' && putStepField(scope, state, path)) continue;
    if (root !== 'steps' && root !== 'input') continue;
    const known = world.control(controlKey({ path, want: 'value' }));
    if (known.kind === 'value') putAt(scope, path, known.value);
  }
  return scope;
}
