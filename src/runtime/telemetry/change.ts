import {
  attemptKey,
  type ActiveAttempt,
  type AttemptRecord,
  type Target,
} from '../../domain/job/attempt.ts';
import type { JobEvent } from '../../domain/job/event.ts';
import { isTerminal, type JobState } from '../../domain/job/job.ts';

/** A commit: the job before it (null for a new one) and after it, and its events. */
export type Change = {
  readonly before: JobState | null;
  readonly state: JobState;
  readonly events: readonly JobEvent[];
  /** The finished attempts of an item of a map, which lie beside the job; absent where no map can be told of. */
  readonly itemAttempts?: (step: string, item: number) => readonly AttemptRecord[];
};

/** The attempt that an event is about, as it stood in a runner's hands; null for one that had been given up. */
export function activeOf({ before }: Change, event: JobEvent): ActiveAttempt | null {
  const { step = '', item = null, attempt = 0 } = event;
  return before?.active[attemptKey(step, item, attempt)] ?? null;
}

/** What the attempt of an event called; null for a step that calls no model, and where it is not known any more. */
export function targetOf(change: Change, event: JobEvent): Target | null {
  return (activeOf(change, event) ?? recordOf(change, event))?.target ?? null;
}

function recordOf({ state, itemAttempts }: Change, event: JobEvent): AttemptRecord | null {
  const { step = '', item, attempt } = event;
  const attempts = item === undefined ? state.steps[step]?.attempts : itemAttempts?.(step, item);
  return attempts?.find((record) => record.attempt === attempt) ?? null;
}

/** True for the commit that ended its job. */
export function endsJob({ before, state }: Change): boolean {
  return isTerminal(state.status) && (before === null || !isTerminal(before.status));
}
