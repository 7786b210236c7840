const decimal = /^\d{1,9}(?:\.\d{1,9})?$/;

/** The three date forms that HTTP allows; the last one has no zone and means GMT like the others. */
const fixDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const oldDate = /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/;
const ansiDate = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/**
 * How long a provider asks us to wait, from `retry-after-ms` or else from `retry-after`, which holds seconds
 * or an HTTP date. `nowMs` is the provider's own idea of the time; without it a date says nothing.
 * `undefined` when nothing usable was said. How much waiting is too much is the caller's question.
 */
export function retryAfterMs(
  headers: Readonly<Record<string, string>>,
  nowMs: number | null,
): number | undefined {
  const inMs = headers['retry-after-ms']?.trim() ?? '';
  if (decimal.test(inMs)) return Math.ceil(Number(inMs));

  const value = headers['retry-after']?.trim() ?? '';
  if (decimal.test(value)) return Math.ceil(Number(value) * 1000);

  const untilMs = httpDateMs(value);
  if (untilMs === null || nowMs === null) return undefined;
  return Math.max(0, untilMs - nowMs);
}

/** The time in an HTTP date, or `null` when the text is none. */
export function httpDateMs(text: string): number | null {
  const zoned = ansiDate.test(text) ? `${text} GMT` : text;
  if (zoned === text && !fixDate.test(text) && !oldDate.test(text)) return null;
  const parsedMs = Date.parse(zoned);
  return Number.isNaN(parsedMs) ? null : parsedMs;
}
