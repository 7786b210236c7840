import { and, desc, eq, sql, type SQL } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';

import { bulkSchema, type BulkId } from '../../domain/bulk.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type { BulkIndex } from '../../services/ports/bulk.ts';
import { bulkActions } from './job-schema.ts';

/** The bulk actions that D1 knows of, as their objects have told it. */
export function makeBulkIndex(d1: D1Database): BulkIndex {
  const db = drizzle(d1);
  return {
    async put(bulk) {
      const row = {
        project: bulk.project,
        id: bulk.id,
        createdAt: bulk.createdAtMs,
        body: JSON.stringify(bulk),
      };
      await db
        .insert(bulkActions)
        .values(row)
        .onConflictDoUpdate({
          target: [bulkActions.project, bulkActions.id],
          set: { body: row.body },
        });
    },
    async remove(project, id) {
      await db
        .delete(bulkActions)
        .where(and(eq(bulkActions.project, project), eq(bulkActions.id, id)));
    },
    async list(project, after, limit) {
      const rows = await db
        .select({ body: bulkActions.body })
        .from(bulkActions)
        .where(and(eq(bulkActions.project, project), olderThan(project, after)))
        .orderBy(desc(bulkActions.createdAt), desc(bulkActions.id))
        .limit(limit);
      return rows.map(({ body }) => bulkSchema.parse(JSON.parse(body)));
    },
  };
}

function olderThan(project: ProjectId, after: BulkId | null): SQL | undefined {
  if (after === null) return undefined;
  const { id, createdAt } = bulkActions;
  return sql`(${createdAt}, ${id}) < (SELECT created_at, id FROM bulk_actions WHERE project = ${project} AND id = ${after})`;
}
