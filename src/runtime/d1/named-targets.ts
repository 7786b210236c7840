import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';

import type { ProjectId } from '../../domain/ids.ts';
import type { NamedTargets } from '../../services/ports/targets/named-targets.ts';
import { pipelineVersions as table } from './schema.ts';

/** A project that names more than this many models sees the first of them. */
const TARGETS_MAX = 1_000;

type Row = { readonly place: string; readonly provider: unknown; readonly model: unknown };

/** Reads the targets out of the stored definitions: D1 walks their JSON, so that only the names come here. */
export function makeNamedTargets(d1: D1Database): NamedTargets {
  const db = drizzle(d1);
  return {
    async of(project: ProjectId) {
      const rows = await db.all<Row>(sql`
        SELECT DISTINCT
          CASE WHEN node.path LIKE '$.routes.%' THEN '$.routes' ELSE node.path END AS place,
          node.atom AS provider,
          json_extract(latest.definition, node.path || '.model') AS model
        FROM ${table} AS latest
        JOIN json_tree(latest.definition) AS node
        WHERE latest.project = ${project}
          AND latest.version = (
            SELECT max(newer.version) FROM ${table} AS newer
            WHERE newer.project = latest.project AND newer.name = latest.name)
          AND node.key = 'provider'
          AND (node.path LIKE '$.routes.%' OR node.path LIKE '$.steps[%].route.%')
        LIMIT ${TARGETS_MAX}`);
      return rows
        .filter(isOfRoute)
        .flatMap(({ provider, model }) =>
          typeof provider === 'string' && typeof model === 'string' ? [{ provider, model }] : [],
        );
    },
  };
}

/** What a step gives its model in `with` may look like a route, and is none. */
function isOfRoute({ place }: Row): boolean {
  return place === '$.routes' || /^\$\.steps\[\d+\]\.route\./.test(place);
}
