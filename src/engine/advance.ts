import type { SkipReason } from '../domain/job/event.ts';
import type { Failure } from '../domain/job/failure.ts';
import type { StepStatus } from '../domain/job/job.ts';
import { holdsCancel } from './cancel.ts';
import { emit, isOver, stepOf, type Draft } from './draft.ts';
import { isIdle } from './due.ts';
import { formatPath, type Path } from './expression/path.ts';
import { fillTemplate, readsOf, type Template } from './expression/template.ts';
import { failJob, failStep } from './failing.ts';
import { controlKey, type ForEach, type PlannedStep } from './plan/plan.ts';
import { openWait } from './waits.ts';
import {
  evaluateControl,
  outputPath,
  tooLarge,
  unevaluable,
  withControlScope,
  type Control,
} from './scope.ts';

/** The most items one map may have. */
export const MAP_ITEMS_MAX = 1_000;

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
  // A paused job opens nothing; what ran before the pause may still end it.
  if (draft.state.status !== 'paused') openSteps(draft);
  if (!isOver(draft)) finishIfDone(draft);
  if (!isOver(draft)) tellWhetherWaiting(draft);
}

function openSteps(draft: Draft): void {
  for (const step of draft.plan.steps) {
    if (isOver(draft)) return;
    if (stepOf(draft, step.id).phase.status === 'pending' && needsEnded(draft, step))
      open(draft, step);
  }
}

/** A job that nothing but a moment, an event or a child can move says so, and says when it moves again. */
function tellWhetherWaiting(draft: Draft): void {
  const { status } = draft.state;
  const idle = isIdle(draft.state);
  if (status === 'running' && idle) emit(draft, { type: 'job.waiting', data: {} });
  if (status === 'waiting' && !idle) emit(draft, { type: 'job.resumed', data: {} });
}

function finishCancel(draft: Draft): void {
  if (holdsCancel(draft.state)) return;
  emit(draft, { type: 'job.cancelled', data: { by: draft.state.cancelledBy ?? 'request' } });
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
    // Nobody stands in for the failed step after all.
    if (step.handles !== null && skip !== 'no_failure') failJob(draft, step.handles);
  } else if (step.definition.uses === 'wait') {
    openWait(draft, step);
  } else if (step.forEach === null) {
    emit(draft, { type: 'step.queued', step: step.id, data: {} });
  } else {
    openMap(draft, step, step.forEach);
  }
}

/** A step with a condition decides by it alone; without one it follows its needs. */
function reasonToSkip(draft: Draft, step: PlannedStep): SkipReason | 'failed' | null {
  if (step.handles !== null && statusOf(draft, step.handles) !== 'failed') return 'no_failure';
  if (step.condition === null) {
    const needs = step.needs.filter((id) => id !== step.handles);
    if (needs.some((id) => hasFailed(draft, id))) return 'needs_failed';
    return needs.some((id) => wasLeftOut(draft, id)) ? 'needs_skipped' : null;
  }
  const condition = evaluateControl(step.condition, draft.state, draft.world);
  if (condition.ok && typeof condition.value === 'boolean')
    return condition.value ? null : 'condition';
  const { failure } = condition.ok
    ? unevaluable(`\`${step.condition.source}\` must be true or false`)
    : condition;
  failStep(draft, step, within('if', failure), 'not_retryable');
  return 'failed';
}

/** True for a step whose failure nothing makes good: it neither may fail, nor did another one stand in for it. */
function hasFailed(draft: Draft, id: string): boolean {
  const { phase } = stepOf(draft, id);
  if (phase.status !== 'failed') return false;
  if (phase.handler !== undefined) return statusOf(draft, phase.handler) !== 'succeeded';
  return draft.plan.byId.get(id)?.onFailure.kind !== 'continue';
}

/** True for a step that was skipped, but for a handler that had nothing to handle. */
function wasLeftOut(draft: Draft, id: string): boolean {
  const { phase } = stepOf(draft, id);
  return phase.status === 'skipped' && phase.reason !== 'no_failure';
}

/** A failure of an expression, with the field it stands in. */
function within(field: string, failure: Failure): Failure {
  return { ...failure, message: `\`${field}\`: ${failure.message}` };
}

function openMap(draft: Draft, step: PlannedStep, forEach: ForEach): void {
  const count = itemCount(draft, forEach);
  if (typeof count !== 'number') {
    failStep(draft, step, within('for_each', count), 'not_retryable');
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
  const place = outputPath(draft.state, path);
  const known = draft.world.control(controlKey({ path: place, want: 'length' }), draft.state);
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

function finishIfDone(draft: Draft): void {
  if (!draft.plan.steps.every((step) => ENDED.has(statusOf(draft, step.id)))) return;
  const problem = outputProblem(draft);
  if (problem === null) {
    const type = isPartial(draft) ? 'job.partially_succeeded' : 'job.succeeded';
    emit(draft, { type, data: {} });
  } else emit(draft, { type: 'job.failed', data: { code: 'output_failed', message: problem } });
}

/** Whether something failed on the way that the job could do without. */
function isPartial({ state }: Draft): boolean {
  return Object.values(state.steps).some(
    ({ phase }) =>
      phase.status === 'failed' || (phase.status === 'succeeded' && (phase.itemsFailed ?? 0) > 0),
  );
}

/** Computed parts of the output are tried before the job may call itself succeeded. */
function outputProblem(draft: Draft): string | null {
  for (const compiled of draft.plan.outputComputed) {
    const evaluation = evaluateControl(compiled, draft.state, draft.world);
    if (!evaluation.ok) return within('output', evaluation.failure).message;
  }
  return null;
}
