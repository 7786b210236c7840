import { and, desc, eq, gt, isNotNull, lt, lte } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';

import { isFileId, type FileMeta } from '../../domain/file.ts';
import { projectId } from '../../domain/ids.ts';
import type { FileIndex } from '../../services/ports/values/file-index.ts';
import { files } from './schema.ts';

/** Uploads in D1. */
export function makeFileIndex(d1: D1Database): FileIndex {
  const db = drizzle(d1);
  return {
    async begin({ project, id, createdBy, createdAtMs, giveUpAtMs }) {
      await db
        .insert(files)
        .values({ project, id, createdBy, createdAt: createdAtMs, expiresAt: giveUpAtMs });
    },
    async finish(project, meta, idempotencyKey) {
      const { id, name, mimeType, bytes, sha256, expiresAtMs } = meta;
      const found = { name, mimeType, bytes, sha256, idempotencyKey };
      const values = expiresAtMs === null ? found : { ...found, expiresAt: expiresAtMs };
      try {
        const rows = await db
          .update(files)
          .set(values)
          .where(and(eq(files.project, project), eq(files.id, id)))
          .returning({ id: files.id });
        return rows.length > 0 ? 'done' : 'gone';
      } catch (error) {
        if (idempotencyKey !== null && isUniqueViolation(error)) return 'taken';
        throw error;
      }
    },
    ...lookUps(db),
    async remove(project, id) {
      await db.delete(files).where(and(eq(files.project, project), eq(files.id, id)));
    },
  };
}

function lookUps(
  db: ReturnType<typeof drizzle>,
): Pick<FileIndex, 'findByKey' | 'list' | 'expired'> {
  return {
    async findByKey(project, idempotencyKey) {
      const [row] = await db
        .select()
        .from(files)
        .where(and(eq(files.project, project), eq(files.idempotencyKey, idempotencyKey)));
      return row === undefined ? null : metaOf(row);
    },
    async list(project, after, limit, nowMs) {
      const rows = await db
        .select()
        .from(files)
        .where(
          and(
            eq(files.project, project),
            isNotNull(files.sha256),
            gt(files.expiresAt, nowMs),
            after === null ? undefined : lt(files.id, after),
          ),
        )
        .orderBy(desc(files.id))
        .limit(limit);
      return rows.flatMap((row) => metaOf(row) ?? []);
    },
    async expired(nowMs, limit) {
      const rows = await db
        .select({ project: files.project, id: files.id })
        .from(files)
        .where(lte(files.expiresAt, nowMs))
        .limit(limit);
      return rows.flatMap(({ project, id }) =>
        isFileId(id) ? [{ project: projectId(project), id }] : [],
      );
    },
  };
}

/** Null for an upload that has not ended. */
function metaOf(row: typeof files.$inferSelect): FileMeta | null {
  const { id, name, mimeType, bytes, sha256, createdAt, expiresAt } = row;
  if (!isFileId(id) || mimeType === null || bytes === null || sha256 === null) return null;
  return { id, name, mimeType, bytes, sha256, createdAtMs: createdAt, expiresAtMs: expiresAt };
}

/** D1 says it in words only; the library wraps them. */
function isUniqueViolation(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /UNIQUE constraint failed/i.test(error.message) || isUniqueViolation(error.cause);
}
