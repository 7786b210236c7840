import type { JobId } from '../../../src/domain/ids.ts';
import type { Json } from '../../../src/domain/json.ts';
import type { SqlRow, SqlValue } from '../../../src/runtime/job-shard/sql.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { World } from '../../support/shard-world.ts';

/** A shard's storage as it lay on disk at a moment, table by table. */
export type StoredShard = {
  readonly atMs: number;
  readonly alarmAtMs: number | null;
  /** Which job stands in which phase. */
  readonly phases: Readonly<Record<string, string>>;
  readonly tables: Readonly<Record<string, readonly SqlRow[]>>;
  /** The statements that made its tables and indices; those of the reader's own release when absent. */
  readonly schema?: readonly string[];
};

const chain: DefinitionBody = {
  steps: [
    { id: 'a', uses: 'data.compose', with: { value: '${{ input.n }}' } },
    { id: 'b', uses: 'data.compose', with: { value: '${{ steps.a.output + 1 }}' } },
  ],
  output: { n: '${{ steps.b.output }}' },
};
const chat: DefinitionBody = {
  steps: [
    {
      id: 'ask',
      uses: 'model.chat',
      route: { targets: [{ provider: 'openai', model: 'gpt-4.1-mini' }] },
      prompt: { messages: [{ role: 'user', content: 'Count.' }] },
      retry: { max_attempts: 5, base_delay: '20s' },
    },
  ],
  output: { text: '${{ steps.ask.output.text }}' },
};
const map: DefinitionBody = {
  steps: [
    {
      id: 'each',
      uses: 'data.compose',
      for_each: '${{ input.list }}',
      max_concurrency: 2,
      with: { value: '${{ item + 1 }}' },
    },
  ],
  output: { list: '${{ steps.each.output }}' },
};
const waitFor = (what: { event: string } | { duration: string }): DefinitionBody => ({
  steps: [
    { id: 'w', uses: 'wait', with: what },
    { id: 'b', uses: 'data.compose', needs: ['w'], with: { value: 1 } },
  ],
  output: { n: '${{ steps.b.output }}' },
});
const optionalMap: DefinitionBody = {
  steps: [
    {
      id: 'each',
      uses: 'data.compose',
      for_each: '${{ input.list }}',
      on_item_failure: 'continue',
      with: { value: '${{ item + 1 }}' },
    },
  ],
  output: { list: '${{ steps.each.output }}' },
};
const handled: DefinitionBody = {
  steps: [
    {
      id: 'a',
      uses: 'data.compose',
      on_failure: { step: 'instead' },
      with: { value: '${{ input.n }}' },
    },
    { id: 'instead', uses: 'data.compose', with: { value: 7 } },
    { id: 'b', uses: 'data.compose', with: { value: '${{ steps.a.output + 1 }}' } },
  ],
  output: { n: '${{ steps.b.output }}' },
};
const child: DefinitionBody = { ...chain, output: { n: '${{ steps.b.output }}' } };
const parent: DefinitionBody = {
  steps: [{ id: 'sub', uses: 'pipeline', with: { pipeline: 'child', input: { n: 1 } } }],
  output: { n: '${{ steps.sub.output.n }}' },
};

/** A world in which pipelines can be called and models answer. */
function upgradeWorld(): World {
  const world = new World();
  world.published.set('child', child);
  world.answers = [
    () =>
      Response.json({
        id: 'chatcmpl-1',
        object: 'chat.completion',
        model: 'gpt-4.1-mini',
        choices: [
          { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'x' } },
        ],
        usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
      }),
  ];
  return world;
}

/** How a job ends that stands in one of these phases; one in any other succeeds. */
export const ENDS: Readonly<Record<string, string>> = {
  cancelling: 'cancelled',
  cancelled: 'cancelled',
  failed: 'failed',
  handled: 'partially_succeeded',
  'about to be handled': 'partially_succeeded',
  'in the middle of a map that goes on': 'partially_succeeded',
};

type Make = (phase: string, body: DefinitionBody, key?: string, input?: Json) => JobId;

/** A shard with jobs in every phase, made by the project's own code. */
export async function makeStoredShard(): Promise<StoredShard> {
  const world = upgradeWorld();
  const { driver } = world;
  const phases: Record<string, string> = {};
  const small = { n: 1, list: [1, 2, 3, 4, 5] };
  const make: Make = (phase, body, key, input = small) => {
    const jobId = driver.create(body, { input, ...(key === undefined ? {} : { key }) });
    phases[jobId] = phase;
    return jobId;
  };
  await addEnded(world, make);
  driver.finish(make('succeeded and recorded', chain, 'key-1'));
  await driver.settleHistory();
  driver.finish(make('succeeded', chain));
  make('queued', chain, 'key-2');
  driver.claim(make('running', chain));
  const between = make('between two attempts', chat);
  driver.claim(between);
  driver.settle(between, driver.failed('ask#1', { class: 'overloaded', phase: 'rejected' }));
  driver.claim(make('calling a model', chat));
  const mapping = make('in the middle of a map', map);
  const [first = ''] = driver.claim(mapping);
  driver.succeed(mapping, first, 2);
  await world.run(make('waiting for an event', waitFor({ event: 'go' })));
  await world.run(make('waiting for a moment', waitFor({ duration: '10m' })));
  driver.shard.pause({ jobId: make('paused', chain), by: 'key_1' });
  const cancelling = make('cancelling', chain);
  driver.claim(cancelling);
  driver.shard.cancel({ jobId: cancelling, by: 'key_1' });
  await world.run(make('waiting for a child', parent));
  const handling = make('about to be handled', handled);
  driver.settle(handling, driver.failed(only(driver.claim(handling)), PERMANENT));
  const losing = make('in the middle of a map that goes on', optionalMap);
  const [lost = ''] = driver.claim(losing);
  driver.settle(losing, driver.failed(lost, PERMANENT));
  await driver.quiet();
  return databaseOf(driver, phases);
}

