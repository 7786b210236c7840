import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { WebhookReceiver } from '../test/e2e/support/webhook-receiver.ts';
import { freePort, startServer } from './lib/server.ts';
import { newRootKey } from './lib/settings.ts';

/**
 * How far deliveries lag behind what they tell, while another endpoint of the project takes connections and never answers.
 * Jobs are submitted at a steady rate; the first argument is how many a second, the second for how many seconds. Prints lags
 * in milliseconds, from an event to its arrival, with a neighbour that hangs and, before, without one.
 */
const [PER_SECOND = '50', SECONDS = '20'] = process.argv.slice(2);
/** The ends of jobs: one delivery a job and endpoint. */
const EVENTS = ['job.succeeded'];
const LEFT_MS = 60_000;

const folder = mkdtempSync(join(tmpdir(), 'penstock-webhooks-'));
const receiver = await WebhookReceiver.start((path) => (path === '/hanging' ? 'hang' : 200));
const rootKey = newRootKey();
const server = await startServer({
  port: await freePort(),
  persistTo: join(folder, 'state'),
  settings: {
    ROOT_API_KEY: rootKey,
    LOG_LEVEL: 'error',
    SIGNING_SECRET: randomUUID(),
    ALLOW_LOOPBACK_URLS: 'true',
  },
});
try {
  await call('PUT', '/pipelines/plain', {
    name: 'plain',
    steps: [{ id: 'clean', uses: 'text.normalize', with: { text: '${{ input.text }}' } }],
  });
  await endpoint('/healthy');
  const alone = await measure();
  await endpoint('/hanging');
  const beside = await measure();
  const hung = receiver.receptions.filter(({ path }) => path === '/hanging').length;
  process.stdout.write(`${JSON.stringify({ alone, beside, tries_that_hung: hung })}\n`);
} finally {
  await server.stop();
  await receiver.kill();
  rmSync(folder, { recursive: true, force: true });
}

async function call(method: string, path: string, body: object): Promise<void> {
  const answer = await fetch(`${server.url}/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${rootKey}`,
      'content-type': 'application/json',
      // The request runs its job itself, which takes the least of the one thread that the local runtime has.
      prefer: 'wait=30',
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
}

function endpoint(path: string): Promise<void> {
  return call('POST', '/webhook-endpoints', { url: receiver.url(path), events: EVENTS });
}

/** Submits at a steady rate, whatever becomes of it, and waits for all deliveries. */
async function measure() {
  const before = healthy().length;
  const count = Number(PER_SECOND) * Number(SECONDS);
  const beganAtMs = Date.now();
  const submits: Promise<void>[] = [];
  for (let number = 0; number < count; number += 1) {
    const dueAtMs = beganAtMs + (number * 1_000) / Number(PER_SECOND);
    await sleep(Math.max(0, dueAtMs - Date.now()));
    submits.push(call('POST', '/jobs', { pipeline: 'plain', input: { text: `${number}` } }));
  }
  await Promise.all(submits);
  const submittedInS = (Date.now() - beganAtMs) / 1_000;
  const giveUpAtMs = Date.now() + LEFT_MS;
  while (healthy().length < before + count && Date.now() < giveUpAtMs) await sleep(100);
  const lags = healthy()
    .slice(before)
    .map(({ atMs, happenedAtMs }) => atMs - happenedAtMs)
    .toSorted((left, right) => left - right);
  const at = (share: number) => lags[Math.floor(lags.length * share)] ?? null;
  return {
    jobs: count,
    jobs_per_s: Number((count / submittedInS).toFixed(1)),
    delivered: lags.length,
    p50: at(0.5),
    p95: at(0.95),
    max: lags.at(-1) ?? null,
  };
}

function healthy() {
  return receiver.receptions.filter(({ path }) => path === '/healthy');
}
