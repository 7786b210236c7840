import type { Target } from '../../domain/job/attempt.ts';
import type { JobEvent } from '../../domain/job/event.ts';
import type { JobState } from '../../domain/job/job.ts';
import { UNTOUCHED, withStep } from './fold-parts.ts';

/** Targets that one step keeps as passed over; those of a map's items stand in the events alone. */
const SKIPS_MAX = 20;

/** A target that is passed over again and again for the same reason is kept once, with the last time. */
export function foldSkipped(state: JobState, event: JobEvent<'target.skipped'>): JobState {
  const { step: id, item, attempt = 1, data } = event;
  if (id === undefined || item !== undefined) return state;
  const { target, reason } = data;
  const before = (state.steps[id] ?? UNTOUCHED).skipped ?? [];
  const others = before.filter(
    (each) => each.reason !== reason || !sameTarget(each.target, target),
  );
  return withStep(state, id, {
    skipped: [...others, { attempt, target, reason }].slice(-SKIPS_MAX),
  });
}

function sameTarget(left: Target, right: Target): boolean {
  return left.provider === right.provider && left.model === right.model;
}
