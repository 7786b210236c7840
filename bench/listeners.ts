import { mkdtempSync, rmSync } from 'node:fs';
import { request, type ClientRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { makeBundle } from './lib/bundle.ts';
import { closeConnections, send } from './lib/http.ts';
import { migrate, startRuntime, useOf } from './lib/runtime.ts';
import { startSimulator } from '../test/support/simulator/simulator.ts';
import { ROOT } from '../scripts/lib/server.ts';
import { newRootKey } from '../scripts/lib/settings.ts';

/**
 * What idle listeners ask of the platform, and what they do to others: how many calls their shards get and how often
 * these are started while nothing happens, memory, and the time that other jobs take with and without them. Then
 * what a commit with a listener costs, and a text that is told while it comes. Arguments: listeners, quiet seconds.
 */
const [LISTENERS = 1_000, QUIET_SECONDS = 60] = process.argv.slice(2).map(Number);
const JOBS = 200;
const PIECES = 40;
const PIECE_MS = 100;
const LANES = 32;

type Counts = Record<string, number>;

const folder = mkdtempSync(join(tmpdir(), 'penstock-listeners-'));
const simulator = await startSimulator({});
const text = 'The water comes down. '.repeat(PIECES);
simulator.addRules({ match: { model: 'slow' }, reply: { text }, fault: { slow_body: PIECE_MS } });
const bundle = makeBundle(
  join(ROOT, 'wrangler.toml'),
  join(folder, 'bundle'),
  'bench/counting/index.ts',
);
const key = newRootKey();
const runtime = await startRuntime(bundle, join(folder, 'state'), {
  ROOT_API_KEY: key,
  LOG_LEVEL: 'error',
  OPENAI_API_KEY: 'simulated',
  OPENAI_BASE_URL: `${simulator.url}/v1`,
});
const streams: Listening[] = [];
try {
  await migrate(runtime);
  await publish('waits', { uses: 'wait', with: { event: 'go' }, timeouts: { step: '50m' } });
  await publish('plain', { uses: 'text.normalize', with: { text: 'a' } });
  await publish('chat', {
    uses: 'model.chat',
    route: { targets: [{ provider: 'openai', model: 'slow' }] },
    with: { messages: [{ role: 'user', content: 'a' }] },
  });
  const ids = await many(LISTENERS, () => submit('waits'));
  await quiet();
  tell('nobody listens, jobs wait', await quietCounts());
  tell('other jobs', await latencies());
  for (const id of ids) streams.push(await listen('GET', `/v1/jobs/${id}/events`));
  await quiet();
  tell(`${streams.length} listen`, await quietCounts());
  tell('other jobs beside them', await latencies());
  tell('a job with a submitter who listens', await counted(() => finished('plain', true)));
  tell('the same with one who waits', await counted(() => finished('plain', false)));
  tell('a streamed chat of its own text', await counted(() => finished('chat', true)));
  await sleep(500);
  const woken = ids.map((id) => call('POST', `/v1/jobs/${id}/events/go`, {}));
  await Promise.all(woken);
  await Promise.all(streams.map(({ ended }) => ended));
  const heard = streams.filter(({ isWhole }) => isWhole()).length;
  tell('woken', { streams_that_heard_the_end: heard });
} finally {
  for (const { cut } of streams) cut();
  closeConnections();
  await runtime.stop();
  await simulator.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

function tell(what: string, figures: object): void {
  const { rssMb, cpuMs } = useOf(runtime.pid);
  process.stdout.write(`${JSON.stringify({ what, ...figures, rss_mb: rssMb, cpu_ms: cpuMs })}\n`);
}

/** Lets what is under way end, and objects go to sleep. */
async function quiet(): Promise<void> {
  await sleep(45_000);
}

async function takeCounts(): Promise<Counts> {
  return (await send('DELETE', `${runtime.url}/__counts`)).body as Counts;
}

async function quietCounts(): Promise<Counts> {
  await takeCounts();
  const beforeMs = useOf(runtime.pid).cpuMs;
  await sleep(QUIET_SECONDS * 1_000);
  return { ...(await takeCounts()), quiet_cpu_ms: useOf(runtime.pid).cpuMs - beforeMs };
}

async function counted(work: () => Promise<unknown>): Promise<Counts> {
  await sleep(1_000);
  await takeCounts();
  await work();
  await sleep(1_500);
  return takeCounts();
}

/** Times of jobs that their requests run, one after the other, in milliseconds. */
async function latencies(): Promise<object> {
  const times: number[] = [];
  for (let job = 0; job < JOBS; job += 1) {
    const { ms } = await send(
      'POST',
      `${runtime.url}/v1/jobs`,
      { pipeline: 'plain' },
      { authorization: `Bearer ${key}`, prefer: 'wait=10' },
    );
    times.push(ms);
  }
  const sorted = times.toSorted((left, right) => left - right);
  const at = (share: number) => Number((sorted[Math.floor(share * JOBS)] ?? 0).toFixed(1));
  return { p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99) };
}

function call(method: string, path: string, body?: unknown) {
  return send(method, `${runtime.url}${path}`, body, { authorization: `Bearer ${key}` });
}

async function publish(name: string, step: object): Promise<void> {
  const steps = [{ id: 'only', ...step }];
  await call('PUT', `/v1/pipelines/${name}`, { name, steps });
}

async function submit(pipeline: string): Promise<string> {
  const { body } = await call('POST', '/v1/jobs', { pipeline });
  return (body as { id: string }).id;
}

async function many<Made>(count: number, make: () => Promise<Made>): Promise<Made[]> {
  const made: Made[] = [];
  const lane = async (): Promise<void> => {
    while (made.length < count) made.push(await make());
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return made;
}

async function finished(pipeline: string, listens: boolean): Promise<void> {
  if (listens) await (await listen('POST', '/v1/jobs', { pipeline })).ended;
  else {
    const headers = { authorization: `Bearer ${key}`, prefer: 'wait=30' };
    await send('POST', `${runtime.url}/v1/jobs`, { pipeline }, headers);
  }
}

type Listening = {
  readonly ended: Promise<void>;
  readonly isWhole: () => boolean;
  readonly cut: () => void;
};

function hasEnd(received: string): boolean {
  return received.includes('event: job.succeeded');
}

/** Opens a stream on a connection of its own; gives it once its first bytes are there. */
function listen(method: string, path: string, body?: unknown): Promise<Listening> {
  let end = '';
  return new Promise((resolve, reject) => {
    const outgoing: ClientRequest = request(
      `${runtime.url}${path}`,
      {
        method,
        agent: false,
        headers: {
          authorization: `Bearer ${key}`,
          accept: 'text/event-stream',
          'content-type': 'application/json',
        },
      },
      (incoming) => {
        const ended = new Promise<void>((over) => {
          incoming.once('close', over);
        });
        incoming.setEncoding('utf8').on('data', (piece: string) => {
          end = (end + piece).slice(-2_000);
          resolve({ ended, isWhole: () => hasEnd(end), cut: () => outgoing.destroy() });
        });
      },
    );
    outgoing.once('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}
