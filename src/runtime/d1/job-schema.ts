import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** The copies of jobs and their histories, and what belongs to them. */

/** The newest state that a shard has told of a job. Ids sort by creation. */
export const jobs = sqliteTable(
  'jobs',
  {
    project: text().notNull(),
    id: text().notNull(),
    pipeline: text().notNull(),
    version: integer().notNull(),
    status: text().notNull(),
    reasonCode: text('reason_code'),
    /** Number of the last event that this row knows of; a row never goes back. */
    seq: integer().notNull(),
    createdAt: integer('created_at').notNull(),
    startedAt: integer('started_at'),
    finishedAt: integer('finished_at'),
    /** When the row and the job's history are to be deleted; null while the job is not over. */
    expiresAt: integer('expires_at'),
    costNanoUsd: integer('cost_nano_usd').notNull(),
    unpricedAttempts: integer('unpriced_attempts').notNull(),
    tags: text({ mode: 'json' }).notNull(),
    metadata: text({ mode: 'json' }).notNull(),
    requestId: text('request_id').notNull(),
    traceId: text('trace_id').notNull(),
    /** What the job has waited for longer than a moment; null while it does not, or is over. */
    waitingKind: text('waiting_kind'),
    waitingUntil: integer('waiting_until'),
    /** Orders what is told between two events: a higher one is newer. */
    waitingVersion: integer('waiting_version'),
  },
  (table) => [
    primaryKey({ columns: [table.project, table.id] }),
    // Lists by status ask for the rare ones; jobs that succeed leave this index.
    index('jobs_not_succeeded')
      .on(table.project, table.status, table.id)
      .where(sql`status <> 'succeeded'`),
    // Only jobs that wait are in it: the others pay nothing for it.
    index('jobs_waiting')
      .on(table.project, table.waitingKind, table.id)
      .where(sql`waiting_kind IS NOT NULL`),
  ],
);

/** Consecutive events of a job as one row: a JSON list. Rows of one job may overlap; `seq` tells. */
export const events = sqliteTable(
  'events',
  {
    project: text().notNull(),
    jobId: text('job_id').notNull(),
    firstSeq: integer('first_seq').notNull(),
    lastSeq: integer('last_seq').notNull(),
    body: text().notNull(),
    /**
     * The model calls that these events tell the end of, as a JSON list of what `messages.ts` calls a history call;
     * null when there are none. In the row of the events they cost no rows of their own, neither now nor when they
     * are deleted. The view `calls` shows them as rows, each call once.
     */
    calls: text(),
  },
  (table) => [primaryKey({ columns: [table.project, table.jobId, table.firstSeq] })],
);

/**
 * One row for every finished attempt that called a model, as releases before this one wrote them. The view `calls` has
 * them too; nothing new is written here, and the table is to go when the last of them has outlived its retention.
 */
export const modelCalls = sqliteTable(
  'model_calls',
  {
    project: text().notNull(),
    jobId: text('job_id').notNull(),
    attemptKey: text('attempt_key').notNull(),
    pipeline: text().notNull(),
    version: integer().notNull(),
    step: text().notNull(),
    item: integer(),
    attempt: integer().notNull(),
    provider: text().notNull(),
    model: text().notNull(),
    returnedModel: text('returned_model'),
    outcome: text().notNull(),
    failureClass: text('failure_class'),
    startedAt: integer('started_at').notNull(),
    latencyMs: integer('latency_ms'),
    /** Null when the price is not known. */
    costNanoUsd: integer('cost_nano_usd'),
    usage: text({ mode: 'json' }).notNull(),
    requestSha256: text('request_sha256'),
    codeVersion: integer('code_version'),
    priceVersion: text('price_version'),
    providerRequestId: text('provider_request_id'),
  },
  (table) => [primaryKey({ columns: [table.project, table.jobId, table.attemptKey] })],
);

export const jobTags = sqliteTable(
  'job_tags',
  {
    project: text().notNull(),
    tag: text().notNull(),
    jobId: text('job_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.project, table.tag, table.jobId] })],
);

/** Shards that have ever held a job: the hourly cron looks after their alarms. */
export const knownShards = sqliteTable(
  'known_shards',
  { project: text().notNull(), shard: integer().notNull() },
  (table) => [primaryKey({ columns: [table.project, table.shard] })],
);

/**
 * Jobs that a release before this one deleted. Nothing reads or writes it any more: a late copy of history says
 * itself when it is stale. It stays for as long as that release may be gone back to.
 */
export const tombstones = sqliteTable('tombstones', {
  jobId: text('job_id').primaryKey(),
  deletedAt: integer('deleted_at').notNull(),
});

/** Messages that no consumer could take, and history rows that D1 refused. */
export const deadLetters = sqliteTable('dead_letters', {
  id: text().primaryKey(),
  queue: text().notNull(),
  project: text(),
  jobId: text('job_id'),
  reason: text().notNull(),
  /** What is known of the message, without payloads. */
  summary: text().notNull(),
  at: integer().notNull(),
});

/** Bulk actions as they stood when they began, and later as they ended; their objects know more. */
export const bulkActions = sqliteTable(
  'bulk_actions',
  {
    project: text().notNull(),
    id: text().notNull(),
    createdAt: integer('created_at').notNull(),
    body: text().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.project, table.id] }),
    index('bulk_actions_created').on(table.project, table.createdAt, table.id),
  ],
);
