import { attemptKey } from '../../../domain/job/attempt.ts';
import type { JobEvent } from '../../../domain/job/event.ts';
import { isTerminal, type JobState } from '../../../domain/job/job.ts';
import type { Book } from '../book.ts';

/** Notes on attempts that are open. */

/** Which call claimed which attempt, for the attempts that are still open. */
export function nextClaims(
  before: Book['claims'],
  state: JobState,
  claimed: readonly string[],
  requestId: string | null,
): Book['claims'] {
  const open = Object.entries(before).filter(([key]) => state.active[key] !== undefined);
  const fresh = requestId === null ? [] : claimed.map((key) => [key, requestId] as const);
  return Object.fromEntries([...open, ...fresh]);
}

/** The claims without those of attempts that left their runner's hands. */
export function withoutPassed(claims: Book['claims'], events: readonly JobEvent[]): Book['claims'] {
  const passed = events.flatMap(({ type, step = '', item = null, attempt = 0 }) =>
    type === 'step.waiting' ? [attemptKey(step, item, attempt)] : [],
  );
  if (passed.length === 0) return claims;
  return Object.fromEntries(Object.entries(claims).filter(([key]) => !passed.includes(key)));
}

/** What providers have called back with about attempts that are open, and nobody has read. */
export function unreadCallbacks(
  { callbacks }: Book,
  { active, status }: JobState,
  read: readonly string[],
): Book['callbacks'] {
  const left = Object.entries(callbacks ?? {}).filter(
    ([key, stored]) =>
      !isTerminal(status) && active[key] !== undefined && !read.includes(stored.key),
  );
  return left.length === 0 ? undefined : Object.fromEntries(left);
}
