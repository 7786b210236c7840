import { parseDurationMs } from '../domain/duration.ts';
import type { Failure } from '../domain/job/failure.ts';
import { isJsonObject, type Json } from '../domain/json.ts';
import type { StoredValue } from '../domain/job/stored-value.ts';
import { EVENT_NAME, type Wait } from '../domain/job/wait.ts';
import { failStep } from './failing.ts';
import { emit, isOver, stepOf, type Draft } from './draft.ts';
import { fillTemplate, readsOf } from './expression/template.ts';
import type { PlannedStep } from './plan/plan.ts';
import { unevaluable, withControlScope } from './scope.ts';

/** The longest a timer may run; the job's own deadline cuts it off earlier. */
const WAIT_MAX_MS = 30 * 86_400_000;

/** Begins a `wait` step. It needs no runner: the job itself waits. */
export function openWait(draft: Draft, step: PlannedStep): void {
  const wait = waitOf(draft, step);
  if (draft.state.startedAtMs === null) emit(draft, { type: 'job.started', data: {} });
  if ('class' in wait) {
    failStep(draft, step, wait, 'not_retryable');
    return;
  }
  emit(draft, { type: 'step.queued', step: step.id, data: {} });
  emit(draft, { type: 'step.started', step: step.id, data: {} });
  emit(draft, { type: 'wait.started', step: step.id, data: wait });
  completeTimer(draft, step);
}

function waitOf(draft: Draft, step: PlannedStep): Wait | Failure {
  const filled = withControlScope(readsOf(step.input), draft.state, draft.world, (scope) => {
    const result = fillTemplate(step.input, scope, 'fail');
    return result.ok ? result : unevaluable(`\`with\`: ${result.message}`);
  });
  if (!filled.ok) return filled.failure;
  return isJsonObject(filled.value)
    ? read(filled.value, draft.world.nowMs)
    : misfit('`with` must be an object');
}

function read(input: Readonly<Record<string, Json>>, nowMs: number): Wait | Failure {
  const { duration, until, event } = input;
  if (event !== undefined) {
    if (typeof event === 'string' && EVENT_NAME.test(event)) return { kind: 'event', name: event };
    return misfit('`event` must be a name of letters, digits, `_`, `.` and `-`, at most 128');
  }
  if (until !== undefined) {
    const untilAtMs = typeof until === 'string' ? Date.parse(until) : Number.NaN;
    if (Number.isNaN(untilAtMs)) return misfit('`until` must be a time: 2026-01-31T12:00:00Z');
    return timer(untilAtMs, nowMs);
  }
  const ms = typeof duration === 'string' ? parseDurationMs(duration) : null;
  return ms === null ? misfit('`duration` must be a duration: 10m') : timer(nowMs + ms, nowMs);
}

function timer(untilAtMs: number, nowMs: number): Wait | Failure {
  if (untilAtMs - nowMs > WAIT_MAX_MS) return misfit('a wait may last at most 30 days');
  return { kind: 'timer', untilAtMs };
}

function misfit(message: string): Failure {
  return { class: 'step_input_invalid', phase: 'not_sent', message };
}

/** Ends the waits whose moment has come. */
export function completeTimers(draft: Draft): void {
  if (draft.state.status === 'cancelling') return;
  for (const step of draft.plan.steps) if (!isOver(draft)) completeTimer(draft, step);
}

function completeTimer(draft: Draft, { id }: PlannedStep): void {
  const { phase } = stepOf(draft, id);
  if (phase.status !== 'waiting' || phase.on.kind !== 'timer') return;
  if (draft.world.nowMs < phase.on.untilAtMs) return;
  emit(draft, { type: 'wait.completed', step: id, data: { by: null } });
  emit(draft, { type: 'step.succeeded', step: id, data: { output: null } });
}

/** Ends the waits for an event; `outputs` says for each waiting step where its payload lies. */
export function completeEvent(
  draft: Draft,
  { by, outputs }: { readonly by: string; readonly outputs: Readonly<Record<string, StoredValue>> },
): void {
  for (const [id, output] of Object.entries(outputs)) {
    if (isOver(draft) || draft.state.status === 'cancelling') return;
    if (stepOf(draft, id).phase.status !== 'waiting') continue;
    emit(draft, { type: 'wait.completed', step: id, data: { by } });
    emit(draft, { type: 'step.succeeded', step: id, data: { output } });
  }
}
