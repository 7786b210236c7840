import type { EndpointState } from '../../domain/webhook.ts';
import type { ReceiverSeen, TriedDelivery } from '../../services/ports/webhooks.ts';

/**
 * What a receiver's deliveries have to know after their object was put away, beside the deliveries themselves. Stored as
 * JSON: fields are added as optional.
 */
export type Standing = {
  readonly state: EndpointState;
  readonly ordered: boolean;
  /** When a user's change of the state was last told; until a while later older sightings count for nothing. */
  readonly changedAtMs: number;
  /** For a paused receiver: when a deliverer looks whether it still is. */
  readonly recheck: { readonly atMs: number; readonly times: number } | null;
  /** Deliveries in deliverers' hands, by id. */
  readonly leases: Readonly<Record<string, Lease>>;
  /** Lanes whose last try has failed. */
  readonly troubles: Readonly<Record<string, Trouble>>;
  /** When old deliveries were last swept away. */
  readonly sweptAtMs: number;
};

export type Lease = {
  /** The request that it was given to. */
  readonly turn: string;
  readonly lane: string;
  readonly sinceMs: number;
  readonly untilMs: number;
};

export type Trouble = {
  /** Tries that have failed since the last success. */
  readonly failures: number;
  /** When the first of them was reported. */
  readonly sinceMs: number;
  /** Nothing is tried before. */
  readonly holdUntilMs: number;
};

export function newStanding(nowMs: number): Standing {
  return {
    state: 'active',
    ordered: false,
    changedAtMs: 0,
    recheck: null,
    leases: {},
    troubles: {},
    sweptAtMs: nowMs,
  };
}

/** A receiver that has failed so often in a row is asked once at a time … */
const PROBING_AFTER = 5;
/** … and with more and more time between. */
const SPACING_FIRST_MS = 1_000;
const SPACING_MAX_MS = 30_000;
/** A receiver that asks to be left alone is left alone by all of its deliveries, for so long at most. */
const LEFT_ALONE_MAX_MS = 60 * 60_000;
/** Lanes in trouble that are remembered at once. */
const TROUBLES_MAX = 1_000;

export function isProbing(trouble: Trouble | undefined): boolean {
  return trouble !== undefined && trouble.failures >= PROBING_AFTER;
}

/** With what a try says of its lane. */
export function withVerdict(
  standing: Standing,
  lane: string,
  {
    verdict,
    ...failed
  }: Pick<TriedDelivery, 'verdict' | 'retryAfterMs'> & { readonly nowMs: number },
): Standing {
  if (verdict === 'delivered') return untroubled(standing, lane);
  return verdict === 'again' ? troubled(standing, lane, failed) : standing;
}

/** After a try that has failed. */
function troubled(
  standing: Standing,
  lane: string,
  { nowMs, retryAfterMs }: { readonly nowMs: number; readonly retryAfterMs: number | null },
): Standing {
  const { troubles } = standing;
  const known = troubles[lane] ?? { failures: 0, sinceMs: nowMs, holdUntilMs: 0 };
  const failures = known.failures + 1;
  const doublings = Math.min(10, failures - PROBING_AFTER);
  const spacingMs = doublings < 0 ? 0 : Math.min(SPACING_MAX_MS, SPACING_FIRST_MS * 2 ** doublings);
  const askedMs = Math.min(LEFT_ALONE_MAX_MS, retryAfterMs ?? 0);
  const holdUntilMs = Math.max(known.holdUntilMs, nowMs + Math.max(spacingMs, askedMs));
  const others = Object.entries(troubles).filter(([name]) => name !== lane);
  const kept = Object.fromEntries(others.slice(1 - TROUBLES_MAX));
  return {
    ...standing,
    troubles: { ...kept, [lane]: { failures, sinceMs: known.sinceMs, holdUntilMs } },
  };
}

function untroubled(standing: Standing, lane: string): Standing {
  if (standing.troubles[lane] === undefined) return standing;
  const { [lane]: _over, ...troubles } = standing.troubles;
  return { ...standing, troubles };
}

/** What was seen by others may be older than a change that was told meanwhile, by as much as this. */
const SIGHTINGS_MAX_AGE_MS = 30_000;

/**
 * With what a teller has seen of the receiver. A pause is not taken from there: whoever is about to deliver finds it
 * out, and nothing gets stuck because of a sighting that was old.
 */
export function withSighting(standing: Standing, seen: ReceiverSeen, nowMs: number): Standing {
  if (nowMs < standing.changedAtMs + SIGHTINGS_MAX_AGE_MS) return standing;
  const state = seen.state === 'active' ? 'active' : standing.state;
  if (state === standing.state && seen.ordered === standing.ordered) return standing;
  return { ...standing, state, ordered: seen.ordered, recheck: null };
}

/** With a user's change of the receiver. */
export function withChange(
  standing: Standing,
  { state, ordered }: ReceiverSeen,
  nowMs: number,
): Standing {
  if (state === 'disabled') return { ...disabled(standing, nowMs), ordered, recheck: null };
  const troubles = state === 'active' ? {} : standing.troubles;
  const recheck = state === 'paused' ? held(standing, nowMs).recheck : null;
  return { ...standing, state, ordered, troubles, recheck, changedAtMs: nowMs };
}

/** Nothing is kept for a receiver that is gone. */
export function disabled(standing: Standing, nowMs: number): Standing {
  return { ...standing, leases: {}, troubles: {}, changedAtMs: nowMs, state: 'disabled' };
}

/** Whoever has tried to deliver has found the endpoint as it is: no pause that is remembered here holds any more. */
export function open(standing: Standing): Standing {
  return standing.state === 'paused' ? { ...standing, state: 'active', recheck: null } : standing;
}

const RECHECK_FIRST_MS = 60_000;
const RECHECK_MAX_MS = 60 * 60_000;

/** Paused; a deliverer looks again after a minute, and then ever more rarely. */
export function held(standing: Standing, nowMs: number): Standing {
  const times = (standing.recheck?.times ?? -1) + 1;
  const waitMs = Math.min(RECHECK_MAX_MS, RECHECK_FIRST_MS * 2 ** Math.min(times, 10));
  return { ...standing, state: 'paused', recheck: { atMs: nowMs + waitMs, times } };
}
