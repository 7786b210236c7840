import type { ActiveAttempt } from '../../domain/job/attempt.ts';
import type { JobState } from '../../domain/job/job.ts';
import { attemptsOf, emit, subjectOf, type Draft } from '../draft.ts';

/** The attempts of one step, or of one item of a map, as they stand side by side. */

type Place = Pick<ActiveAttempt, 'step' | 'item'>;

function openAt({ active }: JobState, { step, item }: Place): ActiveAttempt[] {
  return Object.values(active).filter((open) => open.step === step && open.item === item);
}

/** The attempt that is open beside this one; null when there is none. */
export function besideOf(
  state: JobState,
  attempt: Pick<ActiveAttempt, 'step' | 'item' | 'attempt'>,
): ActiveAttempt | null {
  return openAt(state, attempt).find((open) => open.attempt !== attempt.attempt) ?? null;
}

/** A result has come: attempts that are open at its place, but for its own, are not needed any more. */
export function supersedeOthers(draft: Draft, place: Place, by: number): void {
  for (const open of openAt(draft.state, place)) {
    if (open.attempt === by) continue;
    emit(draft, { type: 'attempt.superseded', ...subjectOf(open), data: { by } });
  }
}

/** The number of the next attempt that is made here. */
export function nextNumber(draft: Draft, place: Place): number {
  const known = [...attemptsOf(draft, place.step, place.item), ...openAt(draft.state, place)];
  return 1 + Math.max(0, ...known.map(({ attempt }) => attempt));
}

/** The attempt that follows, with its number where that is not the one after `attempt`. */
export function retryAfter<Retry extends object>(
  draft: Draft,
  { step, item, attempt }: Pick<ActiveAttempt, 'step' | 'item' | 'attempt'>,
  retry: Retry,
): Retry & { readonly attempt?: number } {
  const next = nextNumber(draft, { step, item });
  return next === attempt + 1 ? retry : { ...retry, attempt: next };
}
