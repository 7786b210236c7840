import { hash } from 'node:crypto';

/** One request below `/v1`, as it is kept and as `GET /__simulator/journal` shows it. */
export type JournalEntry = {
  readonly seq: number;
  /** When the request had come in whole, in ISO form. */
  readonly at: string;
  readonly method: string;
  readonly path: string;
  readonly model: string | null;
  readonly stream: boolean;
  /** The HTTP status that was sent; `null` when none was. */
  readonly status: number | null;
  readonly ended: 'pending' | 'answered' | 'dropped' | 'client_left';
  /** Was work done that a provider would bill? */
  readonly paid: boolean;
  readonly fault: string | null;
  readonly duration_ms: number | null;
  readonly idempotency_key: string | null;
  readonly request_id: string | null;
  readonly traceparent: string | null;
  readonly body_sha256: string;
  /** Only when the simulator was told to keep bodies. */
  readonly body?: string;
};

/** An entry while its request is under way. */
export type OpenEntry = { -readonly [Field in keyof JournalEntry]: JournalEntry[Field] };

export type Journal = {
  open(start: EntryStart): OpenEntry;
  /** Entries with a higher number than `since`, oldest first. */
  entries(since?: number): readonly JournalEntry[];
  /** The number of the last entry, also of one that was forgotten. */
  lastSeq(): number;
  clear(): void;
};

type EntryStart = Pick<JournalEntry, 'method' | 'path' | 'model' | 'stream'> & {
  readonly bodyText: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
};

/** Keeps the last `limit` requests. Numbers go on after a clear, so that a reader's `since` stays true. */
export function createJournal(limit: number, keepBodies: boolean): Journal {
  let ring: OpenEntry[] = [];
  let seq = 0;
  return {
    open({ bodyText, headers, ...start }) {
      seq += 1;
      const entry: OpenEntry = {
        seq,
        at: new Date().toISOString(),
        ...start,
        status: null,
        ended: 'pending',
        paid: false,
        fault: null,
        duration_ms: null,
        idempotency_key: headerText(headers['idempotency-key']),
        request_id: headerText(headers['x-request-id']),
        traceparent: headerText(headers['traceparent']),
        body_sha256: hash('sha256', bodyText),
        ...(keepBodies ? { body: bodyText } : {}),
      };
      ring[seq % limit] = entry;
      return entry;
    },
    entries: (since = 0) =>
      ring.filter((entry) => entry.seq > since).toSorted((left, right) => left.seq - right.seq),
    lastSeq: () => seq,
    clear() {
      ring = [];
    },
  };
}

function headerText(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null;
}
