import type { ProjectId } from '../../../domain/ids.ts';
import { utf8Bytes } from '../../../domain/json.ts';
import type { HistoryEntry } from '../../messages.ts';
import { factStatements } from '../fact-rows.ts';

/** An entry with the shard it came from. */
export type OwnedEntry = {
  readonly project: ProjectId;
  readonly shard: number;
  readonly entry: HistoryEntry;
};

export type WriteResult = {
  readonly written: readonly OwnedEntry[];
  /** Entries that D1 refused by themselves. */
  readonly refused: readonly { readonly owned: OwnedEntry; readonly reason: string }[];
};

/** `unmeasured`: no facts are kept, and so no metrics and no costs by dimension. */
export type WriteOptions = { readonly unmeasured?: boolean };

/** D1 refuses a bound value over 2 MB; the local runtime does not, so the bound is kept here. */
const PARAMETER_BYTES_MAX = 900_000;

/**
 * Writes history in few statements: one for each table, however many rows, with all rows in one bound JSON
 * text. A batch that D1 refuses is cut in half until the row that it cannot take stands alone, so that one bad
 * row harms nobody. Repetitions and overlaps change nothing: rows only ever go forward.
 */
export async function writeHistory(
  db: D1Database,
  entries: readonly OwnedEntry[],
  options: WriteOptions = {},
): Promise<WriteResult> {
  const written: OwnedEntry[] = [];
  const refused: { owned: OwnedEntry; reason: string }[] = [];
  for (const chunk of chunksOf(entries)) {
    const result = await writeChunk(db, chunk, options);
    written.push(...result.written);
    refused.push(...result.refused);
  }
  return { written, refused };
}

function chunksOf(entries: readonly OwnedEntry[]): OwnedEntry[][] {
  const chunks: OwnedEntry[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const owned of entries) {
    const size = utf8Bytes(JSON.stringify(owned));
    if (bytes + size > PARAMETER_BYTES_MAX) {
      chunks.push([]);
      bytes = 0;
    }
    chunks.at(-1)?.push(owned);
    bytes += size;
  }
  return chunks;
}

async function writeChunk(
  db: D1Database,
  chunk: readonly OwnedEntry[],
  options: WriteOptions,
): Promise<WriteResult> {
  try {
    await db.batch(statements(db, chunk, options));
    return { written: chunk, refused: [] };
  } catch (error) {
    const [only] = chunk;
    if (only === undefined) return { written: [], refused: [] };
    if (chunk.length === 1) {
      const reason = error instanceof Error ? error.message.slice(0, 300) : 'unknown';
      return { written: [], refused: [{ owned: only, reason }] };
    }
    const middle = Math.ceil(chunk.length / 2);
    const left = await writeChunk(db, chunk.slice(0, middle), options);
    const right = await writeChunk(db, chunk.slice(middle), options);
    return {
      written: [...left.written, ...right.written],
      refused: [...left.refused, ...right.refused],
    };
  }
}

const UPSERT_JOBS = `
INSERT INTO jobs (project, id, pipeline, version, status, reason_code, seq, created_at, started_at,
  finished_at, expires_at, cost_nano_usd, unpriced_attempts, tags, metadata, request_id, trace_id,
  waiting_kind, waiting_until, waiting_version)
SELECT value->>'project', value->>'id', value->>'pipeline', value->>'version', value->>'status',
  value->>'reason_code', value->>'seq', value->>'created_at', value->>'started_at', value->>'finished_at',
  value->>'expires_at', value->>'cost_nano_usd', value->>'unpriced_attempts', value->'tags',
  value->'metadata', value->>'request_id', value->>'trace_id', value->>'waiting_kind',
  value->>'waiting_until', value->>'waiting_version'
FROM json_each(?1)
WHERE true
ON CONFLICT (project, id) DO UPDATE SET status = excluded.status, reason_code = excluded.reason_code,
  seq = excluded.seq, started_at = excluded.started_at, finished_at = excluded.finished_at,
  expires_at = excluded.expires_at, cost_nano_usd = excluded.cost_nano_usd,
  unpriced_attempts = excluded.unpriced_attempts, waiting_kind = excluded.waiting_kind,
  waiting_until = excluded.waiting_until, waiting_version = excluded.waiting_version
WHERE excluded.seq > jobs.seq OR (excluded.seq = jobs.seq
  AND coalesce(excluded.waiting_version, 0) > coalesce(jobs.waiting_version, 0))`;

const INSERT_TAGS = `
INSERT INTO job_tags (project, tag, job_id)
SELECT job.value->>'project', tag.value, job.value->>'id'
FROM json_each(?1) AS job, json_each(job.value, '$.tags') AS tag
WHERE true
ON CONFLICT DO NOTHING`;

const UPSERT_EVENTS = `
INSERT INTO events (project, job_id, first_seq, last_seq, body, calls)
SELECT value->>'project', value->>'job_id', value->>'first_seq', value->>'last_seq', value->'events', value->'calls'
FROM json_each(?1)
WHERE true
ON CONFLICT (project, job_id, first_seq) DO UPDATE SET last_seq = excluded.last_seq, body = excluded.body,
  calls = excluded.calls
WHERE excluded.last_seq > events.last_seq`;

const INSERT_SHARDS = `
INSERT INTO known_shards (project, shard)
SELECT DISTINCT value->>'project', value->>'shard' FROM json_each(?1) WHERE true
ON CONFLICT DO NOTHING`;

function statements(
  db: D1Database,
  chunk: readonly OwnedEntry[],
  { unmeasured = false }: WriteOptions,
): D1PreparedStatement[] {
  const jobs = chunk.map(({ project, entry }) => ({ project, ...entry.job }));
  const events = chunk.flatMap(({ project, entry: { job, events: told, calls } }) =>
    told === null
      ? []
      : [{ project, job_id: job.id, ...told, ...(calls.length > 0 ? { calls } : {}) }],
  );
  const tagged = jobs.filter(({ tags }) => tags.length > 0);
  const shards = chunk.map(({ project, shard }) => ({ project, shard }));
  const bound: [string, readonly object[]][] = [
    [UPSERT_JOBS, jobs],
    [INSERT_TAGS, tagged],
    [UPSERT_EVENTS, events],
    [INSERT_SHARDS, shards],
  ];
  const told = bound
    .filter(([, rows]) => rows.length > 0)
    .map(([query, rows]) => db.prepare(query).bind(JSON.stringify(rows)));
  return unmeasured ? told : [...told, ...factStatements(db, chunk, crypto.randomUUID())];
}
