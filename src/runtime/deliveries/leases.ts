import type { TriedDelivery } from '../../services/ports/webhooks.ts';
import type { Chosen } from './choose.ts';
import type { Lease, Standing } from './standing.ts';
import type { DeliveryRow } from './tables.ts';

/** A deliverer that was not heard of for so long is gone; it gives up a delivery by itself well before. */
const LEASE_MS = 30_000;

/** What a request was given already: its answer may have been lost. */
export function leasedTo({ leases }: Standing, turn: string): Chosen[] {
  return Object.entries(leases)
    .filter(([, lease]) => lease.turn === turn)
    .map(([id, { lane }]) => ({ id, lane }));
}

export function withLeases(
  standing: Standing,
  chosen: readonly Chosen[],
  { turn, nowMs }: { readonly turn: string; readonly nowMs: number },
): Standing {
  if (chosen.length === 0) return standing;
  const untilMs = nowMs + LEASE_MS;
  const leases = chosen.map(({ id, lane }) => [id, { turn, lane, sinceMs: nowMs, untilMs }]);
  return { ...standing, leases: { ...standing.leases, ...Object.fromEntries(leases) } };
}

export function withoutLease(standing: Standing, id: string): Standing {
  if (standing.leases[id] === undefined) return standing;
  const { [id]: _over, ...leases } = standing.leases;
  return { ...standing, leases };
}

/** When the first lease runs out; infinity when nothing is in deliverers' hands. */
export function firstEndAtMs({ leases }: Standing): number {
  return Math.min(...Object.values(leases).map(({ untilMs }) => untilMs));
}

/** What became of a delivery whose deliverer was never heard of again is not known: it counts as a try that failed. */
export function unheardOf({ id, number }: DeliveryRow, { sinceMs, untilMs }: Lease): TriedDelivery {
  const tried = {
    number: number + 1,
    atMs: sinceMs,
    latencyMs: untilMs - sinceMs,
    status: null,
    error: 'not_reported',
    answer: '',
  };
  return { id, tried, retryAfterMs: null, verdict: 'again' };
}
