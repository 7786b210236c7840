import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { verifyWebhook } from '../../client/verify-webhook.js';
import { projectId } from '../../src/domain/ids.ts';
import { webhookEventTypes } from '../../src/domain/webhook.ts';
import type { JobView } from '../../src/services/views/jobs/job-schema.ts';
import { makeProjectSecrets } from '../../src/services/webhooks/project-secrets.ts';
import { Random } from '../simulation/world/random.ts';
import { newTenant, type Tenant } from './support/api.ts';
import { eventsOf, publish, readJob } from './support/jobs.ts';
import { startOwnServer, type OwnServer } from './support/own-server.ts';
import { plainPipeline } from './support/pipelines.ts';
import { PLAIN } from './support/plain.ts';
import { until } from './support/until.ts';
import { WebhookReceiver, type Reception } from './support/webhook-receiver.ts';

/**
 * Jobs under load, and a receiver that fails 30 % of its deliveries, by answering 500 or by cutting the connection, and is
 * killed twice, while the server is killed once. `PENSTOCK_WEBHOOK_SEED` chooses another run.
 */
const JOBS = process.env['PENSTOCK_TEST_SIZE'] === 'full' ? 1_000 : 100;
const SEED = Number(process.env['PENSTOCK_WEBHOOK_SEED'] ?? Date.now() % 1e9);
const FAILING = 0.3;
const DOWN_MS = 1_500;
const SECRET = 'a-secret-of-the-tests-of-webhooks-0001';
const ANY = '/any';
const IN_ORDER = '/in-order';
const OWN = '/own';

type Endpoint = { readonly id: string; readonly secret: string };

const random = new Random(SEED);
let server: OwnServer;
let api: Tenant;
let receiver: WebhookReceiver;
let endpoints: Readonly<Record<string, Endpoint>>;
let ownSecret: string;
/** By id; true for a job with a webhook of its own. */
const accepted = new Map<string, boolean>();
/** What has to arrive, by path and webhook id. */
const expected = new Set<string>();

beforeAll(
  async () => {
    receiver = await WebhookReceiver.start((path, tries) => {
      // Only the schedule brings back what failed of a job's own webhook, and its third wait is long.
      const fails = random.chance(FAILING) && !(path === OWN && tries >= 2);
      if (!fails) return 200;
      return random.chance(0.5) ? 500 : 'cut';
    });
    server = await startOwnServer({ SIGNING_SECRET: SECRET, ALLOW_LOOPBACK_URLS: 'true' });
    api = await newTenant(server);
    await publish(api, plainPipeline('plain'));
    endpoints = { [ANY]: await endpoint(ANY, false), [IN_ORDER]: await endpoint(IN_ORDER, true) };
    [ownSecret = ''] = await makeProjectSecrets(SECRET, null)(projectId(api.project));
    await submitAll();
    await noteExpected();
    await allArrived();
    report();
  },
  JOBS * 1_000 + 240_000,
);

afterAll(async () => {
  await receiver.kill();
  await server.close();
});

async function endpoint(path: string, ordered: boolean): Promise<Endpoint> {
  const body = { url: receiver.url(path), events: ['*'], ordered };
  const made = await api.send<Endpoint>('POST', '/v1/webhook-endpoints', body);
  expect(made.status, made.text).toBe(201);
  return made.body;
}

/** A job every 40 ms; in between the receiver dies twice, and the server once. */
async function submitAll(): Promise<void> {
  const killsAt = new Map([
    [Math.floor(JOBS * 0.25), () => receiverDies()],
    [Math.floor(JOBS * 0.5), () => serverDies()],
    [Math.floor(JOBS * 0.75), () => receiverDies()],
  ]);
  const under: Promise<void>[] = [];
  for (let index = 0; index < JOBS; index += 1) {
    const kill = killsAt.get(index);
    if (kill !== undefined) under.push(kill());
    under.push(submitOne(index % 4 === 0));
    await sleep(40);
  }
  await Promise.all(under);
}

async function submitOne(own: boolean): Promise<void> {
  const webhook = { url: receiver.url(OWN), events: ['job.*'] };
  const body = { ...PLAIN, ...(own ? { webhook } : {}) };
  const key = randomUUID();
  const id = await until(
    'an accepted job',
    async () => {
      const headers = { 'idempotency-key': key };
      const answer = await api
        .send<JobView>('POST', '/v1/jobs', body, { headers })
        .catch(() => null);
      if (answer === null || answer.status >= 500) return null;
      expect([200, 202], answer.text).toContain(answer.status);
      return answer.body.id;
    },
    60_000,
  );
  accepted.set(id, own);
}

