import { spreadOf } from '../../domain/spread.ts';
import type { TargetHealth } from '../../domain/model/target-gate.ts';
import type { Breaker } from './breaker.ts';
import { lately, type Seen } from './seen.ts';
import type { Hands } from './tables.ts';

type State = Pick<
  TargetHealth,
  'state' | 'reason' | 'because' | 'sinceMs' | 'nextProbeAtMs' | 'held' | 'released'
>;

/** How a target stands: what a person has ordered goes before what the gate has found out. */
export function stateOf({ phase }: Breaker, hands: Hands): State {
  const own = ownState(phase);
  const { held } = hands;
  if (held === null) return { ...own, ...hands };
  return { ...own, ...hands, state: 'held', reason: 'held', sinceMs: held.atMs };
}

function ownState(phase: Breaker['phase']): Omit<State, 'held' | 'released'> {
  if (phase.kind === 'closed') {
    return { state: 'closed', reason: null, because: null, sinceMs: null, nextProbeAtMs: null };
  }
  const { kind: state, reason, because, sinceMs } = phase;
  const nextProbeAtMs = phase.kind === 'open' ? phase.untilMs : null;
  return { state, reason, because, sinceMs, nextProbeAtMs };
}

type Findings = Pick<
  TargetHealth,
  'errors' | 'alerts' | 'calls' | 'latencyMs' | 'timeToFirstTokenMs'
>;

/** What a target's calls have shown lately. */
export function findingsOf(seen: Seen, nowMs: number): Findings {
  const { good, bad, latencyMs, timeToFirstTokenMs } = lately(seen, nowMs);
  return {
    errors: seen.errors.toSorted((left, right) => right.lastAtMs - left.lastAtMs),
    alerts: seen.alerts,
    calls: { good, bad },
    latencyMs: spreadOf(latencyMs),
    timeToFirstTokenMs: spreadOf(timeToFirstTokenMs),
  };
}
