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
