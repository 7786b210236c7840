import { sql } from 'drizzle-orm';
import {
  index,
  integer,
  primaryKey,
  real,
  sqliteTable,
  text,
  uniqueIndex,
} from 'drizzle-orm/sqlite-core';

import { auditOutcomes } from '../../domain/audit.ts';
import { budgetPeriods, budgetScopeKinds, onExceeds } from '../../domain/budget.ts';
import { pricedExecutions } from '../../domain/model/price.ts';
import { endpointStates, webhookPayloads } from '../../domain/webhook.ts';

/**
 * D1: who may ask, what pipelines there are, and a copy of what happened. Jobs live in their shards; the rows
 * here are for lists, audits and sums. Times are milliseconds since 1970, money is nano-dollars. The tables of
 * history are `WITHOUT ROWID` (added to the generated SQL by hand), so that a row costs one write.
 */

export const projects = sqliteTable('projects', {
  id: text().primaryKey(),
  name: text().notNull(),
  createdAt: integer('created_at').notNull(),
  /** The most jobs under way at once; null for the deployment's own limit. */
  maxConcurrentJobs: integer('max_concurrent_jobs'),
});

export const apiKeys = sqliteTable(
  'api_keys',
  {
    id: text().primaryKey(),
    project: text().notNull(),
    name: text().notNull(),
    /** SHA-256 of the whole key; the key itself is shown once and never stored. */
    hash: text().notNull(),
    scopes: text({ mode: 'json' }).notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [index('api_keys_project').on(table.project, table.id)],
);

export const pipelineVersions = sqliteTable(
  'pipeline_versions',
  {
    project: text().notNull(),
    name: text().notNull(),
    version: integer().notNull(),
    hash: text().notNull(),
    definition: text().notNull(),
    createdAt: integer('created_at').notNull(),
    createdBy: text('created_by').notNull(),
  },
  (table) => [primaryKey({ columns: [table.project, table.name, table.version] })],
);

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

/** Uploads, for lists and for the sweep. Reading a file asks R2 alone. An upload that has not ended has no hash. */
export const files = sqliteTable(
  'files',
  {
    project: text().notNull(),
    /** Begins with the moment of the upload: ids sort by it. */
    id: text().notNull(),
    name: text(),
    mimeType: text('mime_type'),
    bytes: integer(),
    sha256: text(),
    createdAt: integer('created_at').notNull(),
    /** When the file, or an upload that never ended, is swept away. */
    expiresAt: integer('expires_at').notNull(),
    idempotencyKey: text('idempotency_key'),
    createdBy: text('created_by').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.project, table.id] }),
    uniqueIndex('files_idempotency_key')
      .on(table.project, table.idempotencyKey)
      .where(sql`idempotency_key IS NOT NULL`),
    index('files_expiry').on(table.expiresAt),
  ],
);

/** What projects pay instead of list prices: at most one price of a model, or of names with a star, at a time. */
export const projectPrices = sqliteTable(
  'project_prices',
  {
    project: text().notNull(),
    provider: text().notNull(),
    model: text().notNull(),
    execution: text({ enum: pricedExecutions }).notNull(),
    effectiveFrom: integer('effective_from').notNull(),
    /** Null for no end. */
    effectiveTo: integer('effective_to'),
    id: text().notNull(),
    /** Dollars as decimal text by unit, as a JSON object. */
    prices: text().notNull(),
    createdAt: integer('created_at').notNull(),
    createdBy: text('created_by').notNull(),
  },
  ({ project, provider, model, execution, effectiveFrom }) => [
    primaryKey({ columns: [project, provider, model, execution, effectiveFrom] }),
  ],
);

