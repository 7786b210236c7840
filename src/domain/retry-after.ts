/** Seconds as RFC 9110 has them, and the fractions that some servers send. */
const decimal = /^\d{1,9}(?:\.\d{1,9})?$/;

/** The three date forms that HTTP allows; the last one has no zone and means GMT like the others. */
const fixDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const oldDate = /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/;
const ansiDate = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/**
 * How long a header `Retry-After` asks to wait, in seconds or until a date (RFC 9110, section 10.2.3). `nowMs` is the
 * time that a date is measured by; without it a date says nothing. Null when nothing usable was said. How much waiting
 * is too much is the caller's question.
 */
export function retryAfterMs(
  header: string | null | undefined,
  nowMs: number | null,
): number | null {
  const text = header?.trim() ?? '';
  if (decimal.test(text)) return Math.ceil(Number(text) * 1_000);

  const untilMs = httpDateMs(text);
  return untilMs === null || nowMs === null ? null : Math.max(0, untilMs - nowMs);
}

/** The time in an HTTP date (RFC 9110, section 5.6.7), or null when the text is none. */
export function httpDateMs(text: string): number | null {
  const zoned = ansiDate.test(text) ? `${text} GMT` : text;
  if (zoned === text && !fixDate.test(text) && !oldDate.test(text)) return null;
  const parsedMs = Date.parse(zoned);
  return Number.isNaN(parsedMs) ? null : parsedMs;
}
