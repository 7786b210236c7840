/** The calls of the last ten seconds, in slots of one. */
export type RecentCalls = readonly Slot[];

type Slot = { readonly slot: number; readonly good: number; readonly bad: number };

export const noCounts: RecentCalls = [];

const SLOT_MS = 1_000;
const SLOTS = 10;
/** The fewest failures that say anything. */
const BAD_MIN = 5;
/**
 * The share of failures that is too much: half of the calls over the whole time, or nearly all of the last two seconds,
 * in which what went well before does not outweigh a target that has just died.
 */
const TOO_MUCH = [
  { slots: SLOTS, share: 0.5 },
  { slots: 2, share: 0.8 },
] as const;

export function countsOf(
  recent: RecentCalls,
  more: { readonly good: number; readonly bad: number },
  nowMs: number,
): RecentCalls {
  const slot = Math.floor(nowMs / SLOT_MS);
  const kept = recent.filter((each) => each.slot > slot - SLOTS);
  const last = kept.at(-1);
  if (last?.slot !== slot) return [...kept, { slot, ...more }];
  const sum = { slot, good: last.good + more.good, bad: last.bad + more.bad };
  return [...kept.slice(0, -1), sum];
}

/** True when so many of the calls have failed that the next ones would too. */
export function opens(recent: RecentCalls, nowMs: number): boolean {
  const now = Math.floor(nowMs / SLOT_MS);
  return TOO_MUCH.some(({ slots, share }) => {
    const looked = recent.filter(({ slot }) => slot > now - slots);
    const good = looked.reduce((sum, each) => sum + each.good, 0);
    const bad = looked.reduce((sum, each) => sum + each.bad, 0);
    return bad >= BAD_MIN && bad >= share * (good + bad);
  });
}
