import { and, eq, gt } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { z } from 'zod';

import { scopes } from '../../domain/access.ts';
import { projectId } from '../../domain/ids.ts';
import type { AccessStore, Project, StoredKey } from '../../services/ports/access.ts';
import { apiKeys, projects } from './schema.ts';

const scopeList = z.array(z.enum(scopes));

/** Projects and API keys in D1. */
export function makeAccess(d1: D1Database): AccessStore {
  const db = drizzle(d1);
  return {
    async findKey(id) {
      const [row] = await db
        .select({ key: apiKeys, maxConcurrentJobs: projects.maxConcurrentJobs })
        .from(apiKeys)
        .leftJoin(projects, eq(projects.id, apiKeys.project))
        .where(eq(apiKeys.id, id));
      if (row === undefined) return null;
      return { ...keyOf(row.key), maxConcurrentJobs: row.maxConcurrentJobs };
    },
    async findProject(id) {
      const [row] = await db.select().from(projects).where(eq(projects.id, id));
      return row === undefined ? null : projectOf(row);
    },
    async addProject({ createdAtMs, ...project }) {
      await db.insert(projects).values({ ...project, createdAt: createdAtMs });
    },
    async limitProject(id, maxConcurrentJobs) {
      const [row] = await db
        .update(projects)
        .set({ maxConcurrentJobs })
        .where(eq(projects.id, id))
        .returning();
      return row === undefined ? null : projectOf(row);
    },
    async addKey({ createdAtMs, ...key }) {
      await db.insert(apiKeys).values({ ...key, createdAt: createdAtMs });
    },
    async listProjects(after, limit) {
      const rows = await db
        .select()
        .from(projects)
        .where(gt(projects.id, after ?? ''))
        .orderBy(projects.id)
        .limit(limit);
      return rows.map(projectOf);
    },
    ...keysOf(db),
  };
}

type Database = ReturnType<typeof drizzle>;

function keysOf(db: Database): Pick<AccessStore, 'listKeys' | 'deleteKey'> {
  return {
    async listKeys(project, after, limit) {
      const rows = await db
        .select()
        .from(apiKeys)
        .where(and(eq(apiKeys.project, project), gt(apiKeys.id, after ?? '')))
        .orderBy(apiKeys.id)
        .limit(limit);
      return rows.map(keyOf);
    },
    async deleteKey(project, id) {
      const deleted = await db
        .delete(apiKeys)
        .where(and(eq(apiKeys.project, project), eq(apiKeys.id, id)))
        .returning({ id: apiKeys.id });
      return deleted.length > 0;
    },
  };
}

function projectOf({ id, createdAt, ...row }: typeof projects.$inferSelect): Project {
  return { ...row, id: projectId(id), createdAtMs: createdAt };
}

function keyOf({ createdAt, ...row }: typeof apiKeys.$inferSelect): StoredKey {
  return {
    ...row,
    project: projectId(row.project),
    scopes: scopeList.parse(row.scopes),
    createdAtMs: createdAt,
  };
}
