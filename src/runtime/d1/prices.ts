import { and, eq, gt, isNull, lt, ne, or, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { z } from 'zod';

import type { ProjectId } from '../../domain/ids.ts';
import type { ProjectPrice } from '../../domain/model/price.ts';
import type { Prices, PutPrice } from '../../services/ports/prices.ts';
import { projectPrices as table } from './schema.ts';

type Database = ReturnType<typeof drizzle>;

const unitPrices = z.record(z.string(), z.string());

/** The prices of projects in D1. */
export function makePrices(d1: D1Database): Prices {
  const db = drizzle(d1);
  return {
    list: (project) => list(db, project),
    put: (project, price) => put(db, project, price),
    async delete(project, id) {
      const gone = await db
        .delete(table)
        .where(and(eq(table.project, project), eq(table.id, id)))
        .returning({ id: table.id });
      return gone.length > 0;
    },
  };
}

async function list(db: Database, project: ProjectId): Promise<ProjectPrice[]> {
  const rows = await db
    .select()
    .from(table)
    .where(eq(table.project, project))
    .orderBy(table.provider, table.model, table.execution, table.effectiveFrom);
  return rows.map(priceOf);
}

function priceOf(row: typeof table.$inferSelect): ProjectPrice {
  const { id, provider, model, execution, createdBy } = row;
  return {
    id,
    provider,
    model,
    execution,
    prices: unitPrices.parse(JSON.parse(row.prices)),
    effectiveFromMs: row.effectiveFrom,
    effectiveToMs: row.effectiveTo,
    createdAtMs: row.createdAt,
    createdBy,
  };
}

/** One statement looks for an overlap and stores: two that overlap and come at once cannot both be stored. */
async function put(db: Database, project: ProjectId, price: ProjectPrice): Promise<PutPrice> {
  const { id, provider, model, execution, effectiveFromMs, effectiveToMs } = price;
  const overlapping = and(
    eq(table.project, project),
    eq(table.provider, provider),
    eq(table.model, model),
    eq(table.execution, execution),
    ne(table.effectiveFrom, effectiveFromMs),
    or(isNull(table.effectiveTo), gt(table.effectiveTo, effectiveFromMs)),
    effectiveToMs === null ? undefined : lt(table.effectiveFrom, effectiveToMs),
  );
  const stored = await db.all<{ id: string }>(sql`
    INSERT INTO ${table} (project, provider, model, execution, effective_from, effective_to, id, prices, created_at, created_by)
    SELECT ${project}, ${provider}, ${model}, ${execution}, ${effectiveFromMs}, ${effectiveToMs}, ${id},
      ${JSON.stringify(price.prices)}, ${price.createdAtMs}, ${price.createdBy}
    WHERE NOT EXISTS (SELECT 1 FROM ${table} WHERE ${overlapping})
    ON CONFLICT (project, provider, model, execution, effective_from) DO UPDATE SET
      effective_to = excluded.effective_to, id = excluded.id, prices = excluded.prices,
      created_at = excluded.created_at, created_by = excluded.created_by
    RETURNING id`);
  if (stored.length > 0) return { kind: 'stored' };
  const [other] = await db.select().from(table).where(overlapping).limit(1);
  // The other one has been deleted since: there is room now.
  return other === undefined ? put(db, project, price) : { kind: 'overlap', other: priceOf(other) };
}
