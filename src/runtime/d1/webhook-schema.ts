import { sql } from 'drizzle-orm';
import { integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

import { endpointStates, webhookPayloads } from '../../domain/webhook.ts';

/** Who wants to be told of events. What is to be delivered lies with each endpoint's own object. */

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
