const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** How long a delivery is tried, from its first try on. */
export const SCHEDULE_MS = 72 * HOUR_MS;

/** Deliveries are shown and can be repeated for so long. */
export const DELIVERY_KEPT_MS = 30 * 24 * HOUR_MS;
/** Of so many endpoints of a project that were deleted, the last ones, deliveries are still found. */
export const REMOVED_ENDPOINTS_MAX = 100;

/**
 * The longest wait after the first try, after the second, and so on; after the last one stated here it stays the same. The
 * wait itself is drawn evenly from zero to this (full jitter), so that deliveries that failed together come apart.
 * Documented for receivers.
 */
const WAITS_MAX_MS = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  4 * HOUR_MS,
  8 * HOUR_MS,
  12 * HOUR_MS,
] as const;
const WAIT_MIN_MS = SECOND_MS;
const RETRY_AFTER_MAX_MS = 24 * HOUR_MS;

export type FailedTry = {
  /** Tries since the schedule began, the failed one included. */
  readonly tries: number;
  /** When the first of them was made. */
  readonly startedAtMs: number;
  readonly nowMs: number;
  /** A number from [0, 1). */
  readonly lot: number;
  /** How long the receiver asked to be left alone; null when it did not. */
  readonly retryAfterMs: number | null;
};

/** When a delivery is tried next; null when its time is over. The last try comes as the 72 hours end. */
export function nextTryAtMs({
  tries,
  startedAtMs,
  nowMs,
  lot,
  retryAfterMs,
}: FailedTry): number | null {
  const endMs = startedAtMs + SCHEDULE_MS;
  if (nowMs >= endMs) return null;
  const longestMs = WAITS_MAX_MS[Math.min(tries, WAITS_MAX_MS.length) - 1] ?? WAIT_MIN_MS;
  const askedMs = Math.min(retryAfterMs ?? 0, RETRY_AFTER_MAX_MS);
  const waitMs = Math.max(WAIT_MIN_MS, lot * longestMs, askedMs);
  return Math.min(Math.ceil(nowMs + waitMs), endMs);
}
