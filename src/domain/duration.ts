const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
export const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/;

/** What a duration looks like, for messages. */
export const DURATION_HELP = 'a whole number and a unit: 500ms, 30s, 5m, 2h or 7d';

/** Milliseconds of a duration such as `30s`; null when the text is not one. */
export function parseDurationMs(text: string): number | null {
  const match = DURATION.exec(text);
  if (match === null) return null;
  const [, amount, unit] = match;
  return isUnit(unit) ? Number(amount) * UNIT_MS[unit] : null;
}

function isUnit(text: string | undefined): text is keyof typeof UNIT_MS {
  return text !== undefined && text in UNIT_MS;
}

/** Milliseconds of a duration that a schema has already accepted, or what holds when there is none. */
export function durationMs<Absent>(text: string | undefined, absent: Absent): number | Absent {
  if (text === undefined) return absent;
  const ms = parseDurationMs(text);
  if (ms === null) throw new RangeError(`not a duration: ${text}`);
  return ms;
}
