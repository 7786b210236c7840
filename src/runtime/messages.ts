import { z } from 'zod';

import { isJobId, isProjectId, type JobId, type ProjectId } from '../domain/ids.ts';
import { waitingKinds } from '../domain/job/waiting.ts';
import { webhookPayloads } from '../domain/webhook.ts';
import type { HistoryMark } from '../services/ports/job-shard/job-shard.ts';
import { traceNotes } from './traces/notes.ts';

/**
 * What travels through the queues. A STORED CONTRACT while messages wait: new fields are optional. A wake
 * message is a hint, history messages are copies; neither carries truth.
 */
const jobId = z.custom<JobId>(
  (value) => typeof value === 'string' && isJobId(value),
  'not a job id',
);
const projectId = z.custom<ProjectId>(
  (value) => typeof value === 'string' && isProjectId(value),
  'not a project id',
);

export const wakeMessage = z.object({ kind: z.literal('wake'), project: projectId, job_id: jobId });
export type WakeMessage = z.infer<typeof wakeMessage>;

/** A receiver has something due: an endpoint by its id, or jobs' own webhooks by their object. */
export const deliverMessage = z.object({
  kind: z.literal('deliver'),
  project: projectId,
  receiver: z.string().max(80),
});
export type DeliverMessage = z.infer<typeof deliverMessage>;

/** A job's row in D1, as of event `seq`. Times in milliseconds, money in nano-dollars. */
const historyJob = z.object({
  id: jobId,
  pipeline: z.string(),
  version: z.number(),
  status: z.string(),
  reason_code: z.string().nullable(),
  seq: z.number(),
  created_at: z.number(),
  started_at: z.number().nullable(),
  finished_at: z.number().nullable(),
  expires_at: z.number().nullable(),
  /** A copy that comes after this moment may meet a job that was deleted, and is not written. */
  stale_at: z.number().optional(),
  cost_nano_usd: z.number(),
  unpriced_attempts: z.number(),
  tags: z.array(z.string()),
  metadata: z.record(z.string(), z.string()),
  request_id: z.string(),
  trace_id: z.string(),
  /** Of a trace that its caller does not record. */
  sampled: z.literal(false).optional(),
  /** What the job has waited for longer than a moment, and until when; null while it does not. */
  waiting_kind: z.enum(waitingKinds).nullish(),
  waiting_until: z.number().nullish(),
  /** Orders what is told of a wait between two events; see `job-shard/waiting.ts`. */
  waiting_version: z.number().optional(),
  /** Everything up to this event was confirmed before. */
  confirmed_seq: z.number().optional(),
  /** Whom its submitter wants told of it. */
  webhook: z
    .object({ url: z.string(), events: z.array(z.string()), payload: z.enum(webhookPayloads) })
    .optional(),
  /** Where its time went, of a job that is over. */
  times: z
    .object({
      provider_ms: z.number(),
      waited_ms: z.number(),
      overhead_ms: z.number(),
      cost: z.number().int().optional(),
      /** Paid calls that were under way at its end. */
      open: z.array(z.object({ step: z.string(), provider: z.string(), model: z.string() })),
    })
    .optional(),
});

/** Consecutive events of one job, as one row. */
const historyEvents = z.object({
  first_seq: z.number(),
  last_seq: z.number(),
  events: z.array(z.unknown()),
});

/** One finished attempt that called a model. */
const historyCall = z.object({
  attempt_key: z.string(),
  step: z.string(),
  item: z.number().nullable(),
  attempt: z.number(),
  provider: z.string(),
  model: z.string(),
  outcome: z.string(),
  failure_class: z.string().nullable(),
  started_at: z.number(),
  latency_ms: z.number().nullable(),
  cost_nano_usd: z.number().nullable(),
  usage: z.record(z.string(), z.number()),
  returned_model: z.string().optional(),
  request_sha256: z.string().optional(),
  code_version: z.number().optional(),
  price_version: z.string().optional(),
  provider_request_id: z.string().optional(),
  /** Of a call that another attempt made needless: it was made inside the Worker, and cost nothing. */
  local: z.literal(true).optional(),
});
export type HistoryCall = z.infer<typeof historyCall>;

const historyEntry = z.object({
  job: historyJob,
  events: historyEvents.nullable(),
  calls: z.array(historyCall),
  /** For the spans of a job that is traced; not stored. */
  trace: traceNotes.optional(),
});
export type HistoryEntry = z.infer<typeof historyEntry>;

/** What an entry lets its shard forget once it is stored. */
export function markOf({ job, events }: HistoryEntry): HistoryMark {
  return {
    jobId: job.id,
    firstSeq: events?.first_seq ?? 1,
    seq: events?.last_seq ?? 0,
    waitingVersion: job.waiting_version,
  };
}

export const historyMessage = z.object({
  kind: z.literal('history'),
  project: projectId,
  shard: z.number(),
  entries: z.array(historyEntry),
});
export type HistoryMessage = z.infer<typeof historyMessage>;
