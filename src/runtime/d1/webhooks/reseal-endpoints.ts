import { and, asc, eq, gt, or } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';

import { projectId } from '../../../domain/ids.ts';
import type { EndpointKey } from '../../../services/ports/webhooks.ts';
import type { SecretBox } from '../../../services/webhooks/secret-box.ts';
import { webhookEndpoints as table } from '../webhook-schema.ts';
import { contextOf, secretsSchema } from './webhook-endpoints.ts';

type Database = ReturnType<typeof drizzle>;
type Row = typeof table.$inferSelect;

const READ_AT_ONCE = 200;

/**
 * Seals what webhook endpoints keep under the deployment's present secret, so that the one before it may be forgotten; gives
 * how many have changed. It may be cut off anywhere, and repeated.
 */
export async function resealEndpoints(d1: D1Database, box: SecretBox): Promise<number> {
  const db = drizzle(d1);
  let resealed = 0;
  let after: EndpointKey | null = null;
  for (;;) {
    const rows: readonly Row[] = await pageAfter(db, after);
    for (const row of rows) if (await reseal(db, box, row)) resealed += 1;
    const last = rows.at(-1);
    if (last === undefined || rows.length < READ_AT_ONCE) return resealed;
    after = keyOf(last);
  }
}

function pageAfter(db: Database, after: EndpointKey | null): Promise<readonly Row[]> {
  const { project = '', id = '' } = after ?? {};
  return db
    .select()
    .from(table)
    .where(or(gt(table.project, project), and(eq(table.project, project), gt(table.id, id))))
    .orderBy(asc(table.project), asc(table.id))
    .limit(READ_AT_ONCE);
}

function keyOf({ project, id }: Row): EndpointKey {
  return { project: projectId(project), id };
}

/** What a user has changed since it was read is sealed anew already. */
async function reseal(db: Database, box: SecretBox, row: Row): Promise<boolean> {
  const key = keyOf(row);
  const headers = await box.renew(row.headers, contextOf(key, 'headers'));
  const secrets = await Promise.all(
    secretsSchema.parse(JSON.parse(row.secrets)).map(async (each) => {
      const renewed = await box.renew(each.sealed, contextOf(key, 'secret'));
      return { each: renewed === null ? each : { ...each, sealed: renewed }, renewed };
    }),
  );
  if (headers === null && secrets.every(({ renewed }) => renewed === null)) return false;
  const set = {
    headers: headers ?? row.headers,
    secrets: JSON.stringify(secrets.map(({ each }) => each)),
  };
  const unchanged = and(
    eq(table.project, row.project),
    eq(table.id, row.id),
    eq(table.headers, row.headers),
    eq(table.secrets, row.secrets),
  );
  const changed = await db.update(table).set(set).where(unchanged).returning({ id: table.id });
  return changed.length > 0;
}
