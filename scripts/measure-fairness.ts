import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { startSimulator } from '../test/support/simulator/simulator.ts';
import { freePort, startServer } from './lib/server.ts';
import { newRootKey } from './lib/settings.ts';

/**
 * How much one project has to wait for another: a small project submits a few jobs, alone and again while a big one
 * has submitted a hundred times as many. Prints the median waits until the start, in milliseconds, and their ratio.
 */
const SMALL_JOBS = 10;
const TIMES_MORE = 100;
/** Each project's limit; `none` as the first argument measures without one. */
const [PROJECT_LIMIT = '4'] = process.argv.slice(2);
const LATENCY_MS = 200;
const LANES = 20;

type Job = { id: string; terminal: boolean; created_at: string; started_at: string | null };

const folder = mkdtempSync(join(tmpdir(), 'penstock-fairness-'));
const simulator = await startSimulator({});
simulator.addRules({ match: { model: 'slow' }, fault: { latency_ms: LATENCY_MS } });
const rootKey = newRootKey();
const server = await startServer({
  port: await freePort(),
  persistTo: join(folder, 'state'),
  settings: {
    ROOT_API_KEY: rootKey,
    PROJECT_MAX_CONCURRENT_JOBS: PROJECT_LIMIT,
    LOG_LEVEL: 'error',
    OPENAI_API_KEY: 'simulated',
    OPENAI_BASE_URL: `${simulator.url}/v1`,
  },
});
try {
  const small = await newProject('small');
  const alone = await medianWaitMs(small);
  const big = await newProject('big');
  await submitMany(big, SMALL_JOBS * TIMES_MORE);
  const beside = await medianWaitMs(small);
  const left = SMALL_JOBS * (TIMES_MORE + 2) - simulator.stats().requests;
  const ratio = (beside / alone).toFixed(2);
  const measured = { alone_ms: alone, beside_ms: beside, ratio, big_jobs_left: left };
  process.stdout.write(`${JSON.stringify(measured)}\n`);
} finally {
  await server.stop();
  await simulator.close();
  rmSync(folder, { recursive: true, force: true });
}

async function call<Body>(key: string, method: string, path: string, body?: object): Promise<Body> {
  const answer = await fetch(`${server.url}/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller names the shape of our own API's answer
  return JSON.parse(text) as Body;
}

/** A project with a pipeline that asks a slow model; gives its key. */
async function newProject(name: string): Promise<string> {
  const { id } = await call<{ id: string }>(rootKey, 'POST', '/projects', { name });
  const { key } = await call<{ key: string }>(rootKey, 'POST', '/api-keys', { name, project: id });
  await call(key, 'PUT', '/pipelines/asks', {
    name: 'asks',
    steps: [
      {
        id: 'ask',
        uses: 'model.chat',
        route: { targets: [{ provider: 'openai', model: 'slow' }] },
        with: { messages: [{ role: 'user', content: '${{ input.question }}' }] },
      },
    ],
  });
  return key;
}

async function submitMany(key: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const input = { question: 'How are you?' };
      ids.push((await call<Job>(key, 'POST', '/jobs', { pipeline: 'asks', input })).id);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return ids;
}

async function medianWaitMs(key: string): Promise<number> {
  const ids = await submitMany(key, SMALL_JOBS);
  const jobs = await Promise.all(ids.map((id) => overAt(key, id)));
  const waits = jobs.map(({ created_at, started_at }) =>
    started_at === null ? Number.NaN : Date.parse(started_at) - Date.parse(created_at),
  );
  return waits.toSorted((left, right) => left - right)[Math.floor(waits.length / 2)] ?? Number.NaN;
}

async function overAt(key: string, id: string): Promise<Job> {
  for (;;) {
    const job = await call<Job>(key, 'GET', `/jobs/${id}`);
    if (job.terminal) return job;
    await sleep(200);
  }
}