const PERMANENT = { class: 'step_input_invalid', phase: 'not_sent' } as const;

function only(keys: readonly string[]): string {
  const [key] = keys;
  if (key === undefined || keys.length > 1) throw new Error(`claimed ${keys.join(', ')}`);
  return key;
}

/** Jobs that are over, each after a life of its own; time passes, so they come first. */
async function addEnded(world: World, make: Make): Promise<void> {
  const { driver } = world;
  const retried = make('retried', chat);
  driver.settle(
    retried,
    driver.failed(only(driver.claim(retried)), { class: 'overloaded', phase: 'rejected' }),
  );
  await driver.pass(30_000);
  driver.finish(retried, () => ({ text: 'x' }));
  const failed = make('failed', chain);
  driver.settle(failed, driver.failed(only(driver.claim(failed)), PERMANENT));
  driver.shard.cancel({ jobId: make('cancelled', chain), by: 'key_1' });
  const rescued = make('handled', handled);
  driver.settle(rescued, driver.failed(only(driver.claim(rescued)), PERMANENT));
  driver.finish(rescued, () => 8);
  const list = Array.from({ length: 150 }, (_, index) => index);
  driver.finish(make('a map whose events are long', map, 'key-3', { list }), () => 1);
  const text = 'A payload that is too large for the row of its job. '.repeat(2_000);
  driver.finish(make('large values', chain, undefined, { n: 1, text }), () => text);
  make('parent of a child that is over', parent);
  for (let round = 0; round < 5; round += 1) {
    for (const { job_id: jobId } of driver.wakes.splice(0)) await world.run(jobId);
  }
}

/** All that a shard has on its disk. */
export function databaseOf(driver: World['driver'], phases: StoredShard['phases']): StoredShard {
  const { db, nowMs: atMs, alarmAtMs } = driver;
  const made = db.rows("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'");
  const tables = made.flatMap(({ type, name }) => (type === 'table' ? [String(name)] : []));
  return {
    atMs,
    alarmAtMs,
    phases,
    schema: made.flatMap(({ sql }) => (sql === null ? [] : [String(sql)])),
    tables: Object.fromEntries(tables.map((name) => [name, db.rows(`SELECT * FROM ${name}`)])),
  };
}

/** A fresh shard over a database of another release, as it finds it on the disk. */
export function worldOver({ atMs, alarmAtMs, tables, schema }: StoredShard): World {
  const world = upgradeWorld();
  const { driver } = world;
  const sql = driver.db.port();
  if (schema !== undefined) {
    for (const name of Object.keys(databaseOf(driver, {}).tables)) sql.exec(`DROP TABLE ${name}`);
    for (const statement of schema) sql.exec(statement);
  }
  for (const [table, rows] of Object.entries(tables)) {
    for (const row of rows) {
      const columns = Object.keys(row);
      const places = columns.map(() => '?').join(', ');
      const values = Object.values<SqlValue>(row);
      sql.exec(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`, ...values);
    }
  }
  driver.nowMs = atMs;
  driver.alarmAtMs = alarmAtMs;
  driver.restart();
  return world;
}

/** The jobs that a shard has, children too. */
export function jobsOf({ driver }: World): JobId[] {
  return driver.db
    .rows('SELECT job_id FROM jobs ORDER BY job_id')
    .map((row) => row['job_id'] as JobId);
}

/** Lets all jobs come to their ends: runners come when called, what is waited for is sent, what is paused goes on. */
export async function finishAll(world: World): Promise<void> {
  const { driver } = world;
  for (let round = 0; round < 200; round += 1) {
    for (const jobId of jobsOf(world)) {
      driver.shard.resume({ jobId, by: 'key_1' });
      driver.shard.receiveEvent({ jobId, by: 'key_1', name: 'go', payload: 1, sha256: 'x' });
    }
    await driver.pass(30_000);
    for (const { job_id: jobId } of driver.wakes.splice(0)) await world.run(jobId);
    driver.deliverHistory();
    if (jobsOf(world).every((jobId) => driver.isOver(jobId))) break;
  }
  await driver.settleHistory();
}
