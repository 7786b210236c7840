import { and, eq, type InferSelectModel } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { z } from 'zod';

import type { Budget } from '../../domain/budget.ts';
import { projectId } from '../../domain/ids.ts';
import type { Budgets } from '../../services/ports/budgets.ts';
import { budgets as table } from './schema.ts';

const shares = z.array(z.number());

/** The budgets of projects in D1. */
export function makeBudgets(d1: D1Database): Budgets {
  const db = drizzle(d1);
  return {
    async list(project) {
      const rows = await db
        .select()
        .from(table)
        .where(eq(table.project, project))
        .orderBy(table.createdAt, table.id);
      return rows.map(budgetOf);
    },
    /** The index over scope and period lets only one of two in that come at once. */
    async add(budget) {
      const stored = await db
        .insert(table)
        .values(rowOf(budget))
        .onConflictDoNothing()
        .returning({ id: table.id });
      if (stored.length > 0) return { kind: 'stored' };
      const { project, scope, period } = budget;
      const same = and(
        eq(table.project, project),
        eq(table.scopeKind, scope.kind),
        eq(table.scopeValue, scope.value),
        eq(table.period, period),
      );
      const [other] = await db.select().from(table).where(same);
      // The other one has been deleted since, or this one was stored by a call whose answer was lost.
      if (other === undefined) return this.add(budget);
      return other.id === budget.id
        ? { kind: 'stored' }
        : { kind: 'overlap', other: budgetOf(other) };
    },
    async update(project, id, { warnAt, updatedAtMs: updatedAt, ...change }) {
      const shareList = warnAt === undefined ? {} : { warnAt: JSON.stringify(warnAt) };
      const [changed] = await db
        .update(table)
        .set({ ...change, ...shareList, updatedAt })
        .where(and(eq(table.project, project), eq(table.id, id)))
        .returning();
      return changed === undefined ? null : budgetOf(changed);
    },
    async delete(project, id) {
      const gone = await db
        .delete(table)
        .where(and(eq(table.project, project), eq(table.id, id)))
        .returning({ id: table.id });
      return gone.length > 0;
    },
  };
}

type Row = InferSelectModel<typeof table>;

function rowOf({ scope, warnAt, createdAtMs, updatedAtMs, ...budget }: Budget): Row {
  return {
    ...budget,
    scopeKind: scope.kind,
    scopeValue: scope.value,
    warnAt: JSON.stringify(warnAt),
    createdAt: createdAtMs,
    updatedAt: updatedAtMs,
  };
}

function budgetOf({ project, scopeKind, scopeValue, warnAt, ...row }: Row): Budget {
  const { createdAt, updatedAt, ...budget } = row;
  return {
    ...budget,
    project: projectId(project),
    scope: { kind: scopeKind, value: scopeValue },
    warnAt: shares.parse(JSON.parse(warnAt)),
    createdAtMs: createdAt,
    updatedAtMs: updatedAt,
  };
}
