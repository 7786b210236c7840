/** How far a callback's own time may lie from ours, in either direction; what is older may be a recording. */
const toleranceSeconds = 300;

const wholeSeconds = /^\d{1,12}$/;

/** Is this text a moment in whole seconds since 1970, close enough to now? */
export function isTimely(secondsText: string, nowMs: number): boolean {
  if (!wholeSeconds.test(secondsText)) return false;
  return Math.abs(Number(secondsText) - nowMs / 1000) <= toleranceSeconds;
}
