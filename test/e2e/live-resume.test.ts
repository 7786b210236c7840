import { afterAll, beforeAll, expect, test } from 'vitest';

import { Random } from '../simulation/world/random.ts';
import { newTenant, type Tenant } from './support/api.ts';
import { openStream, type EventStream } from './support/event-stream.ts';
import { eventsOf, publish, submit } from './support/jobs.ts';
import { startOwnServer, type OwnServer } from './support/own-server.ts';
import { mapPipeline } from './support/pipelines.ts';
import { newModel } from './support/simulator-client.ts';

/**
 * Clients that lose their connections at moments drawn from a seed, and resume after the last event they have seen,
 * until the job is over. What they have seen then is its history: every event, once, in order.
 */
const FULL = process.env['PENSTOCK_TEST_SIZE'] === 'full';
const RESUMES = FULL ? 1_000 : 200;
const SEED = Number(process.env['PENSTOCK_LIVE_SEED'] ?? Date.now() % 1e9);
const CLIENTS = 10;
const ITEMS = 30;

let server: OwnServer;
let api: Tenant;

beforeAll(async () => {
  server = await startOwnServer({ LOG_LEVEL: 'warn' });
  api = await newTenant(server);
});

afterAll(() => server.close());

async function slowJob(): Promise<string> {
  const model = newModel();
  server.simulator.addRules({ match: { model }, fault: { latency_ms: 150 } });
  await publish(api, { ...mapPipeline(model, { max_concurrency: 2 }), name: model });
  const list = Array.from({ length: ITEMS }, (_, index) => `item ${index}`);
  return (await submit(api, { pipeline: model, input: { items: list } })).id;
}

type Follower = { readonly seqs: number[]; resumes: number };

/** Follows a job through cuts. A connection that a crash has ended, or that is refused meanwhile, is tried again. */
async function follow(id: string, random: Random, cutsMax = Number.POSITIVE_INFINITY) {
  const follower: Follower = { seqs: [], resumes: 0 };
  let lastId: string | null = null;
  for (;;) {
    const mayCut = follower.resumes < cutsMax;
    const wanted = mayCut ? random.below(6) : Number.POSITIVE_INFINITY;
    let heard = 0;
    const stream: EventStream | null = await openStream(api, `/v1/jobs/${id}/events`, {
      lastId,
      onEvent: ({ data }, own) => {
        follower.seqs.push(Number(data['seq']));
        heard += 1;
        if (heard >= wanted) own.cut();
      },
    }).catch(() => null);
    if (stream === null) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      continue;
    }
    if (stream.status === 204) return follower;
    expect(stream.status).toBe(200);
    if (wanted === 0) stream.cut();
    const end = await stream.ended;
    lastId = stream.lastId;
    if (end === 'ended' && heard < wanted) return follower;
    follower.resumes += 1;
  }
}

test(
  `${RESUMES} resumes: every client sees every event exactly once`,
  { timeout: 240_000 },
  async () => {
    process.stdout.write(`PENSTOCK_LIVE_SEED=${SEED}\n`);
    let resumes = 0;
    const lanes = Array.from({ length: CLIENTS }, async (_, lane) => {
      const random = new Random(SEED + lane);
      while (resumes < RESUMES) {
        const id = await slowJob();
        const { seqs, resumes: own } = await follow(id, random);
        resumes += own;
        const events = await eventsOf(api, id);
        expect(seqs).toEqual(events.map(({ seq }) => seq));
      }
    });
    await Promise.all(lanes);
    expect(resumes).toBeGreaterThanOrEqual(RESUMES);
  },
);

test('a listener of a server that is killed resumes and misses nothing', async () => {
  await publish(api, {
    name: 'waits',
    steps: [
      { id: 'first', uses: 'wait', with: { event: 'one' } },
      { id: 'second', uses: 'wait', needs: ['first'], with: { event: 'two' } },
      { id: 'last', uses: 'text.normalize', needs: ['second'], with: { text: 'done' } },
    ],
  });
  const { id } = await submit(api, { pipeline: 'waits' });
  const following = follow(id, new Random(SEED), 0);
  const send = (name: string) => api.send('POST', `/v1/jobs/${id}/events/${name}`, {});
  expect((await send('one')).status).toBe(200);
  server.crash();
  await server.restart();
  expect((await send('two')).status).toBe(200);
  const { seqs, resumes } = await following;
  const events = await eventsOf(api, id);
  expect(seqs).toEqual(events.map(({ seq }) => seq));
  expect(events.at(-1)?.type).toBe('job.succeeded');
  expect(resumes).toBeGreaterThan(0);
});
