import { integer, text, type Sql } from '../job-shard/sql.ts';
import { runMigrations } from '../object-migrations.ts';
import type { Entry } from './entries.ts';
import type { Sums } from './tally.ts';
import type { BudgetNotice } from './notices.ts';

/**
 * STORED CONTRACT: a ledger's tables. A released entry never changes; a new one is appended and must be additive.
 *
 * - `pages` some attempts each, as JSON: one row is written for whatever changes of them.
 * - `sums`  a row a budget and period: what the attempts of pages that are gone came to, and what was told of it.
 * - `notices` what is to be told of budgets, until it was taken.
 */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    'CREATE TABLE pages (id INTEGER PRIMARY KEY, body TEXT NOT NULL)',
    `CREATE TABLE sums (budget TEXT NOT NULL, start INTEGER NOT NULL, body TEXT NOT NULL,
       PRIMARY KEY (budget, start)) WITHOUT ROWID`,
  ],
  ['CREATE TABLE notices (id INTEGER PRIMARY KEY, body TEXT NOT NULL)'],
];

export function migrateLedger(sql: Sql): void {
  runMigrations(sql, MIGRATIONS);
}

export type Page = {
  readonly id: number;
  readonly openedAtMs: number;
  /** Not before then is what it holds forgotten, so that repetitions and late bills find it. */
  readonly keptUntilMs: number;
  readonly entries: readonly Entry[];
};

export function loadPages(sql: Sql): Page[] {
  return sql.exec('SELECT id, body FROM pages ORDER BY id').map((row) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `savePage` writes this column
    const body = JSON.parse(text(row, 'body')) as Omit<Page, 'id'>;
    return { ...body, id: integer(row, 'id') };
  });
}

export function savePage(sql: Sql, { id, ...body }: Page): void {
  sql.exec('INSERT OR REPLACE INTO pages (id, body) VALUES (?, ?)', id, JSON.stringify(body));
}

export function deletePage(sql: Sql, id: number): void {
  sql.exec('DELETE FROM pages WHERE id = ?', id);
}

/** What a budget's period came to, apart from the attempts that still lie in pages. */
export type SumsRow = {
  readonly budget: string;
  readonly startMs: number;
  readonly sums: Sums;
  /** What was told: shares of the limit as text, and `exceeded`. */
  readonly told: readonly string[];
};

export function loadSums(sql: Sql): SumsRow[] {
  return sql.exec('SELECT budget, start, body FROM sums').map((row) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `saveSums` writes this column
    const body = JSON.parse(text(row, 'body')) as Pick<SumsRow, 'sums' | 'told'>;
    return { ...body, budget: text(row, 'budget'), startMs: integer(row, 'start') };
  });
}

export function saveSums(sql: Sql, { budget, startMs, ...body }: SumsRow): void {
  sql.exec(
    'INSERT OR REPLACE INTO sums (budget, start, body) VALUES (?, ?, ?)',
    budget,
    startMs,
    JSON.stringify(body),
  );
}

export function deleteSums(sql: Sql, budget: string): void {
  sql.exec('DELETE FROM sums WHERE budget = ?', budget);
}

/** Periods that began before then are shown nowhere. */
export function deleteOldSums(sql: Sql, beforeMs: number): void {
  sql.exec('DELETE FROM sums WHERE start > 0 AND start < ?', beforeMs);
}

type NoticeRow = { readonly id: number; readonly notice: BudgetNotice };

export function loadNotices(sql: Sql): NoticeRow[] {
  return sql.exec('SELECT id, body FROM notices ORDER BY id').map((row) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `saveNotice` writes this column
    const notice = JSON.parse(text(row, 'body')) as BudgetNotice;
    return { id: integer(row, 'id'), notice };
  });
}

export function saveNotice(sql: Sql, { id, notice }: NoticeRow): void {
  sql.exec('INSERT INTO notices (id, body) VALUES (?, ?)', id, JSON.stringify(notice));
}

export function deleteNotice(sql: Sql, id: number): void {
  sql.exec('DELETE FROM notices WHERE id = ?', id);
}