/** Where projects want their events delivered. What is pending and what was tried lies in the endpoints' own objects. */
export const webhookEndpoints = sqliteTable(
  'webhook_endpoints',
  {
    project: text().notNull(),
    id: text().notNull(),
    url: text().notNull(),
    /** Types and groups as a JSON list. */
    events: text().notNull(),
    payload: text({ enum: webhookPayloads }).notNull(),
    ordered: integer({ mode: 'boolean' }).notNull(),
    /** A sealed JSON object: headers often carry the receiver's own key. */
    headers: text().notNull(),
    /** A JSON list, the newest first, of sealed secrets and the time they hold. */
    secrets: text().notNull(),
    secretsChangedAt: integer('secrets_changed_at').notNull(),
    state: text({ enum: endpointStates }).notNull(),
    stateReason: text('state_reason'),
    stateSince: integer('state_since').notNull(),
    description: text().notNull(),
    createdAt: integer('created_at').notNull(),
    /** Of the `Idempotency-Key` that it was made under, and of what was asked for together with that key; null without one. */
    keySha256: text('key_sha256'),
    bodySha256: text('body_sha256'),
  },
  (table) => [
    primaryKey({ columns: [table.project, table.id] }),
    uniqueIndex('webhook_endpoints_key')
      .on(table.project, table.keySha256)
      .where(sql`key_sha256 IS NOT NULL`),
  ],
);

/** The endpoints of a project that were deleted last, for as long as their deliveries are shown. */
export const removedWebhookEndpoints = sqliteTable(
  'removed_webhook_endpoints',
  {
    project: text().notNull(),
    id: text().notNull(),
    url: text().notNull(),
    removedAt: integer('removed_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.project, table.id] })],
);

/** What administrators did: ids sort by the moment. Rows are added and marked as done, never removed. */
export const auditLog = sqliteTable(
  'audit_log',
  {
    id: text().primaryKey(),
    /** Null for what concerns the whole deployment. */
    project: text(),
    /** `root`, or the id of an API key. */
    actor: text().notNull(),
    action: text().notNull(),
    subject: text().notNull(),
    reason: text().notNull(),
    /** `begun` until it is known how it ended. */
    outcome: text({ enum: auditOutcomes }).notNull(),
    at: integer().notNull(),
  },
  (table) => [index('audit_log_project').on(table.project, table.id)],
);

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

/** Limits on what projects spend; what has been spent of them lies in each project's ledger. */
export const budgets = sqliteTable(
  'budgets',
  {
    project: text().notNull(),
    id: text().notNull(),
    name: text().notNull(),
    scopeKind: text('scope_kind', { enum: budgetScopeKinds }).notNull(),
    /** Empty for the whole project. */
    scopeValue: text('scope_value').notNull(),
    period: text({ enum: budgetPeriods }).notNull(),
    limitNanoUsd: integer('limit_nano_usd').notNull(),
    isHard: integer('is_hard', { mode: 'boolean' }).notNull(),
    onExceed: text('on_exceed', { enum: onExceeds }).notNull(),
    /** A JSON list of shares. */
    warnAt: text('warn_at').notNull(),
    createdAt: integer('created_at').notNull(),
    createdBy: text('created_by').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.project, table.id] }),
    uniqueIndex('budgets_scope').on(table.project, table.scopeKind, table.scopeValue, table.period),
  ],
);

/** What users say of jobs that are over. A row lives as long as its job's history; what is personal in it, as its payloads. */
export const feedback = sqliteTable(
  'feedback',
  {
    project: text().notNull(),
    jobId: text('job_id').notNull(),
    /** Made from the idempotency key where there is one. */
    id: text().notNull(),
    pipeline: text().notNull(),
    version: integer().notNull(),
    /** The step that is judged; null for the whole job. */
    step: text(),
    /** From 0 to 1. */
    score: real(),
    label: text(),
    comment: text(),
    /** The user as the caller names them. */
    user: text(),
    /** When comment and user are erased; null once they are, or without them. */
    personalUntil: integer('personal_until'),
    /** What has answered, as a JSON list of `provider/model`. */
    models: text().notNull(),
    /** What it was asked with, as a JSON list of `step:hash`. */
    prompts: text().notNull(),
    by: text().notNull(),
    at: integer().notNull(),
    /** Of the whole request: the same key with another one is a mistake. */
    bodySha256: text('body_sha256').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.project, table.jobId, table.id] }),
    index('feedback_at').on(table.project, table.at),
    index('feedback_personal')
      .on(table.personalUntil)
      .where(sql`personal_until IS NOT NULL`),
  ],
);
