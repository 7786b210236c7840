import type { Json } from '../json.ts';

/** An opaque, JSON-safe handle to work at a provider that outlives one request. */
export type Ticket = {
  readonly providerJobId: string;
  /** Whatever else the adapter needs to ask again; small, and never a secret. */
  readonly data: Json;
};

/**
 * A provider's work as its attempt keeps it. The ticket's `data` lies with the job's payloads: history carries the id
 * alone.
 */
export type ProviderWork = {
  readonly providerJobId: string;
  /** When it is worth asking the provider again. While a runner asks: when it counts as lost. */
  readonly checkAtMs: number;
  /** How often a runner was sent to ask. */
  readonly polls: number;
};
