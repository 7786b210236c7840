import type { DeclineReason, TargetLimits } from '../../domain/model/target-gate.ts';
import type { WantedCalls } from '../../services/ports/targets/target-gates.ts';
import type { Sql } from '../job-shard/sql.ts';
import { filled, fullBucket, spacingMs, taken, toStore, waitFor, type Bucket } from './bucket.ts';
import { freePlaces, placesOf } from './places.ts';
import { deletePlaces, loadFact, loadPlaces, saveFact, savePlaces } from './tables.ts';

export type Asker = {
  readonly runner: string;
  readonly nowMs: number;
  /** How long a call lasts, as far as is known. */
  readonly callMs: number;
};

export type Allowed =
  | { readonly calls: number; readonly tokens: number | null }
  | {
      readonly calls: 0;
      readonly reason: DeclineReason;
      readonly forMs: number;
      readonly spacingMs: number;
    };

type RateName = 'requests' | 'tokens';
type Rate = { readonly perMinute: number; bucket: Bucket; stored: Bucket | null };

const PLACE_WAIT_MIN_MS = 250;
const PLACE_WAIT_MAX_MS = 5_000;

/** The limits of a target: what they leave, and what has been taken of it. */
export class Limiter {
  readonly #sql: Sql;
  readonly #rates = new Map<RateName, Rate>();
  readonly #concurrency: number | null;
  readonly #places: Map<string, { readonly count: number; readonly untilMs: number }>;

  constructor(sql: Sql, limits: TargetLimits, nowMs: number) {
    this.#sql = sql;
    this.#concurrency = limits.concurrency ?? null;
    this.#places = new Map(loadPlaces(sql));
    this.#open('requests', limits.requestsPerMinute, nowMs);
    this.#open('tokens', limits.tokensPerMinute, nowMs);
  }

  #open(name: RateName, perMinute: number | undefined, nowMs: number): void {
    if (perMinute === undefined) return;
    const stored = loadFact(this.#sql, name);
    const bucket = filled(stored ?? fullBucket(perMinute, nowMs), perMinute, nowMs);
    this.#rates.set(name, { perMinute, bucket, stored });
  }

  get any(): boolean {
    return this.#rates.size > 0 || this.#concurrency !== null;
  }

  /** What of the wanted calls the limits allow, and what it would take to wait for the first. Takes nothing. */
  allowed({ calls, tokens, tokensOfFirst }: WantedCalls, asker: Asker): Allowed {
    const requests = this.#filled('requests', asker.nowMs);
    const tokenRate = this.#filled('tokens', asker.nowMs);
    const tooEarly = waitingFor(requests, 1) ?? (tokenRate && waitingFor(tokenRate, tokensOfFirst));
    if (tooEarly != null) return tooEarly;
    const free = this.#free(asker);
    if (free < 1) return noPlace(asker, this.#concurrency ?? 1);
    // Half of the places stay for others: what a runner does not use lies idle until it says so.
    const most = Math.max(1, Math.min(calls, free / 2, requests?.bucket.level ?? calls));
    return shared({ calls: Math.floor(most), tokens, tokensOfFirst }, calls, tokenRate);
  }

  #filled(name: RateName, nowMs: number): Rate | null {
    const rate = this.#rates.get(name);
    if (rate === undefined) return null;
    rate.bucket = filled(rate.bucket, rate.perMinute, nowMs);
    return rate;
  }

  #free({ runner, nowMs }: Asker): number {
    if (this.#concurrency === null) return Number.POSITIVE_INFINITY;
    const own = this.#places.get(runner)?.count ?? 0;
    return freePlaces(this.#places, this.#concurrency, { runner, nowMs }) - own;
  }

  /** Notes how many places a runner still has. */
  keep({ runner, nowMs }: Asker, count: number): void {
    if (this.#concurrency === null) return;
    for (const [name, { untilMs }] of this.#places) if (untilMs <= nowMs) this.#forget(name);
    if (count === 0) {
      this.#forget(runner);
      return;
    }
    const stored = this.#places.get(runner);
    const kept = placesOf(stored, count, nowMs);
    this.#places.set(runner, kept);
    if (kept !== stored) savePlaces(this.#sql, runner, kept);
  }

  #forget(runner: string): void {
    if (this.#places.delete(runner)) deletePlaces(this.#sql, runner);
  }

  /** Takes what is given to a runner that has some places already. */
  take(asker: Asker, given: { readonly calls: number; readonly tokens: number | null }): void {
    this.#takeRate('requests', given.calls);
    this.#takeRate('tokens', given.tokens ?? 0);
    this.keep(asker, (this.#places.get(asker.runner)?.count ?? 0) + given.calls);
  }

  /** Corrects the tokens: more than had been estimated, or fewer. */
  correct(tokensBeyond: number, nowMs: number): void {
    this.#filled('tokens', nowMs);
    this.#takeRate('tokens', tokensBeyond);
  }

  #takeRate(name: RateName, amount: number): void {
    const rate = this.#rates.get(name);
    if (rate === undefined || amount === 0) return;
    rate.bucket = taken(rate.bucket, amount, rate.perMinute);
    const stored = toStore(rate.bucket, rate.stored, rate.perMinute);
    if (stored === null) return;
    rate.stored = stored;
    saveFact(this.#sql, name, stored);
  }

  /** What is left at a moment; null where there is no limit. */
  room(nowMs: number): {
    requests: number | null;
    tokens: number | null;
    concurrency: number | null;
  } {
    const left = (name: RateName) => {
      const rate = this.#filled(name, nowMs);
      return rate === null ? null : Math.max(0, Math.floor(rate.bucket.level));
    };
    const nobody = { runner: '', nowMs };
    return {
      requests: left('requests'),
      tokens: left('tokens'),
      concurrency: this.#concurrency && freePlaces(this.#places, this.#concurrency, nobody),
    };
  }
}

function waitingFor(rate: Rate | null, first: number): Allowed | null {
  if (rate === null) return null;
  const forMs = waitFor(rate.bucket, rate.perMinute, first);
  if (forMs === 0) return null;
  return { calls: 0, reason: 'rate_limit', forMs, spacingMs: spacingMs(rate.perMinute) * first };
}

function noPlace({ callMs }: Asker, limit: number): Allowed {
  const spacing = Math.ceil(callMs / limit);
  const forMs = Math.min(PLACE_WAIT_MAX_MS, Math.max(PLACE_WAIT_MIN_MS, spacing));
  return { calls: 0, reason: 'concurrency', forMs, spacingMs: spacing };
}

/** As many of the calls as there are tokens for, with their part of the tokens. */
function shared(
  { calls, tokens, tokensOfFirst }: WantedCalls,
  wantedCalls: number,
  rate: Rate | null,
): Allowed {
  if (rate === null) return { calls, tokens: null };
  const each = wantedCalls <= 1 ? 0 : (tokens - tokensOfFirst) / (wantedCalls - 1);
  const left = Math.max(0, rate.bucket.level - tokensOfFirst);
  const more = each <= 0 ? calls - 1 : Math.min(calls - 1, Math.floor(left / each));
  return { calls: 1 + more, tokens: Math.ceil(tokensOfFirst + more * each) };
}
