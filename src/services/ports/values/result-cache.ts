import type { JobId, ProjectId } from '../../../domain/ids.ts';

/** Names a call to a target of one project: the same for identical calls, and for no others. See `cache-key.ts`. */
export type CacheKey = string & { readonly __brand: 'CacheKey' };

/** Finds the part of a project's cache that a call belongs to. */
export type ResultCaches = { of(project: ProjectId, key: CacheKey): ResultCache };

/**
 * Who has made which call, and who makes it now. It holds no result: that lies with the job that paid for it, and
 * whatever erases the job's payloads ends the entry too. Calls cross a process boundary: they may be lost, doubled or
 * answered late, and code of the release before may be on the other side. Lengths of time cross it, and no deadline.
 */
export type ResultCache = {
  /** What is known of a call. May wait, as the request says, for one that is under way. */
  find(request: FindRequest): Promise<FindAnswer>;
  /** The call that this asker makes for others is still under way. */
  renew(request: FlightMark & { readonly forMs: number }): Promise<void>;
  /** The asker makes the call no more, or waits for nobody's: whoever waits next makes it. */
  leave(request: FlightMark): Promise<void>;
  /** The call was made. */
  put(request: PutRequest): Promise<void>;
};

/** An asker, among all that ask for a call at the same time. */
export type FlightMark = { readonly key: CacheKey; readonly asker: string };

export type FindRequest = {
  readonly key: CacheKey;
  /** An older result is none. */
  readonly maxAgeMs: number;
  /** An entry whose result is no longer there: it is forgotten. */
  readonly gone: CacheEntry | null;
  /** How identical calls become one; null when each asker makes its own. */
  readonly flight: {
    readonly asker: string;
    /** Whoever makes the call for others says again within this time that it is under way. */
    readonly forMs: number;
    /** How long the answer may wait for a call that another one makes. */
    readonly waitMs: number;
  } | null;
};

export type FindAnswer =
  | { readonly kind: 'found'; readonly entry: CacheEntry; readonly createdAtMs: number }
  /** `leads`: the asker makes the call for others too, until it puts the result or leaves. */
  | { readonly kind: 'absent'; readonly leads: boolean }
  /** Another one still makes the call. */
  | { readonly kind: 'under_way' };

export type PutRequest = {
  readonly key: CacheKey;
  readonly entry: CacheEntry;
  readonly ttlMs: number;
  /** Who has made it, when it was made for others. */
  readonly asker: string | null;
};

/** Where a recorded result lies, and what is worth knowing of it. */
export type CacheEntry = {
  readonly jobId: JobId;
  readonly step: string;
  readonly item: number | null;
  /** Of the output's compact JSON text. */
  readonly sha256: string;
  /** What the call cost, in nano-dollars; null when that is not known. */
  readonly costNanoUsd: number | null;
  readonly returnedModel?: string;
  readonly finishReason?: string;
};
