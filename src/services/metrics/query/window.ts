import { DURATION_HELP, parseDurationMs } from '../../../domain/duration.ts';
import { isoTime } from '../../../domain/wire.ts';
import type { TimeRange } from '../../ports/metrics-store.ts';
import { done, refuseAt, type Result } from '../../result.ts';
import { DAY_MS, HOUR_MS, minuteOf, MINUTE_MS } from '../facts/fact.ts';

/** How long what is measured is kept, in milliseconds. */
export type Kept = { readonly minutesKeptMs: number; readonly hoursKeptMs: number };

export type WindowInput = {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** A duration that ends at `to`, instead of `from`. */
  readonly window?: string | undefined;
  /** A day or a month in UTC, instead of all of them: `2026-11-23`, `2026-11`. */
  readonly period?: string | undefined;
};

/** Widths of a point of a time series. */
export const STEPS = {
  '1m': MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '1h': HOUR_MS,
  '6h': 6 * HOUR_MS,
  '1d': DAY_MS,
} as const;
export type Step = keyof typeof STEPS;
export const steps = ['1m', '5m', '15m', '1h', '6h', '1d'] as const satisfies readonly Step[];

/** Points of one series that an answer has at most. */
const POINTS_MAX = 1_500;

/**
 * The window that is asked for, in whole minutes, or in whole hours where minutes are not kept any more: moved apart
 * rather than together.
 */
export function windowOf(
  input: WindowInput,
  usualMs: number,
  nowMs: number,
  kept: Kept,
): Result<TimeRange> {
  const asked = input.period === undefined ? spanOf(input, usualMs, nowMs) : periodOf(input);
  if (!asked.ok) return asked;
  const { fromMs, toMs } = asked.value;
  if (fromMs >= toMs) {
    return refuseAt(
      'invalid_request',
      '/query/from',
      `the window ends at ${isoTime(toMs)} and begins no earlier; give a \`from\` that lies before \`to\``,
    );
  }
  const oldestMs = nowMs - kept.hoursKeptMs;
  if (fromMs < oldestMs - DAY_MS) {
    return refuseAt(
      'unprocessable',
      '/query/from',
      `nothing is kept of the time before ${isoTime(oldestMs)}; ask from then on`,
    );
  }
  const grainMs = fromMs < nowMs - kept.minutesKeptMs ? HOUR_MS : MINUTE_MS;
  return done({
    fromMs: Math.floor(fromMs / grainMs) * grainMs,
    toMs: Math.ceil(toMs / grainMs) * grainMs,
  });
}

/** Refuses a window that is too long for its step, and a step for which minutes are not kept any more. */
export function stepOf(
  text: Step | undefined,
  { fromMs, toMs }: TimeRange,
  nowMs: number,
  { minutesKeptMs }: Kept,
): Result<Step> {
  const fits = steps.filter(
    (step) =>
      (toMs - fromMs) / STEPS[step] <= POINTS_MAX &&
      (STEPS[step] >= HOUR_MS || fromMs >= minuteOf(nowMs - minutesKeptMs)),
  );
  const chosen = text ?? fits.find((step) => (toMs - fromMs) / STEPS[step] <= 300) ?? fits[0];
  if (chosen !== undefined && fits.includes(chosen)) return done(chosen);
  const days = Math.round(minutesKeptMs / DAY_MS);
  const why = `at most ${POINTS_MAX} points are answered, and minutes are kept for ${days} days`;
  const mend =
    fits.length === 0 ? 'Ask for a shorter window.' : `This window can have ${fits.join(', ')}.`;
  const which = chosen ?? 'any step';
  return refuseAt(
    'unprocessable',
    '/query/step',
    `the window is too long, or too long ago, for ${which}: ${why}. ${mend}`,
  );
}

function spanOf(
  { from, to, window }: WindowInput,
  usualMs: number,
  nowMs: number,
): Result<TimeRange> {
  if (from !== undefined && window !== undefined) {
    return refuseAt('invalid_request', '/query/window', 'give either `from` or `window`, not both');
  }
  const toMs = to === undefined ? nowMs : Date.parse(to);
  if (from !== undefined) return done({ fromMs: Date.parse(from), toMs });
  const lengthMs = window === undefined ? usualMs : parseDurationMs(window);
  if (lengthMs !== null && lengthMs > 0) return done({ fromMs: toMs - lengthMs, toMs });
  return refuseAt('invalid_request', '/query/window', `must be ${DURATION_HELP}`);
}

function periodOf({ from, to, window, period = '' }: WindowInput): Result<TimeRange> {
  if ((from ?? to ?? window) !== undefined) {
    return refuseAt(
      'invalid_request',
      '/query/period',
      'give either `period`, or a window by `from`, `to` and `window`',
    );
  }
  const range = dayOrMonth(period);
  if (range !== null) return done(range);
  return refuseAt(
    'invalid_request',
    '/query/period',
    'must be a day or a month in UTC, such as 2026-11-23 or 2026-11',
  );
}

const PERIOD = /^(\d{4})-(\d{2})(?:-(\d{2}))?$/;

/** Null for what is not a date in the calendar. */
function dayOrMonth(text: string): TimeRange | null {
  const match = PERIOD.exec(text);
  if (match === null) return null;
  const [, year, month, day] = match;
  const fromMs = Date.UTC(Number(year), Number(month) - 1, Number(day ?? 1));
  if (!Number.isFinite(fromMs) || !isoTime(fromMs).startsWith(text)) return null;
  const toMs = day === undefined ? Date.UTC(Number(year), Number(month), 1) : fromMs + DAY_MS;
  return { fromMs, toMs };
}
