import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { isJsonObject, type Json } from '../../../src/domain/json.ts';
import type { SqlRow } from '../../../src/runtime/job-shard/sql.ts';
import type { readAndFinish, Reading } from './reader.ts';
import {
  ENDS,
  finishAll,
  jobsOf,
  makeStoredShard,
  worldOver,
  type StoredShard,
} from './stored-shard.ts';

const FIXTURES = new URL('../../fixtures/storage/', import.meta.url);
const names = readdirSync(FIXTURES).filter((name) => name.endsWith('.json'));

function stored(name: string): StoredShard {
  return JSON.parse(readFileSync(new URL(name, FIXTURES), 'utf8')) as StoredShard;
}

async function expectAllFinish(shard: StoredShard): Promise<void> {
  const world = worldOver(shard);
  await finishAll(world);
  const statuses = jobsOf(world).map((jobId) => [
    shard.phases[jobId] ?? 'a child',
    world.driver.state(jobId).status,
  ]);
  const expected = statuses.map(([phase = '']) => [phase, ENDS[phase] ?? 'succeeded']);
  expect(statuses).toEqual(expected);
  expect(statuses.length).toBeGreaterThanOrEqual(Object.keys(shard.phases).length);
  for (const jobId of jobsOf(world)) {
    const seqs = world.driver.events(jobId).map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    expect(world.driver.state(jobId).seq).toBe(seqs.length);
  }
  expect(world.driver.logs.filter(({ level }) => level === 'error')).toEqual([]);
}

test.each(names)('%s: every job that another release has stored comes to its end', async (name) => {
  await expectAllFinish(stored(name));
});

test('what is stored today comes to its end', async () => {
  await expectAllFinish(await makeStoredShard());
});

/** Fields that some later release may add, in every object but those whose keys are data. */
function withNews(value: Json, depth: number): Json {
  if (!isJsonObject(value) || depth === 0) return value;
  const entries = Object.entries(value).map(([key, part]) => {
    const isTable = TABLES_BY_KEY.has(key) && isJsonObject(part);
    return [key, isTable ? eachWithNews(part, depth) : withNews(part, depth - 1)] as const;
  });
  return { ...Object.fromEntries(entries), from_a_later_release: { v: 2 } };
}

/** Objects that map names to values: a field more would be a name more. */
const TABLES_BY_KEY = new Set([
  'steps',
  'active',
  'claims',
  'unheard',
  'values',
  'control',
  'metadata',
]);

function eachWithNews(table: { readonly [key: string]: Json }, depth: number): Json {
  const entries = Object.entries(table).map(([key, part]) => [key, withNews(part, depth - 1)]);
  return Object.fromEntries(entries) as Json;
}

function newerRow(row: SqlRow): SqlRow {
  const columns = Object.entries(row).map(([column, value]) => {
    if (!['state', 'book'].includes(column) || value === null) return [column, value] as const;
    return [column, JSON.stringify(withNews(JSON.parse(String(value)) as Json, 3))] as const;
  });
  return Object.fromEntries(columns);
}

test.each(names)('%s: fields that a later release has added are no hindrance', async (name) => {
  const shard = stored(name);
  const jobs = (shard.tables['jobs'] ?? []).map(newerRow);
  await expectAllFinish({ ...shard, tables: { ...shard.tables, jobs } });
});

const readers = readdirSync(FIXTURES).filter((name) => name.endsWith('.mjs'));

function expectEnds({ phases }: StoredShard, { found, ended, unlike, errors }: Reading): void {
  expect(errors).toEqual([]);
  expect(unlike).toEqual([]);
  const ids = Object.keys(ended);
  expect(ids).toEqual(expect.arrayContaining([...Object.keys(phases), ...Object.keys(found)]));
  const expected = ids.map((id) => [id, ENDS[phases[id] ?? ''] ?? 'succeeded']);
  expect(Object.entries(ended)).toEqual(expected);
}

test.each(readers)(
  '%s: the release before reads and finishes what is stored today, and is read again',
  async (name) => {
    const former = (await import(new URL(name, FIXTURES).href)) as {
      readAndFinish: typeof readAndFinish;
    };
    const shard = await makeStoredShard();
    const reading = await former.readAndFinish(shard);
    expectEnds(shard, reading);
    await expectAllFinish(reading.left);
  },
);
