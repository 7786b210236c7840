import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { startSimulator, type Simulator } from '../test/support/simulator/simulator.ts';
import { beforeExit } from './lib/cleanup.ts';
import { makeClient, type Client } from './lib/client.ts';
import { followJob } from './lib/follow-job.ts';
import {
  deliveryReport,
  digestReport,
  nextSteps,
  timelineReport,
  triageReport,
} from './lib/report.ts';
import { freePort, ROOT, startServer, type Server } from './lib/server.ts';
import { newRootKey, newSigningSecret } from './lib/settings.ts';
import { startReceiver, type Received, type Receiver } from './lib/webhook-receiver.ts';

/**
 * `npm run demo`: starts the Worker in the real runtime with a throw-away state, runs the examples through it,
 * shows what happens, and leaves nothing behind.
 */
function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function example(name: string, file: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, 'examples', name, file), 'utf8'));
}

async function main(): Promise<void> {
  const startedAtMs = Date.now();
  const folder = mkdtempSync(join(tmpdir(), 'penstock-demo-'));
  beforeExit(() => rmSync(folder, { recursive: true, force: true }));

  say('Starting Penstock in the local Workers runtime …');
  const simulator = await startSimulator();
  const receiver = await startReceiver();
  try {
    await runExamples(
      await startDemoServer(folder, simulator),
      { simulator, receiver },
      startedAtMs,
    );
  } finally {
    receiver.close();
    await simulator.close();
  }
  say(`\nStopped everything. The demo took ${seconds(startedAtMs)}.`);
}

/** The world around Penstock: whom it calls. */
type World = { readonly simulator: Simulator; readonly receiver: Receiver };

async function runExamples(server: DemoServer, world: World, startedAtMs: number): Promise<void> {
  try {
    const root = makeClient(server.url, server.rootKey);
    const client = await demoClient(server.url, root);
    say(`Ready at ${server.url} after ${seconds(startedAtMs)}.\n`);
    await Promise.race([
      showExamples(client, world),
      server.ended.then((reason) => {
        throw new Error(reason);
      }),
    ]);
    say(nextSteps());
  } finally {
    await server.stop();
  }
}

type DemoServer = Server & { readonly rootKey: string };

async function startDemoServer(folder: string, simulator: Simulator): Promise<DemoServer> {
  const rootKey = newRootKey();
  const simulated = `${simulator.url}/v1`;
  const server = await startServer({
    port: await freePort(),
    persistTo: folder,
    settings: {
      ROOT_API_KEY: rootKey,
      LOG_LEVEL: 'warn',
      SIGNING_SECRET: newSigningSecret(),
      // The receiver is on this machine.
      ALLOW_LOOPBACK_URLS: 'true',
      OPENAI_API_KEY: 'simulated',
      OPENAI_BASE_URL: simulated,
      GROQ_API_KEY: 'simulated',
      GROQ_BASE_URL: simulated,
    },
  });
  return { ...server, rootKey };
}

/** A project and a key of its own, as every real user gets one. */
async function demoClient(url: string, root: Client): Promise<Client> {
  const project = await root.post<{ id: string }>('/v1/projects', { name: 'demo' });
  const key = await root.post<{ key: string }>('/v1/api-keys', {
    name: 'demo',
    project: project.id,
  });
  return makeClient(url, key.key);
}

async function showExamples(client: Client, world: World): Promise<void> {
  await showDigest(client);
  await showTriage(client, world);
}

async function showDigest(client: Client): Promise<void> {
  say('1. document-digest: a real document through builtin models. No key, no network.\n');
  await client.put('/v1/pipelines/document-digest', example('document-digest', 'pipeline.json'));
  const digest = await followJob(client, example('document-digest', 'job.json'), say);
  say(
    digestReport(
      digest.job,
      readFileSync(join(ROOT, 'examples/document-digest/incident-report.md'), 'utf8'),
    ),
  );
  say(timelineReport(digest.events));
}

async function showTriage(client: Client, { simulator, receiver }: World): Promise<void> {
  say(
    '2. ticket-triage: a chat model behind a route. The provider here is a SIMULATOR, and its first',
  );
  say('   answers are scripted: the first target is overloaded, the second one takes over.\n');
  simulator.script(
    { match: { model: 'gpt-5.4-mini' }, fault: { status: 503, code: 'server_is_overloaded' } },
    { match: { model: 'openai/gpt-oss-20b' }, reply: { json: SIMULATED_TRIAGE } },
  );
  await client.put('/v1/pipelines/ticket-triage', example('ticket-triage', 'pipeline.json'));
  await client.post('/v1/webhook-endpoints', {
    url: `${receiver.url}/results`,
    events: ['job.succeeded'],
    payload: 'full',
    secret: receiver.secrets[0],
  });
  const triage = await followJob(client, example('ticket-triage', 'job.json'), say);
  say(triageReport(triage.job));

  say('3. The same result, delivered: a receiver in this script has got it as a signed webhook.\n');
  say(deliveryReport(await deliveryOf(triage.job.id, receiver), `${receiver.url}/results`));
}

const DELIVERY_WITHIN_MS = 20_000;

async function deliveryOf(jobId: string, receiver: Receiver): Promise<Received> {
  for (const startedAtMs = Date.now(); Date.now() - startedAtMs < DELIVERY_WITHIN_MS;) {
    const found = receiver.received.find(({ payload }) => payload.data['job_id'] === jobId);
    if (found !== undefined) return found;
    await sleep(30);
  }
  const refused = receiver.refused.length === 0 ? 'nothing came' : receiver.refused.join(', ');
  throw new Error(`the result of ${jobId} was not delivered: ${refused}`);
}

const SIMULATED_TRIAGE = {
  category: 'bug',
  urgency: 5,
  team: 'engineering',
  summary: 'Customers cannot start a payment at checkout, and orders are being lost.',
};

function seconds(sinceMs: number): string {
  return `${((Date.now() - sinceMs) / 1_000).toFixed(1)} s`;
}

main().catch((error: unknown) => {
  process.stderr.write(
    `\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exitCode = 1;
});
