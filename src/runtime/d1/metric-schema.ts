import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/**
 * What is measured, in D1. Few rows carry much: a row holds all facts that one batch of history brought of a project and
 * a minute, or all series of a project and a minute or an hour. All tables are `WITHOUT ROWID`.
 */

/** Facts as they came, in JSON (`services/metrics/facts/fact.ts`); the same fact may lie in several rows. */
export const metricFacts = sqliteTable(
  'metric_facts',
  {
    project: text().notNull(),
    /** The first millisecond of the minute that the facts are of. */
    minute: integer().notNull(),
    batch: text().notNull(),
    body: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.project, table.minute, table.batch] })],
);

/** Minutes and hours whose sums are to be made anew. */
export const metricMarks = sqliteTable(
  'metric_marks',
  {
    grain: text({ enum: ['minute', 'hour'] }).notNull(),
    at: integer().notNull(),
    project: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.grain, table.at, table.project] })],
);

/** The sums of a minute or an hour, in JSON (`services/metrics/rollup/stored-rollup.ts`). */
export const metricRollups = sqliteTable(
  'metric_rollups',
  {
    project: text().notNull(),
    grain: text({ enum: ['minute', 'hour'] }).notNull(),
    at: integer().notNull(),
    /** How many facts it was made of: one made of fewer never replaces it. */
    sources: integer().notNull(),
    body: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.project, table.grain, table.at] })],
);

/** What each run of the roll-up did; ids sort by the moment. */
export const metricRuns = sqliteTable('metric_runs', {
  id: text().primaryKey(),
  at: integer().notNull(),
  body: text().notNull(),
});
