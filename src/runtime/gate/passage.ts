import type { DeclineReason } from '../../domain/model/target-gate.ts';
import type { Breaker, HalfOpen, Recovering } from './breaker.ts';

/** The first round of a recovery. */
export const RAMP_FIRST = 2;
/** When no other call has come for so long, one whose step ends with its failure is the probe; it asks again this often. */
const LAST_TRIES_MS = 5_000;
const LAST_TRY_MS = 300;
const PROBE_WAIT_MIN_MS = 1_000;
const PROBE_WAIT_MAX_MS = 15_000;

/** How many calls may go through now, and when it is worth asking again if none may. */
export type Passage =
  | { readonly calls: number }
  | { readonly calls: 0; readonly reason: DeclineReason; forMs: number; spacingMs: number };

export function passage({ phase }: Breaker, nowMs: number, areLastTries: boolean): Passage {
  switch (phase.kind) {
    case 'closed':
      return { calls: Number.POSITIVE_INFINITY };
    case 'open':
      return { calls: 0, reason: phase.reason, forMs: phase.untilMs - nowMs, spacingMs: 0 };
    case 'half_open':
      return halfOpenPassage(phase, nowMs, areLastTries);
    case 'recovering':
      return rampPassage(phase, nowMs);
  }
}

/**
 * A call whose step ends with its failure is not sent to find out, if others come: whoever has waited through an outage
 * must not fail for having been sent ahead in it twice.
 */
function halfOpenPassage(
  { probe, reason, fromMs = 0 }: HalfOpen,
  nowMs: number,
  areLastTries: boolean,
): Passage {
  if (probe === null || nowMs >= probe.untilMs) {
    const leftMs = fromMs + LAST_TRIES_MS - nowMs;
    return areLastTries && leftMs > 0
      ? { calls: 0, reason, forMs: Math.min(leftMs, LAST_TRY_MS), spacingMs: 0 }
      : { calls: 1 };
  }
  const outMs = nowMs - probe.sentAtMs;
  const forMs = Math.min(PROBE_WAIT_MAX_MS, Math.max(PROBE_WAIT_MIN_MS, outMs));
  return { calls: 0, reason, forMs, spacingMs: 0 };
}

function rampPassage(phase: Recovering, nowMs: number): Passage {
  const { fromMs, doubleMs, granted, reason } = phase;
  const calls = rampAllowance(nowMs - fromMs, doubleMs) - granted;
  if (calls >= 1) return { calls };
  const dueAtMs = fromMs + doubleMs * Math.log2((granted + 1) / RAMP_FIRST);
  const forMs = Math.max(100, Math.ceil(dueAtMs - nowMs));
  return { calls: 0, reason, forMs, spacingMs: doubleMs / granted };
}

/** Calls that a recovery has let through after so long, at most. */
export function rampAllowance(sinceMs: number, doubleMs: number): number {
  return Math.floor(RAMP_FIRST * 2 ** (Math.max(0, sinceMs) / doubleMs));
}
