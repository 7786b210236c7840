import { and, desc, eq, lt } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { z } from 'zod';

import { auditActions, type AuditEntry } from '../../domain/audit.ts';
import { projectId } from '../../domain/ids.ts';
import type { AuditLog } from '../../services/ports/audit-log.ts';
import { auditLog as table } from './schema.ts';

const actionField = z.enum(auditActions);

/** The audit log in D1. */
export function makeAuditLog(d1: D1Database): AuditLog {
  const db = drizzle(d1);
  return {
    async add({ atMs, ...entry }) {
      await db.insert(table).values({ ...entry, at: atMs });
    },
    async finish(id, outcome) {
      await db.update(table).set({ outcome }).where(eq(table.id, id));
    },
    async list({ project, before, limit }) {
      const ofProject = project === null ? undefined : eq(table.project, project);
      const older = before === null ? undefined : lt(table.id, before);
      const rows = await db
        .select()
        .from(table)
        .where(and(ofProject, older))
        .orderBy(desc(table.id))
        .limit(limit);
      return rows.map(entryOf);
    },
  };
}

function entryOf({ at, project, action, ...row }: typeof table.$inferSelect): AuditEntry {
  return {
    ...row,
    action: actionField.parse(action),
    project: project === null ? null : projectId(project),
    atMs: at,
  };
}