let lives: Promise<void> = Promise.resolve();

/** One death after the other. */
function receiverDies(): Promise<void> {
  lives = lives.then(async () => {
    await receiver.kill();
    await sleep(DOWN_MS);
    await receiver.listen();
    await sleep(DOWN_MS);
  });
  return lives;
}

async function serverDies(): Promise<void> {
  server.crash();
  await server.restart();
}

async function noteExpected(): Promise<void> {
  for (const [id, own] of accepted) {
    await until(`the end of ${id}`, async () => (await readJob(api, id)).terminal, 60_000);
    for (const { type, seq } of await eventsOf(api, id)) {
      if (!webhookEventTypes.some((known) => known === type)) continue;
      const webhookId = `evt_${id.slice('job_'.length)}_${seq}`;
      for (const path of [ANY, IN_ORDER]) expected.add(`${path} ${webhookId}`);
      if (own && type.startsWith('job.')) expected.add(`${OWN} ${webhookId}`);
    }
  }
}

function taken(): Reception[] {
  return receiver.receptions.filter(({ status }) => status === 200);
}

function missing(): string[] {
  const there = new Set(taken().map(({ path, id }) => `${path} ${id}`));
  return [...expected].filter((each) => !there.has(each));
}

/** Its owner resumes an endpoint every few seconds, so that nobody waits for the schedule; jobs' own webhooks do. */
async function allArrived(): Promise<void> {
  let resumedAtMs = Date.now();
  await until(
    'all deliveries',
    async () => {
      if (missing().length === 0) return true;
      await sleep(200);
      if (Date.now() - resumedAtMs < 5_000) return false;
      for (const { id } of Object.values(endpoints)) {
        await api.send('POST', `/v1/webhook-endpoints/${id}/pause`);
        await api.send('POST', `/v1/webhook-endpoints/${id}/resume`);
      }
      resumedAtMs = Date.now();
      return false;
    },
    JOBS * 500 + 150_000,
  );
}

function report(): void {
  const all = taken();
  const distinct = new Set(all.map(({ path, id }) => `${path} ${id}`));
  process.stdout.write(
    `${JSON.stringify({
      seed: SEED,
      jobs: accepted.size,
      expected: expected.size,
      tries: receiver.receptions.length,
      failed: receiver.receptions.length - all.length,
      delivered: distinct.size,
      duplicates: all.length - distinct.size,
      missing: missing().length,
    })}\n`,
  );
}

describe('under load, with kills', () => {
  test('every event is delivered at least once, to everyone who wants it', () => {
    expect(accepted.size).toBe(JOBS);
    expect(expected.size).toBeGreaterThan(JOBS * 4);
    expect(missing()).toEqual([]);
  });

  test('nothing is delivered that did not happen', () => {
    const strangers = taken().filter(({ path, id }) => !expected.has(`${path} ${id}`));
    expect(strangers).toEqual([]);
  });

  test('order is kept where it is asked for: no event is tried before the one before it was taken', () => {
    const inOrder = receiver.receptions.filter(({ path }) => path === IN_ORDER);
    const took = new Map<string, Set<number>>();
    for (const { jobId, seq, status, id } of inOrder) {
      const known = took.get(jobId ?? '') ?? new Set();
      took.set(jobId ?? '', known);
      const before = [...expected]
        .filter((each) => each.startsWith(`${IN_ORDER} evt_${jobId?.slice(4)}_`))
        .map((each) => Number(each.slice(each.lastIndexOf('_') + 1)))
        .filter((other) => other < (seq ?? 0));
      expect(
        before.every((other) => known.has(other)),
        id,
      ).toBe(true);
      if (status === 200 && seq !== null) known.add(seq);
    }
  });

  test('every delivery is signed with its endpoint’s secret, or the project’s', async () => {
    const secrets: Readonly<Record<string, string>> = {
      [ANY]: endpoints[ANY]?.secret ?? '',
      [IN_ORDER]: endpoints[IN_ORDER]?.secret ?? '',
      [OWN]: ownSecret,
    };
    for (const { path, headers, body, atMs } of receiver.receptions) {
      const secret = secrets[path] ?? '';
      const verified = await verifyWebhook({ secret, headers, body, nowMs: atMs });
      expect(verified.id).toBe(headers['webhook-id']);
    }
  });
});
