import { and, desc, eq, gt, max, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';

import { canonicalJson } from '../../domain/canonical.ts';
import { definitionSchema, type Definition } from '../../domain/definition/definition.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type {
  AddedVersion,
  Pipelines,
  PipelineVersion,
  StoredVersion,
} from '../../services/ports/pipelines.ts';
import { pipelineVersions as table } from './schema.ts';

const columns = {
  name: table.name,
  version: table.version,
  hash: table.hash,
  createdAtMs: table.createdAt,
  createdBy: table.createdBy,
};

/** How often a version number may be lost to somebody who publishes at the same moment. */
const RACES_MAX = 5;

type Database = ReturnType<typeof drizzle>;

/** Pipelines and their versions in D1. */
export function makePipelines(d1: D1Database): Pipelines {
  const db = drizzle(d1);
  return {
    head: (project, name, version) => head(db, project, name, version),
    definition: (project, name, version) => definition(db, project, name, version),
    add: (project, version) => add(db, project, version),
    list: (project, after, limit) => list(db, project, after, limit),
  };
}

async function head(
  db: Database,
  project: ProjectId,
  name: string,
  version: number | null,
): Promise<PipelineVersion | null> {
  const of = and(eq(table.project, project), eq(table.name, name));
  const [row] = await db
    .select(columns)
    .from(table)
    .where(version === null ? of : and(of, eq(table.version, version)))
    .orderBy(desc(table.version))
    .limit(1);
  return row ?? null;
}

async function definition(
  db: Database,
  project: ProjectId,
  name: string,
  version: number,
): Promise<Definition | null> {
  const [row] = await db
    .select({ definition: table.definition })
    .from(table)
    .where(and(eq(table.project, project), eq(table.name, name), eq(table.version, version)));
  return row === undefined ? null : definitionSchema.parse(JSON.parse(row.definition));
}

async function add(
  db: Database,
  project: ProjectId,
  { definition: content, ...version }: Omit<StoredVersion, 'version'>,
): Promise<AddedVersion> {
  for (let race = 0; race < RACES_MAX; race += 1) {
    const newest = await head(db, project, version.name, null);
    if (newest?.hash === version.hash) return { version: newest, created: false };
    const next: PipelineVersion = { ...version, version: (newest?.version ?? 0) + 1 };
    const inserted = await db
      .insert(table)
      .values({
        project,
        name: next.name,
        version: next.version,
        hash: next.hash,
        definition: canonicalJson(content),
        createdAt: next.createdAtMs,
        createdBy: next.createdBy,
      })
      .onConflictDoNothing()
      .returning({ version: table.version });
    if (inserted.length > 0) return { version: next, created: true };
  }
  throw new Error(`${version.name} was published too often at the same moment`);
}

async function list(
  db: Database,
  project: ProjectId,
  after: string | null,
  limit: number,
): Promise<PipelineVersion[]> {
  const newest = db
    .select({ name: table.name, version: max(table.version).as('newest') })
    .from(table)
    .where(and(eq(table.project, project), gt(table.name, after ?? '')))
    .groupBy(table.name)
    .orderBy(table.name)
    .limit(limit)
    .as('newest_versions');
  const same = and(
    eq(table.project, project),
    eq(table.name, newest.name),
    eq(table.version, sql`${newest.version}`),
  );
  return db.select(columns).from(newest).innerJoin(table, same).orderBy(table.name);
}
