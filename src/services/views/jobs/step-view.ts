import { isTerminal, type JobState, type StepState } from '../../../domain/job/job.ts';
import { isoTime } from '../../../domain/wire.ts';
import { itemsUnderWay } from '../../../engine/due.ts';
import type { JobSnapshot } from '../../ports/job-shard/snapshot.ts';
import type { Objects } from '../../ports/values/objects.ts';
import { readValue } from '../../values/resolve-scope.ts';
import { activeViews, attemptView, failureView } from './attempt-view.ts';
import type { StepView } from './job-schema.ts';
import { costView, storedView, timeOrNull } from './parts.ts';
import { routeTaken } from './route-taken.ts';

/** The steps of a job in the order of its definition, as far as they are known of. */
export async function stepsView(objects: Objects, snapshot: JobSnapshot): Promise<StepView[]> {
  const { state, definition, payloads } = snapshot;
  const views = definition.steps.map(async ({ id, uses }) => {
    const step = state.steps[id];
    if (step === undefined) return [];
    const read = payloads.steps?.[id];
    const view = stepView(snapshot, id, uses, step);
    if (read === undefined) return [view];
    return [{ ...view, output_value: (await readValue(objects, read)) ?? null }];
  });
  return (await Promise.all(views)).flat();
}

function stepView(snapshot: JobSnapshot, id: string, uses: string, step: StepState): StepView {
  return {
    id,
    uses,
    status: shownStatus(snapshot.state, step),
    queued_at: timeOrNull(step.queuedAtMs),
    started_at: timeOrNull(step.startedAtMs),
    finished_at: timeOrNull(step.finishedAtMs),
    cost: costView(step.cost),
    ...endView(step),
    handled_by: (step.phase.status === 'failed' ? step.phase.handler : null) ?? null,
    reused: step.phase.status === 'succeeded' && step.phase.reused === true,
    next_attempt: nextAttemptView(snapshot.state, step),
    waiting_for: waitingForView(snapshot.state, step),
    items: itemsView(snapshot.state, id, step),
    ...routeTaken(snapshot.state, id, step),
    attempts: [
      ...step.attempts.map((record) => attemptView(snapshot, id, record)),
      ...activeViews(snapshot.state, id),
    ],
  };
}

type EndView = Pick<StepView, 'output' | 'error' | 'stopped' | 'skipped'>;

/** How a step ended; each field is null unless it ended that way. */
function endView({ phase }: StepState): EndView {
  const open = { output: null, error: null, stopped: null, skipped: null };
  switch (phase.status) {
    case 'succeeded':
      return { ...open, output: phase.output === null ? null : storedView(phase.output) };
    case 'failed':
      return { ...open, error: failureView(phase.failure), stopped: phase.stopped };
    case 'skipped':
      return { ...open, skipped: phase.reason };
    case 'pending':
    case 'queued':
    case 'running':
    case 'mapping':
    case 'waiting':
      return open;
  }
}

/** Steps that had not ended when the job did are cancelled, whatever they waited for. */
function shownStatus(state: JobState, { phase }: StepState): StepView['status'] {
  const ended = ['succeeded', 'failed', 'skipped'].includes(phase.status);
  if (isTerminal(state.status) && !ended) return 'cancelled';
  return phase.status === 'mapping' ? 'running' : phase.status;
}

/** What a step that has no attempt under way tries next; in a map, the item that is due first. */
function nextAttemptView({ status }: JobState, { phase }: StepState): StepView['next_attempt'] {
  if (isTerminal(status)) return null;
  if (phase.status === 'queued') {
    const { attempt, notBeforeMs } = phase.next;
    return { attempt, item: null, not_before: isoTime(notBeforeMs) };
  }
  if (phase.status !== 'mapping') return null;
  const [first] = phase.retries.toSorted((left, right) => left.notBeforeMs - right.notBeforeMs);
  if (first === undefined) return null;
  return { attempt: first.attempt, item: first.item, not_before: isoTime(first.notBeforeMs) };
}

function waitingForView({ status }: JobState, { phase }: StepState): StepView['waiting_for'] {
  if (isTerminal(status) || phase.status !== 'waiting') return null;
  const { on } = phase;
  return on.kind === 'event'
    ? { event: on.name, until: null }
    : { event: null, until: isoTime(on.untilAtMs) };
}

function itemsView(state: JobState, id: string, { phase }: StepState): StepView['items'] {
  if (phase.status === 'succeeded' && phase.items !== undefined) {
    const { items, itemsFailed = 0 } = phase;
    const done = { total: items, succeeded: items - itemsFailed, failed: itemsFailed };
    return { ...done, running: 0, backing_off: 0, not_started: 0 };
  }
  if (phase.status !== 'mapping') return null;
  const running = itemsUnderWay(state, id);
  return {
    total: phase.items,
    succeeded: phase.succeeded,
    failed: phase.failed ?? 0,
    running,
    backing_off: phase.retries.length,
    not_started: phase.items - phase.cursor,
  };
}
