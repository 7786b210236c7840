import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { jobIdOf, type JobId } from '../../../src/domain/ids.ts';
import { migrate } from '../../../src/runtime/job-shard/schema.ts';
import type { Sql } from '../../../src/runtime/job-shard/sql.ts';
import {
  deleteJob,
  insertJob,
  loadJob,
  saveBook,
  updateJob,
  type JobRow,
} from '../../../src/runtime/job-shard/tables/jobs.ts';
import { rememberingRows } from '../../../src/runtime/job-shard/tables/recent-rows.ts';
import { NodeSqlite } from '../../support/node-sqlite.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

const ids = [1, 2, 3].map((digit) => jobIdOf(`018bcfe5-6800-7000-8000-00000000000${digit}`, 7));
const template = rowOf(new ShardDriver());

function rowOf(driver: ShardDriver): JobRow {
  const jobId = driver.create({ steps: [{ id: 'a', uses: 'data.compose' }] });
  const row = loadJob(driver.db.port(), jobId);
  if (row === null) throw new Error('the job is not there');
  return row;
}

/** The template under another id, told apart by a number. */
function variant(id: JobId, number: number): JobRow {
  const { state, book, inline } = template;
  return {
    state: { ...state, birth: { ...state.birth, id }, seq: number },
    book: { ...book, inlineLength: number % 2 === 0 ? 200_000 : 10 },
    inline: { ...inline, values: { input: { number } } },
    dueAtMs: number + 0.5,
  };
}

type Act = {
  readonly kind: 'insert' | 'update' | 'update_part' | 'book' | 'delete' | 'load';
  readonly id: JobId;
  readonly number: number;
};

function perform(sql: Sql, { kind, id, number }: Act): void {
  const known = loadJob(sql, id);
  const row = variant(id, number);
  if (kind === 'insert' && known === null) insertJob(sql, id, row, '');
  if (kind === 'delete') deleteJob(sql, id);
  if (kind === 'book' && known !== null) saveBook(sql, known, row.book);
  if (kind === 'update') updateJob(sql, id, { ...row, tail: null });
  if (kind === 'update_part')
    updateJob(sql, id, { ...row, inline: null, dueAtMs: null, tail: null });
}

/** Several writes at once, all taken back at the end if it fails. */
function attempt(sql: Sql, acts: readonly Act[], fails: boolean): void {
  try {
    sql.transaction(() => {
      for (const each of acts) perform(sql, each);
      if (fails) throw new Error('taken back');
    });
  } catch (error) {
    if (!(error instanceof Error) || error.message !== 'taken back') throw error;
  }
}

const act: fc.Arbitrary<Act> = fc.record({
  kind: fc.constantFrom('insert', 'update', 'update_part', 'book', 'delete', 'load'),
  id: fc.constantFrom(...ids),
  number: fc.nat({ max: 1_000 }),
});
const transaction = fc.record({
  acts: fc.array(act, { maxLength: 4 }),
  fails: fc.boolean(),
});

describe('rows that are remembered', () => {
  test('are those of the database, whatever is written, forgotten for room, or taken back', () => {
    fc.assert(
      fc.property(fc.array(transaction, { maxLength: 30 }), (transactions) => {
        const db = new NodeSqlite();
        migrate(db.port());
        const sql = rememberingRows(db.port());
        for (const { acts, fails } of transactions) {
          attempt(sql, acts, fails);
          for (const id of ids) expect(loadJob(sql, id)).toEqual(loadJob(db.port(), id));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('are read once', () => {
    const db = new NodeSqlite();
    migrate(db.port());
    const [id] = ids;
    if (id === undefined) throw new Error('there is no id');
    insertJob(db.port(), id, variant(id, 1), '');
    const queries: string[] = [];
    const port = db.port();
    const sql = rememberingRows({
      ...port,
      exec: (query, ...bindings) => {
        queries.push(query);
        return port.exec(query, ...bindings);
      },
    });
    loadJob(sql, id);
    loadJob(sql, id);
    expect(queries).toHaveLength(1);
  });
});
