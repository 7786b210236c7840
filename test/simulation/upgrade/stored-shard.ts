import type { JobId } from '../../../src/domain/ids.ts';
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
};

const TABLES = ['jobs', 'events', 'items', 'payloads', 'keys', 'definitions'] as const;

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

/** A shard with jobs in every phase, made by the project's own code. */
export async function makeStoredShard(): Promise<StoredShard> {
  const world = upgradeWorld();
  const { driver } = world;
  const phases: Record<string, string> = {};
  const input = { n: 1, list: [1, 2, 3, 4, 5] };
  const make = (phase: string, body: DefinitionBody, key?: string): JobId => {
    const jobId = driver.create(body, { input, ...(key === undefined ? {} : { key }) });
    phases[jobId] = phase;
    return jobId;
  };
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
  await driver.quiet();
  const tables = TABLES.map((table) => [table, driver.db.rows(`SELECT * FROM ${table}`)] as const);
  return {
    atMs: driver.nowMs,
    alarmAtMs: driver.alarmAtMs,
    phases,
    tables: Object.fromEntries(tables),
  };
}

/** A fresh shard over stored rows, as the release after finds them. */
export function worldOver({ atMs, alarmAtMs, tables }: StoredShard): World {
  const world = upgradeWorld();
  const { driver } = world;
  const sql = driver.db.port();
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
