import { attemptKey, type AttemptRecord } from '../../../domain/job/attempt.ts';
import type { JobEvent } from '../../../domain/job/event.ts';
import type { JobBirth, JobState } from '../../../domain/job/job.ts';
import { isTerminal } from '../../../domain/job/job.ts';
import { utf8Bytes } from '../../../domain/json.ts';
import { toWire } from '../../../domain/wire.ts';
import { jobTimes } from '../../../services/metrics/facts/job-times.ts';
import type { HistoryCall, HistoryEntry, HistoryMessage } from '../../messages.ts';
import type { Book } from '../book.ts';
import { confirmedSeq, type ShardContext, type ShardSettings } from '../context.ts';
import { eventsAfter } from '../tables/events.ts';
import { loadItem } from '../tables/items.ts';
import type { JobRow } from '../tables/jobs.ts';
import { notesForTrace } from './trace-notes.ts';
import { isToldLate, waitingColumns } from '../waiting.ts';

/** Events and calls of one entry, in bytes of JSON: keeps an entry well below a queue message's 128 kB. */
const ENTRY_BYTES_MAX = 60_000;
const MESSAGE_BYTES_MAX = 100_000;

/**
 * What D1 does not have of a job yet. What was sent is not sent again until its confirmation is overdue; then
 * all that is unconfirmed goes again. D1 takes repetitions and overlaps without harm.
 */
export function historyEntries(context: ShardContext, row: JobRow): HistoryEntry[] {
  const { memory, ports } = context;
  const jobId = row.state.birth.id;
  const sent = memory.sent.get(jobId);
  const overdue = sent === undefined || sent.seq >= row.state.seq;
  const confirmed = confirmedSeq(context, jobId, row.book);
  const after = overdue ? confirmed : Math.max(confirmed, sent.seq);
  const nowMs = ports.nowMs();
  const events = eventsAfter(ports.sql, jobId, after, Number.POSITIVE_INFINITY);
  const all = () =>
    after === 0 ? events : eventsAfter(ports.sql, jobId, 0, Number.POSITIVE_INFINITY);
  const job = {
    ...historyJob(row.state, row.book, nowMs),
    confirmed_seq: confirmed,
    ...(isTerminal(row.state.status) ? timesOf(all()) : {}),
  };
  const lines = events.map((event) => ({
    seq: event.seq,
    event: toWire(event),
    calls: callOf(context, row.state, event),
  }));
  // A wait makes no event: what it tells may have to go by itself.
  if (lines.length === 0 && isToldLate(row.book, nowMs)) return [{ job, events: null, calls: [] }];
  return slices(lines).map((slice) => ({
    job,
    events: {
      first_seq: slice[0]?.seq ?? 0,
      last_seq: slice.at(-1)?.seq ?? 0,
      events: slice.map(({ event }) => event),
    },
    calls: slice.flatMap(({ calls }) => calls),
    ...notesForTrace(context, row.state, within(events, slice)),
  }));
}

/** Where a job's time went can only be told from all its events. */
function timesOf(events: readonly JobEvent[]): Pick<HistoryEntry['job'], 'times'> {
  const times = jobTimes(events);
  return times === null ? {} : { times: { ...times, open: [...times.open] } };
}

/** Those of the events that a piece of history tells of. */
function within(
  events: readonly JobEvent[],
  piece: readonly { readonly seq: number }[],
): readonly JobEvent[] {
  const first = piece[0]?.seq ?? 0;
  const last = piece.at(-1)?.seq ?? 0;
  return events.filter(({ seq }) => seq >= first && seq <= last);
}

/** Cuts a list so that each piece fits into a message. */
function slices<Line>(lines: readonly Line[]): Line[][] {
  const pieces: Line[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const line of lines) {
    const bytes = utf8Bytes(JSON.stringify(line));
    if (length + bytes > ENTRY_BYTES_MAX) {
      pieces.push([]);
      length = 0;
    }
    pieces.at(-1)?.push(line);
    length += bytes;
  }
  return pieces;
}

