import { and, asc, desc, eq, gte, notInArray, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { z } from 'zod';

import { projectId } from '../../../domain/ids.ts';
import type { WebhookEndpoint, WebhookSecret } from '../../../domain/webhook.ts';
import type {
  EndpointChanges,
  EndpointKey,
  WebhookEndpoints,
} from '../../../services/ports/webhooks.ts';
import { REMOVED_ENDPOINTS_MAX } from '../../../services/webhooks/schedule.ts';
import type { SecretBox } from '../../../services/webhooks/secret-box.ts';
import {
  removedWebhookEndpoints as removedTable,
  webhookEndpoints as table,
} from '../webhook-schema.ts';

type Row = typeof table.$inferSelect;

const namesSchema = z.array(z.string());
const headersSchema = z.record(z.string(), z.string());
export const secretsSchema = z.array(
  z.object({ sealed: z.string(), created_at: z.int(), expires_at: z.int().nullable() }),
);

/** The webhook endpoints of projects in D1; secrets and headers are sealed, each for its own endpoint. */
export function makeWebhookEndpoints(d1: D1Database, box: SecretBox): WebhookEndpoints {
  const db = drizzle(d1);
  return {
    async list(project) {
      const rows = await db
        .select()
        .from(table)
        .where(eq(table.project, project))
        .orderBy(asc(table.id));
      return Promise.all(rows.map((row) => endpointOf(box, row)));
    },
    async get(project, id) {
      const [row] = await db.select().from(table).where(isOne({ project, id }));
      return row === undefined ? null : endpointOf(box, row);
    },
    async removed(project, sinceMs, limit) {
      return db
        .select({ id: removedTable.id, url: removedTable.url })
        .from(removedTable)
        .where(and(eq(removedTable.project, project), gte(removedTable.removedAt, sinceMs)))
        .orderBy(desc(removedTable.removedAt))
        .limit(limit);
    },
    async madeUnder(project, keySha256) {
      const isIt = and(eq(table.project, project), eq(table.keySha256, keySha256));
      const [row] = await db.select().from(table).where(isIt);
      if (row === undefined) return null;
      return { endpoint: await endpointOf(box, row), bodySha256: row.bodySha256 ?? '' };
    },
    async insert(endpoint, max, asked) {
      const row = await rowOf(box, endpoint);
      const inserted = await db.all<{ id: string }>(sql`
        INSERT INTO ${table} (project, id, url, events, payload, ordered, headers, secrets, secrets_changed_at,
          state, state_reason, state_since, description, created_at, key_sha256, body_sha256)
        SELECT ${row.project}, ${row.id}, ${row.url}, ${row.events}, ${row.payload}, ${row.ordered ? 1 : 0},
          ${row.headers}, ${row.secrets}, ${row.secretsChangedAt}, ${row.state}, ${row.stateReason},
          ${row.stateSince}, ${row.description}, ${row.createdAt}, ${asked?.keySha256 ?? null}, ${asked?.bodySha256 ?? null}
        WHERE (SELECT count(*) FROM ${table} WHERE ${eq(table.project, row.project)}) < ${max}
        ON CONFLICT DO NOTHING RETURNING id`);
      return inserted.length > 0;
    },
    ...changesOf(db, box),
  };
}

type Database = ReturnType<typeof drizzle>;

function changesOf(
  db: Database,
  box: SecretBox,
): Pick<WebhookEndpoints, 'change' | 'rotate' | 'moveState' | 'remove'> {
  return {
    async change(key, changes) {
      const set = await columnsOf(box, key, changes);
      const rows = await db.update(table).set(set).where(isOne(key)).returning({ id: table.id });
      return rows.length > 0;
    },
    async rotate(key, seen, { secrets, secretsChangedAtMs }) {
      const set = {
        secrets: await sealedSecrets(box, key, secrets),
        secretsChangedAt: secretsChangedAtMs,
      };
      const unchanged = and(isOne(key), eq(table.secretsChangedAt, seen));
      const rows = await db.update(table).set(set).where(unchanged).returning({ id: table.id });
      return rows.length > 0;
    },
    async moveState(key, { from, to, reason, atMs }) {
      const rows = await db
        .update(table)
        .set({ state: to, stateReason: reason, stateSince: atMs })
        .where(and(isOne(key), eq(table.state, from)))
        .returning({ id: table.id });
      return rows.length > 0;
    },
    async remove(project, id, atMs) {
      const row = { project: table.project, id: table.id, url: table.url };
      const removed = db
        .select({ ...row, removedAt: sql`${atMs}`.as('at') })
        .from(table)
        .where(isOne({ project, id }));
      const isOfProject = eq(removedTable.project, project);
      const last = db
        .select({ id: removedTable.id })
        .from(removedTable)
        .where(isOfProject)
        .orderBy(desc(removedTable.removedAt), desc(removedTable.id))
        .limit(REMOVED_ENDPOINTS_MAX);
      const [, rows] = await db.batch([
        db.insert(removedTable).select(removed).onConflictDoNothing(),
        db.delete(table).where(isOne({ project, id })).returning({ id: table.id }),
        db.delete(removedTable).where(and(isOfProject, notInArray(removedTable.id, last))),
      ]);
      return rows.length > 0;
    },
  };
}

function isOne({ project, id }: EndpointKey) {
  return and(eq(table.project, project), eq(table.id, id));
}

async function columnsOf(box: SecretBox, key: EndpointKey, changes: EndpointChanges) {
  const { events, headers, ...plain } = changes;
  return {
    // A statement has to set something: an empty change sets the id to itself.
    id: key.id,
    ...plain,
    ...(events === undefined ? {} : { events: JSON.stringify(events) }),
    ...(headers === undefined ? {} : { headers: await sealedHeaders(box, key, headers) }),
  };
}

async function rowOf(
  box: SecretBox,
  endpoint: WebhookEndpoint,
): Promise<Omit<Row, 'keySha256' | 'bodySha256'>> {
  const { project, id, url, payload, ordered, state, stateReason, description } = endpoint;
  return {
    project,
    id,
    url,
    payload,
    ordered,
    state,
    stateReason,
    description,
    events: JSON.stringify(endpoint.events),
    headers: await sealedHeaders(box, endpoint, endpoint.headers),
    secrets: await sealedSecrets(box, endpoint, endpoint.secrets),
    secretsChangedAt: endpoint.secretsChangedAtMs,
    stateSince: endpoint.stateSinceMs,
    createdAt: endpoint.createdAtMs,
  };
}

async function endpointOf(box: SecretBox, row: Row): Promise<WebhookEndpoint> {
  const { id, url, payload, ordered, state, stateReason, description } = row;
  const project = projectId(row.project);
  const headers = await box.open(row.headers, contextOf({ project, id }, 'headers'));
  return {
    id,
    project,
    url,
    payload,
    ordered,
    state,
    stateReason,
    description,
    events: namesSchema.parse(JSON.parse(row.events)),
    headers: headers === null ? {} : headersSchema.parse(JSON.parse(headers)),
    secrets: await openedSecrets(box, { project, id }, row.secrets),
    secretsChangedAtMs: row.secretsChangedAt,
    stateSinceMs: row.stateSince,
    createdAtMs: row.createdAt,
  };
}

/** Stored with each sealed text: append, never change. */
export function contextOf({ project, id }: EndpointKey, what: 'headers' | 'secret'): string {
  return `webhook-endpoint ${project} ${id} ${what}`;
}

function sealedHeaders(
  box: SecretBox,
  key: EndpointKey,
  headers: WebhookEndpoint['headers'],
): Promise<string> {
  return box.seal(JSON.stringify(headers), contextOf(key, 'headers'));
}

async function sealedSecrets(
  box: SecretBox,
  key: EndpointKey,
  secrets: readonly WebhookSecret[],
): Promise<string> {
  const stored: z.infer<typeof secretsSchema> = await Promise.all(
    secrets.map(async ({ secret, createdAtMs, expiresAtMs }) => ({
      sealed: await box.seal(secret, contextOf(key, 'secret')),
      created_at: createdAtMs,
      expires_at: expiresAtMs,
    })),
  );
  return JSON.stringify(stored);
}

async function openedSecrets(
  box: SecretBox,
  key: EndpointKey,
  stored: string,
): Promise<readonly WebhookSecret[]> {
  const opened = await Promise.all(
    secretsSchema.parse(JSON.parse(stored)).map(async (each) => {
      const secret = await box.open(each.sealed, contextOf(key, 'secret'));
      if (secret === null) return [];
      return [{ secret, createdAtMs: each.created_at, expiresAtMs: each.expires_at }];
    }),
  );
  return opened.flat();
}
