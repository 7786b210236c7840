import type { StopReason } from '../domain/attempt.ts';
import type { SkipReason } from '../domain/event.ts';
import type { Failure } from '../domain/failure.ts';
import type { StepStatus } from '../domain/job.ts';
import { emit, isOver, stepOf, type Draft } from './draft.ts';
import { formatPath, type Path } from './expression/path.ts';
import { fillTemplate, readsOf, type Template } from './expression/template.ts';
import { controlKey, type ForEach, type PlannedStep } from './plan.ts';
import { evaluateControl, tooLarge, unevaluable, withControlScope, type Control } from './scope.ts';

/** The most items one map may have. */
const MAP_ITEMS_MAX = 1_000;

const ENDED: ReadonlySet<StepStatus> = new Set(['succeeded', 'failed', 'skipped']);

/**
 * Carries a job as far as it goes without anyone working: opens or skips the steps whose needs have ended,
 * and ends the job when nothing is left. Steps stand in an order in which each follows its needs, so one pass
 * is enough.
 */
export function advance(draft: Draft): void {
  if (draft.state.status === 'cancelling') {
    finishCancel(draft);
    return;
  }
  for (const step of draft.plan.steps) {
    if (isOver(draft)) return;
    if (stepOf(draft, step.id).phase.status === 'pending' && needsEnded(draft, step))
      open(draft, step);
  }
  if (!isOver(draft)) finishIfDone(draft);
}

function finishCancel(draft: Draft): void {
  if (Object.keys(draft.state.active).length === 0) {
    emit(draft, { type: 'job.cancelled', data: { by: draft.state.cancelledBy ?? 'request' } });
  }
}

function statusOf(draft: Draft, id: string): StepStatus {
  return stepOf(draft, id).phase.status;
}

function needsEnded(draft: Draft, step: PlannedStep): boolean {
  return step.needs.every((id) => ENDED.has(statusOf(draft, id)));
}

function open(draft: Draft, step: PlannedStep): void {
  const skip = reasonToSkip(draft, step);
  if (skip === 'failed') return;
  if (skip !== null) {
    emit(draft, { type: 'step.skipped', step: step.id, data: { reason: skip } });
  } else if (step.forEach === null) {
    emit(draft, { type: 'step.queued', step: step.id, data: {} });
  } else {
    openMap(draft, step, step.forEach);
  }
}

/** A step with a condition decides by it alone; without one it follows its needs. */
function reasonToSkip(draft: Draft, step: PlannedStep): SkipReason | 'failed' | null {
  if (step.condition === null) {
    if (step.needs.some((id) => statusOf(draft, id) === 'failed')) return 'needs_failed';
    return step.needs.some((id) => statusOf(draft, id) === 'skipped') ? 'needs_skipped' : null;
  }
  const condition = evaluateControl(step.condition, draft.state, draft.world);
  if (condition.ok && typeof condition.value === 'boolean')
    return condition.value ? null : 'condition';
  const { failure } = condition.ok
    ? unevaluable(`\`${step.condition.source}\` must be true or false`)
    : condition;
  failStep(draft, step.id, within('if', failure), 'not_retryable');
  return 'failed';
}

/** A failure of an expression, with the field it stands in. */
function within(field: string, failure: Failure): Failure {
  return { ...failure, message: `\`${field}\`: ${failure.message}` };
}

function openMap(draft: Draft, step: PlannedStep, forEach: ForEach): void {
  const count = itemCount(draft, forEach);
  if (typeof count !== 'number') {
    failStep(draft, step.id, within('for_each', count), 'not_retryable');
    return;
  }
  emit(draft, { type: 'step.queued', step: step.id, data: { items: count } });
  if (count === 0) emit(draft, { type: 'step.succeeded', step: step.id, data: { output: null } });
}

/** How many items a map has, or why it has none. */
function itemCount(draft: Draft, { template }: ForEach): number | Failure {
  const list =
    template.kind === 'path' ? listLength(draft, template.path) : computedLength(draft, template);
  if (!list.ok) return list.failure;
  const count = Number(list.value);
  if (count <= MAP_ITEMS_MAX) return count;
  return unevaluable(`the list has ${count} items; a map takes at most ${MAP_ITEMS_MAX}`).failure;
}

function listLength(draft: Draft, path: Path): Control {
  const known = draft.world.control(controlKey({ path, want: 'length' }), draft.state);
  if (known.kind === 'value' && typeof known.value === 'number')
    return { ok: true, value: known.value };
  if (known.kind === 'too_large') return { ok: false, failure: tooLarge(path, known.bytes) };
  return unevaluable(`\`${formatPath(path)}\` is not a list`);
}

function computedLength(draft: Draft, template: Template): Control {
  const reads = readsOf(template);
  return withControlScope(reads, draft.state, draft.world, (scope) => {
    const filled = fillTemplate(template, scope, 'fail');
    if (!filled.ok) return unevaluable(filled.message);
    if (!Array.isArray(filled.value)) return unevaluable('its value is not a list');
    return { ok: true, value: filled.value.length };
  });
}

/** Ends a step without a result, and the job that cannot do without it. */
export function failStep(draft: Draft, id: string, failure: Failure, stopped: StopReason): void {
  emit(draft, { type: 'step.failed', step: id, data: { failure, stopped } });
  // A job that is out of time has timed out, whatever its last step says; `meetDeadlines` ends it.
  if (draft.world.nowMs >= draft.state.birth.deadlineAtMs) return;
  const message = `step ${id} failed: ${failure.message}`;
  emit(draft, { type: 'job.failed', data: { code: failure.class, message, step: id } });
}

function finishIfDone(draft: Draft): void {
  if (!draft.plan.steps.every((step) => ENDED.has(statusOf(draft, step.id)))) return;
  const problem = outputProblem(draft);
  if (problem === null) emit(draft, { type: 'job.succeeded', data: {} });
  else emit(draft, { type: 'job.failed', data: { code: 'output_failed', message: problem } });
}

/** Computed parts of the output are tried before the job may call itself succeeded. */
function outputProblem(draft: Draft): string | null {
  for (const compiled of draft.plan.outputComputed) {
    const evaluation = evaluateControl(compiled, draft.state, draft.world);
    if (!evaluation.ok) return within('output', evaluation.failure).message;
  }
  return null;
}
