import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { JsonObject } from '../../src/domain/json.ts';
import type { RuleInput } from '../support/simulator/types.ts';
import { newTenant, type Tenant } from './support/api.ts';
import { eventsOf, publish, readJob, submit } from './support/jobs.ts';
import { startOwnServer, type OwnServer } from './support/own-server.ts';
import type { Definition } from './support/pipelines.ts';
import { settingsFor } from './support/settings.ts';
import { newModel } from './support/simulator-client.ts';
import { until } from './support/until.ts';

/** Unlike any vendor's, so that only whoever knows the key can take it out; with what JSON and URLs would escape. */
const KEY = 'e2e:Kx7~Qw3/Zp+9=Vt5$Rm2';
const PIECE = 10;

/** What providers have done with a key that they were given, and some things that none has done yet. */
const echoes: Readonly<Record<string, RuleInput>> = {
  'a wrong key that is named': { fault: { status: 401, message: `Incorrect API key: ${KEY}.` } },
  'a code': { fault: { status: 400, message: 'no', code: KEY } },
  'a type': { fault: { status: 400, message: 'no', type: KEY } },
  'a rate limit of a key': {
    fault: { status: 429, retry_after_ms: 1, message: `Key ${KEY} is too fast.` },
  },
  'a billing error': {
    fault: { status: 429, code: 'insufficient_quota', message: `No money left for ${KEY}.` },
  },
  'an error of the server': { fault: { status: 500, message: `authorization: Bearer ${KEY}` } },
  'an overload': { fault: { status: 503, message: `x-api-key=${KEY}` } },
  'a text': { fault: { status: 502, body: `<html>Bad gateway for ${KEY}</html>` } },
  'a body of its own': {
    fault: { status: 400, body: { detail: [{ loc: ['header', KEY], msg: KEY, [KEY]: KEY }] } },
  },
  'the name of a waiting time': { fault: { status: 429, retry_after: KEY, message: KEY } },
  'an error inside a 200': { fault: { error_in_200: true, message: KEY, code: KEY, type: KEY } },
  'an error in a stream': { fault: { stream_error: 1, message: KEY, code: KEY } },
  'a refusal': { fault: { refusal: `I will not say ${KEY}.` } },
  'work that fails': { fault: { fails_later: true, message: `${KEY} failed`, code: KEY } },
  'the usage': {
    reply: { polls: 0, usage: { prompt_tokens: 1, input_tokens: 1, [KEY]: KEY, note: KEY } },
  },
};

const chat: JsonObject = {
  uses: 'model.chat',
  with: { messages: [{ role: 'user', content: 'Hello?' }] },
};
const image: JsonObject = { uses: 'model.image', with: { prompt: 'a gate' } };
const rerank: JsonObject = { uses: 'model.rerank', with: { query: 'a', documents: ['a', 'b'] } };

type Asked = { readonly provider: string; readonly ask: JsonObject; readonly execution?: string };

/** Each provider with a wire format of its own, asked in each way that it has. */
const asked: readonly Asked[] = [
  { provider: 'openai', ask: chat },
  { provider: 'openai', ask: chat, execution: 'background' },
  { provider: 'anthropic', ask: chat },
  { provider: 'google', ask: chat },
  { provider: 'workers-ai', ask: chat },
  { provider: 'cohere', ask: rerank },
  { provider: 'jina', ask: rerank },
  { provider: 'voyage', ask: rerank },
  { provider: 'replicate', ask: image },
  { provider: 'fal', ask: image },
];

let server: OwnServer;
let api: Tenant;
const told: string[] = [];
const ended: { readonly title: string; readonly failed: boolean }[] = [];

beforeAll(async () => {
  const keys = Object.keys(settingsFor('', '')).filter((name) => /_(?:KEY|TOKEN)$/.test(name));
  const secrets = keys.filter((name) => name !== 'ROOT_API_KEY').map((name) => [name, KEY]);
  server = await startOwnServer({ LOG_LEVEL: 'debug', ...Object.fromEntries(secrets) });
  api = await newTenant(server);
  const cases = Object.entries(echoes).flatMap(([title, rule]) =>
    asked.map((one) => ({ title: `${title}, ${one.provider}`, rule, ...one })),
  );
  await Promise.all(cases.map(runOne));
}, 240_000);
afterAll(() => server.close());

type Case = Asked & { readonly title: string; readonly rule: RuleInput };

/** Runs a job that meets the echo and keeps everything that can be read of it. */
async function runOne({ title, rule, ...one }: Case): Promise<void> {
  const isOwned = ['replicate', 'fal'].includes(one.provider);
  const model = isOwned ? `sim/${newModel()}` : newModel();
  server.simulator.addRules(
    { match: { model }, times: 1, ...rule },
    { match: { model }, reply: { polls: 0 } },
  );
  const definition = definitionOf(one, model);
  await publish(api, definition);
  const { id } = await submit(api, { pipeline: definition.name, input: {} });
  const job = await until(
    title,
    async () => {
      const now = await readJob(api, id, '?include=input,step_outputs');
      return now.terminal && now;
    },
    90_000,
  );
  ended.push({ title, failed: job.status === 'failed' });
  told.push(JSON.stringify(job), JSON.stringify(await eventsOf(api, id)));
}

function definitionOf({ provider, ask, execution }: Asked, model: string): Definition {
  const target = { provider, model, ...(execution === undefined ? {} : { execution }) };
  return {
    name: model.replace('/', '-'),
    steps: [
      {
        id: 'ask',
        ...ask,
        route: { targets: [target] },
        retry: { base_delay: '1ms', max_attempts: 2 },
      },
    ],
    output: { done: true },
  };
}

/** Empty for a file that the database has deleted meanwhile. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

/** The key, or a piece of it that nobody would write by chance. */
function showsKey(text: string): boolean {
  const pieces = Array.from({ length: KEY.length - PIECE + 1 }, (_, at) =>
    KEY.slice(at, at + PIECE),
  );
  return pieces.some((piece) => text.includes(piece) || text.includes(encodeURIComponent(piece)));
}

describe('a key that a provider repeats', () => {
  test('was sent to it, and repeated in every way', () => {
    expect(ended).toHaveLength(Object.keys(echoes).length * asked.length);
    expect(ended.filter(({ failed }) => failed).length).toBeGreaterThan(asked.length);
  });

  test('is in no job and in no history', () => {
    expect(told.filter(showsKey)).toEqual([]);
  });

  test('is in no line of the log, however much is logged', () => {
    expect(server.lines.length).toBeGreaterThan(ended.length);
    expect(server.lines.filter(showsKey)).toEqual([]);
  });

  test('is in no answer to a request that goes wrong', async () => {
    const answers = await Promise.all([
      api.send('POST', '/v1/jobs', { pipeline: 'nothing', input: {} }),
      api.send('PUT', '/v1/pipelines/wrong', { name: 'wrong', steps: [] }),
      api.send('GET', '/v1/jobs?status=failed&limit=100'),
      api.send('GET', '/v1/jobs/job_x'),
    ]);
    expect(answers.map(({ text }) => text).filter(showsKey)).toEqual([]);
  });

  test('is in nothing that is stored', () => {
    const files = readdirSync(server.statePath, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'settings.env')
      .map((entry) => join(entry.parentPath, entry.name));
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((file) => showsKey(contentOf(file)))).toEqual([]);
  });
});
