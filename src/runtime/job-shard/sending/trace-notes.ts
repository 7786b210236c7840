import type { JobEvent } from '../../../domain/job/event.ts';
import type { JobState, StepState } from '../../../domain/job/job.ts';
import type { TraceNotes } from '../../traces/notes.ts';
import type { ShardContext } from '../context.ts';
import { planOf } from '../plans.ts';

const STEP_ENDS: ReadonlySet<string> = new Set(['step.succeeded', 'step.failed', 'step.skipped']);

/** What spans need of a job beside these events of it; nothing for a job that is not traced. */
export function notesForTrace(
  context: ShardContext,
  { birth, steps }: JobState,
  events: readonly JobEvent[],
): { readonly trace?: TraceNotes } {
  if (context.ports.traced?.(birth.correlation) !== true) return {};
  const { parentSpanId } = birth.correlation;
  const named = new Set(events.flatMap(({ step }) => step ?? []));
  const ended = events.filter(({ type }) => STEP_ENDS.has(type)).flatMap(({ step }) => step ?? []);
  return {
    trace: {
      ...(parentSpanId === undefined ? {} : { parent_span_id: parentSpanId }),
      ...parentOf(birth),
      steps: ended.flatMap((id) => stepNote(id, steps[id])),
      uses: usesOf(context, birth.definitionHash, named),
    },
  };
}

/** What steps do, by step. A definition that this release cannot read is no reason to hold history back. */
function usesOf(
  context: ShardContext,
  definitionHash: string,
  steps: ReadonlySet<string>,
): TraceNotes['uses'] {
  try {
    const plan = planOf(context, definitionHash);
    const known = [...steps].flatMap((id) => plan?.byId.get(id) ?? []);
    return Object.fromEntries(known.map(({ id, definition }) => [id, definition.uses]));
  } catch {
    return {};
  }
}

function parentOf({ parent }: JobState['birth']): Pick<TraceNotes, 'parent'> {
  if (parent === undefined) return {};
  return { parent: { job_id: parent.jobId, step: parent.step } };
}

/** A list of one; of none for a step that was never due. */
function stepNote(id: string, step: StepState | undefined): TraceNotes['steps'] {
  if (step === undefined || step.finishedAtMs === null) return [];
  const { phase, cost, queuedAtMs, startedAtMs, finishedAtMs } = step;
  return [
    {
      id,
      status: phase.status,
      ...(phase.status === 'failed' ? { failure_class: phase.failure.class } : {}),
      ...('items' in phase && phase.items !== undefined ? { items: phase.items } : {}),
      started_at: startedAtMs ?? queuedAtMs ?? finishedAtMs,
      finished_at: finishedAtMs,
      cost_nano_usd: cost.nanoUsd,
    },
  ];
}