function historyJob(state: JobState, book: Book, nowMs: number): HistoryEntry['job'] {
  const { birth } = state;
  const over = isTerminal(state.status) && state.finishedAtMs !== null;
  // Of a job that runs now, nothing is deleted before its retention has passed from now on.
  const keptUntilMs = (over ? (state.finishedAtMs ?? 0) : nowMs) + book.historyMs;
  return {
    id: birth.id,
    pipeline: birth.pipeline,
    version: birth.version,
    status: state.status,
    reason_code: state.reason?.code ?? null,
    seq: state.seq,
    created_at: birth.createdAtMs,
    started_at: state.startedAtMs,
    finished_at: state.finishedAtMs,
    expires_at: over ? keptUntilMs : null,
    stale_at: keptUntilMs,
    cost_nano_usd: state.cost.nanoUsd,
    unpriced_attempts: state.cost.unpricedAttempts,
    tags: [...birth.tags],
    metadata: { ...birth.metadata },
    request_id: birth.correlation.requestId,
    trace_id: birth.correlation.traceId,
    ...(birth.correlation.sampled === false ? { sampled: false } : {}),
    ...webhookOf(birth),
    ...(isTerminal(state.status) ? {} : waitingColumns(book, nowMs)),
  };
}

function webhookOf({ webhook }: JobBirth): Pick<HistoryEntry['job'], 'webhook'> {
  return webhook === undefined ? {} : { webhook: { ...webhook, events: [...webhook.events] } };
}

const ENDS: ReadonlySet<string> = new Set([
  'attempt.succeeded',
  'attempt.failed',
  'attempt.lost',
  'attempt.superseded',
  'cost.adjusted',
]);

/** The model call that an event tells the end of, as a list of one or none. */
function callOf(context: ShardContext, state: JobState, event: JobEvent): HistoryCall[] {
  const { step, item = null, attempt } = event;
  if (step === undefined || !ENDS.has(event.type)) return [];
  const attempts = recordsOf(context, state, step, item);
  const record = attempts.find((known) => known.attempt === attempt);
  return record?.target == null ? [] : [historyCall(step, item, record, record.target)];
}

function recordsOf(
  { ports }: ShardContext,
  state: JobState,
  step: string,
  item: number | null,
): readonly AttemptRecord[] {
  if (item === null) return state.steps[step]?.attempts ?? [];
  return loadItem(ports.sql, state.birth.id, step, item)?.attempts ?? [];
}

function historyCall(
  step: string,
  item: number | null,
  record: AttemptRecord,
  target: NonNullable<AttemptRecord['target']>,
): HistoryCall {
  const { facts } = record;
  return {
    attempt_key: attemptKey(step, item, record.attempt),
    step,
    item,
    attempt: record.attempt,
    provider: target.provider,
    model: target.model,
    outcome: record.outcome,
    failure_class: record.failure?.class ?? null,
    started_at: record.startedAtMs,
    latency_ms: facts?.latencyMs ?? null,
    cost_nano_usd: facts?.costNanoUsd ?? null,
    usage: { ...facts?.usage },
    ...provenance(facts),
    ...localMark(record),
  };
}

/** Of a call that cost something, or may have, its record says so or has its facts. */
function localMark({ outcome, unpriced, facts }: AttemptRecord): { local?: true } {
  const isFree = outcome === 'superseded' && unpriced === undefined && facts === undefined;
  return isFree ? { local: true } : {};
}

/** What reproduces the call. */
function provenance(facts: AttemptRecord['facts']) {
  return {
    returned_model: facts?.returnedModel,
    request_sha256: facts?.requestSha256,
    code_version: facts?.codeVersion,
    price_version: facts?.priceVersion,
    provider_request_id: facts?.providerRequestId,
  };
}

/** Packs entries into as few messages as their size allows. */
export function packHistory(
  { project, shard }: Pick<ShardSettings, 'project' | 'shard'>,
  entries: readonly HistoryEntry[],
): HistoryMessage[] {
  const messages: {
    kind: 'history';
    project: typeof project;
    shard: number;
    entries: HistoryEntry[];
  }[] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const bytes = utf8Bytes(JSON.stringify(entry));
    if (length + bytes > MESSAGE_BYTES_MAX) {
      messages.push({ kind: 'history', project, shard, entries: [] });
      length = 0;
    }
    messages.at(-1)?.entries.push(entry);
    length += bytes;
  }
  return messages;
}
