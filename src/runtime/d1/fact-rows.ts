import { minuteOf, type Fact, type JobFacts } from '../../services/metrics/facts/fact.ts';
import type { FactWriter } from '../../services/ports/fact-writer.ts';
import { factsOfJob, type ToldJob } from '../../services/metrics/facts/facts-of-job.ts';

/** Facts with the project whose they are. */
type OwnedFacts = { readonly project: string; readonly facts: JobFacts };
type Measured = { readonly project: string; readonly entry: ToldJob };

/** Facts of a project and a minute that came together; a batch that lies there already is not written again. */
type FactRow = {
  readonly project: string;
  readonly minute: number;
  readonly batch: string;
  readonly body: readonly JobFacts[];
};

function insertFacts(condition: string): string {
  return `
INSERT INTO metric_facts (project, minute, batch, body)
SELECT value->>'project', value->>'minute', value->>'batch', value->'body' FROM json_each(?1)
WHERE ${condition}
ON CONFLICT DO NOTHING`;
}

/** A minute that is marked already costs no row. */
function markMinutes(condition: string): string {
  return `
INSERT INTO metric_marks (grain, at, project)
SELECT DISTINCT 'minute', value->>'minute', value->>'project' FROM json_each(?1)
WHERE ${condition}
ON CONFLICT DO NOTHING`;
}

/** What must hold for facts to be written; its bindings begin at `?2`. */
type Condition = { readonly sql: string; readonly bindings: readonly (string | number)[] };
const ALWAYS: Condition = { sql: 'true', bindings: [] };

/**
 * Writes what history entries measure: a row for each project and minute, whatever the number of jobs, and a mark that the
 * minute is to be summed up. To be run together with what writes the entries. A repetition writes the facts again, under
 * another `batch`; whoever reads them takes each once.
 */
export function factStatements(
  db: D1Database,
  entries: readonly Measured[],
  batch: string,
): D1PreparedStatement[] {
  const facts = entries.map(({ project, entry }) => ({ project, facts: factsOfJob(entry) }));
  return statementsOfFacts(db, facts, batch);
}

/** The same for facts that are made already. */
export function statementsOfFacts(
  db: D1Database,
  facts: readonly OwnedFacts[],
  batch: string,
  { sql, bindings }: Condition = ALWAYS,
): D1PreparedStatement[] {
  const rows = JSON.stringify(factRows(facts, batch));
  if (rows === '[]') return [];
  const queries = [insertFacts(sql), markMinutes(sql)];
  return queries.map((query) => db.prepare(query).bind(rows, ...bindings));
}

function factRows(owned: readonly OwnedFacts[], batch: string): FactRow[] {
  const rows = new Map<string, FactRow & { body: JobFacts[] }>();
  for (const {
    project,
    facts: { facts, ...job },
  } of owned) {
    for (const [minute, inMinute] of Map.groupBy(facts, (fact: Fact) => minuteOf(fact.at))) {
      const key = `${project}:${minute}`;
      const row = rows.get(key) ?? { project, minute, batch, body: [] };
      row.body.push({ ...job, facts: inMinute });
      rows.set(key, row);
    }
  }
  return [...rows.values()];
}

/** Writes facts that no job’s history tells. */
export function makeFactWriter(db: D1Database): FactWriter {
  return {
    async write(project, facts) {
      const owned = facts.map((each) => ({ project, facts: each }));
      const statements = statementsOfFacts(db, owned, crypto.randomUUID());
      if (statements.length > 0) await db.batch(statements);
    },
  };
}
