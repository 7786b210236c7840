/** How long the header `Retry-After` asks to wait, in seconds or as a date (RFC 9110, section 10.2.3); null without a usable one. */
export function askedToWaitMs(headers: Pick<Headers, 'get'>, nowMs: number): number | null {
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const atMs = text.endsWith('GMT') ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}
