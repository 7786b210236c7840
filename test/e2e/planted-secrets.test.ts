import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { freePort } from '../../scripts/lib/server.ts';
import { startOtlpReceiver, type OtlpReceiver } from '../support/otlp-receiver.ts';
import { makeApi, newTenant, type Tenant } from './support/api.ts';
import { configWith } from './crash/mortal-config.ts';
import { ended, eventsOf, jobWhen, post, publish, submit } from './support/jobs.ts';
import { startOwnServer, type OwnServer } from './support/own-server.ts';
import { chatPipeline } from './support/pipelines.ts';
import { PROVIDER_KEY } from './support/settings.ts';
import { newModel } from './support/simulator-client.ts';
import { until } from './support/until.ts';
import { WebhookReceiver } from './support/webhook-receiver.ts';

/** Words that nobody else writes, each planted in one kind of place. */
const planted = {
  input: 'zander-in-the-input',
  inputKey: 'roach_as_a_key',
  prompt: 'bream-in-the-prompt',
  output: 'perch-in-the-output',
  refused: 'tench-in-an-output-that-fails-its-check',
  madeUp: 'pollan_as_a_name_that_a_model_makes_up',
  error: 'burbot-in-the-error',
  /** One word of up to 64 characters would be a code, and told. */
  errorCode: 'barbel in the code',
  errorBody: 'gudgeon-in-the-body-of-an-error',
  file: 'sturgeon-in-the-file',
  event: 'grayling-in-the-event',
  callback: 'lamprey-in-the-callback',
  image: 'whitefish-in-the-words-of-an-image',
  idempotency: 'chub-in-the-idempotency-key',
  brokenBody: 'ruffe-in-a-broken-body',
  wrongKey: 'psk_nase_in_a_wrong_key',
  comment: 'ide-in-a-comment',
  user: 'rudd-a-user',
  judged: 'eel-in-a-fucking-text-that-a-moderation-reads',
  query: 'asp-in-the-query',
  path: 'dace-in-the-path',
} as const;

/** What only the deployment knows. */
const secrets = {
  provider: PROVIDER_KEY,
  signing: 'bleak-signs-all-addresses-of-this-deployment',
  traces: 'minnow-opens-the-receiver',
  webhook: `whsec_${Buffer.from('stickleback-signs-deliveries-here').toString('base64')}`,
  webhookHeader: 'stone-loach-opens-the-webhook',
} as const;

let receiver: OtlpReceiver;
let webhooks: WebhookReceiver;
let server: OwnServer;
let api: Tenant;
const told: string[] = [];
const answers: string[] = [];

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  webhooks = await WebhookReceiver.start(failOnce());
  const port = await freePort();
  server = await startOwnServer(
    {
      LOG_LEVEL: 'debug',
      SIGNING_SECRET: secrets.signing,
      PUBLIC_BASE_URL: `http://127.0.0.1:${port}`,
      OTLP_ENDPOINT: receiver.url,
      OTLP_HEADERS: `x-key=${secrets.traces}`,
      TRACE_PROVIDERS: '*',
      ALLOW_LOOPBACK_URLS: 'true',
    },
    { config: configWith('watched'), port },
  );
  api = await newTenant(server);
  for (const payload of ['thin', 'full']) await listen(payload);
  await Promise.all([chats(), waits(), images(), files(), moderations(), mistakes()]);
  await until('the spans of the jobs', () => receiver.spans.length > 10);
  await until(
    'deliveries of both kinds',
    () => ['/thin', '/full'].every((path) => taken(path).length > 2),
    60_000,
  );
}, 240_000);
afterAll(async () => {
  await server.close();
  await receiver.close();
  await webhooks.kill();
});

/** Each address refuses the first delivery that it gets. */
function failOnce(): (path: string) => number {
  const refused = new Set<string>();
  return (path) => {
    if (refused.has(path)) return 200;
    refused.add(path);
    return 500;
  };
}

/** An endpoint that is told of everything, with or without the jobs themselves. */
async function listen(payload: string): Promise<void> {
  const made = await api.send('POST', '/v1/webhook-endpoints', {
    url: webhooks.url(`/${payload}`),
    events: ['*'],
    payload,
    secret: secrets.webhook,
    headers: { 'x-receiver-key': secrets.webhookHeader },
  });
  expect(made.status, made.text).toBe(201);
}

/** What was delivered to an address, as text. */
function taken(path: string): readonly string[] {
  return webhooks.receptions
    .filter((reception) => reception.path === path && reception.status === 200)
    .map(({ body }) => body);
}

/** Keeps everything that can be read of a job but its payloads. */
async function keep(id: string): Promise<void> {
  told.push(JSON.stringify(await eventsOf(api, id)));
}

/** Chats that succeed, fail, break their check, are cached, and are run again. */
async function chats(): Promise<void> {
  const model = newModel();
  server.simulator.addRules(
    { match: { model }, times: 2, reply: { text: planted.output } },
    { match: { model }, times: 1, reply: { text: `{"a": "${planted.refused}"}` } },
    { match: { model }, times: 1, reply: { text: `{"b": 1, "${planted.madeUp}": 1}` } },
    {
      match: { model },
      times: 1,
      fault: { status: 400, message: planted.error, code: planted.errorCode },
    },
    {
      match: { model },
      times: 1,
      fault: { status: 503, body: { detail: [{ [planted.errorBody]: planted.errorBody }] } },
    },
  );
  const messages = [
    { role: 'system', content: planted.prompt },
    { role: 'user', content: '${{ input.question }}' },
  ];
  const cached = chatPipeline(model, { with: { messages }, cache: { mode: 'read_write' } });
  const checked = chatPipeline(
    model,
    {
      with: { messages },
      check: {
        schema: { type: 'object', required: ['b'], additionalProperties: false },
        re_ask: 1,
      },
    },
    { name: 'checked' },
  );
  await publish(api, cached);
  await publish(api, checked);
  const input = { question: planted.input, [planted.inputKey]: planted.input };
  for (const pipeline of ['asks', 'asks', 'checked', 'checked', 'checked']) {
    const headers = {
      'idempotency-key': `${planted.idempotency}-${answers.length}-${told.length}`,
    };
    const { id } = await submit(api, { pipeline, input }, headers);
    await ended(api, id);
    const feedback = { score: 0, comment: planted.comment, user: planted.user };
    const given = await api.send('POST', `/v1/jobs/${id}/feedback`, feedback);
    expect(given.status, given.text).toBe(201);
    await keep(id);
  }
}

/** A job that takes an event, and refuses one that does not fit. */
async function waits(): Promise<void> {
  await publish(api, {
    name: 'waits',
    steps: [
      {
        id: 'hold',
        uses: 'wait',
        with: { event: 'go' },
        check: { schema: { type: 'object', required: ['ok'] } },
      },
    ],
    output: { got: '${{ steps.hold.output }}' },
  });
  const { id } = await submit(api, { pipeline: 'waits', input: { text: planted.input } });
  await jobWhen(api, id, ({ status }) => status === 'waiting');
  const refused = await api.send('POST', `/v1/jobs/${id}/events/go`, { no: planted.event });
  answers.push(refused.text);
  await api.send('POST', `/v1/jobs/${id}/events/go`, { ok: planted.event });
  await ended(api, id);
  await keep(id);
}

/** A provider that works in the background and calls back. */
async function images(): Promise<void> {
  const model = `sim/${newModel()}`;
  const reply = { callback_ms: 20 };
  server.simulator.addRules(
    { match: { model }, times: 1, fault: { fails_later: true, message: planted.callback }, reply },
    { match: { model }, reply },
  );
  const route = { targets: [{ provider: 'replicate', model }] };
  await publish(api, {
    name: 'paints',
    steps: [{ id: 'paint', uses: 'model.image', with: { prompt: '${{ input.words }}' }, route }],
    output: { done: true },
  });
  const { id } = await submit(api, { pipeline: 'paints', input: { words: planted.image } });
  await ended(api, id, 60_000);
  await keep(id);
}

/** Texts that are flagged. */
async function moderations(): Promise<void> {
  await publish(api, {
    name: 'watches',
    steps: [
      {
        id: 'look',
        uses: 'model.moderate',
        with: { text: '${{ input.text }}' },
        route: { targets: [{ provider: 'builtin', model: 'wordlist-moderation-1' }] },
      },
    ],
    output: { flagged: '${{ steps.look.output.flagged }}' },
  });
  const { id } = await submit(api, { pipeline: 'watches', input: { text: planted.judged } });
  await ended(api, id);
  await keep(id);
}

async function files(): Promise<void> {
  await api.send('POST', '/v1/files', undefined, {
    raw: planted.file,
    headers: { 'content-type': 'text/plain' },
  });
}

/** Requests that go wrong; what they say is told back to nobody but their senders. */
async function mistakes(): Promise<void> {
  await api.send('POST', '/v1/jobs', undefined, { raw: `{"input": "${planted.brokenBody}` });
  await api.send('GET', `/v1/jobs/${planted.path}`);
  await api.send('GET', `/v1/jobs?tag=${planted.query}&status=${planted.query}`);
  const nobody = makeApi(server.url, planted.wrongKey);
  answers.push((await nobody.send('GET', '/v1/jobs')).text);
  const model = newModel();
  const definition = chatPipeline(model, {}, { name: 'strict' });
  await publish(api, {
    ...definition,
    input: { schema: { type: 'object', properties: { question: { type: 'number' } } } },
  });
  answers.push((await post(api, { pipeline: 'strict', input: { question: planted.input } })).text);
}

const words: readonly string[] = Object.values(planted);

/** What of all that may be nowhere: keys, and the tokens in the addresses that providers were given. */
function hidden(): string[] {
  const bodies = JSON.stringify(server.simulator.journal());
  const tokens = [...bodies.matchAll(/\/callbacks\/replicate\/([\w.~-]{20,})/g)].map(
    ([, token = '']) => token,
  );
  return [...Object.values(secrets), api.key, server.rootKey, ...new Set(tokens)];
}

/** Everything that was put out, but what the local tool says of requests, with their addresses. */
function lines(): readonly string[] {
  return server.lines.filter((line) => !line.startsWith('[wrangler'));
}

function found(text: string, among: readonly string[]): string[] {
  return among.filter((word) => text.includes(word));
}

type Stored = { readonly path: string; readonly content: string };

/** Everything that lies on the disk, but what the server was started with. */
function stored(): Stored[] {
  return readdirSync(server.statePath, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'settings.env')
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      return { path: relative(server.statePath, file), content: contentOf(file) };
    });
}

/** Empty for a file that the database has deleted meanwhile. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

/** The rows of a database, table by table: a text over several pages is in one piece here. */
function rowsOf(path: string): Map<string, string> {
  const db = new DatabaseSync(join(server.statePath, path), { readOnly: true });
  try {
    const tables = db
      .prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
      )
      .all();
    return new Map(
      tables.map(({ name }) => [
        String(name),
        JSON.stringify(db.prepare(`SELECT * FROM "${String(name)}"`).all()),
      ]),
    );
  } finally {
    db.close();
  }
}

/** A definition says its prompt, and feedback is the one thing of users that is kept in D1, as long as payloads. */
const mayLieIn: Readonly<Record<string, readonly string[]>> = {
  pipeline_versions: [planted.prompt],
  feedback: [planted.comment, planted.user],
};

describe('what was planted in payloads, prompts and keys', () => {
  test('was there', () => {
    const journal = JSON.stringify(server.simulator.journal());
    for (const word of [planted.input, planted.prompt, planted.image]) {
      expect(journal).toContain(word);
    }
    const shards = stored().filter(({ path }) => path.includes('JobShardObject'));
    const payloads = shards.map(({ content }) => content).join('\n');
    const { input, output, madeUp, error, event } = planted;
    for (const word of [input, output, madeUp, error, event]) {
      expect(payloads, word).toContain(word);
    }
    expect(hidden().length).toBeGreaterThan(5);
    expect(told.length).toBeGreaterThan(6);
  });

  test('is in no line of the log, however much is logged', () => {
    expect(lines().filter((line) => line.startsWith('{')).length).toBeGreaterThan(50);
    expect(found(lines().join('\n'), [...words, ...hidden()])).toEqual([]);
  });

  test('is in no measurement', () => {
    const points = lines().filter((line) => line.includes('MEASURED '));
    expect(points.length).toBeGreaterThan(10);
    for (const kind of ['delivery', 'feedback', 'flagged']) {
      expect(
        points.some((point) => point.includes(kind)),
        kind,
      ).toBe(true);
    }
    expect(found(points.join('\n'), [...words, ...hidden()])).toEqual([]);
  });

  test('is in no span, and the receiver understood all of them', () => {
    expect(receiver.refused).toEqual([]);
    expect(found(receiver.bodies.join('\n'), [...words, ...hidden()])).toEqual([]);
    expect(receiver.headers[0]).toMatchObject({ 'x-key': secrets.traces });
  });

  test('is in no delivery but those that are to have the jobs themselves', () => {
    expect(found(taken('/thin').join('\n'), [...words, ...hidden()])).toEqual([]);
    expect(taken('/full').join('\n')).toContain(planted.output);
    expect(found(taken('/full').join('\n'), hidden())).toEqual([]);
    expect(JSON.stringify(webhooks.receptions)).toContain(secrets.webhookHeader);
  });

  test('is in no event', () => {
    expect(found(told.join('\n'), [...words, ...hidden()])).toEqual([]);
  });

  test('is in no error answer', () => {
    expect(answers.length).toBeGreaterThan(2);
    expect(found(answers.join('\n'), [...words, ...hidden()])).toEqual([]);
  });

  test('is in D1 nowhere but in the definition and the comment that say it', () => {
    const databases = stored().filter(({ path }) => /\bd1\b.*\.sqlite$/.test(path));
    expect(databases.length).toBeGreaterThan(0);
    for (const { path } of databases) {
      for (const [table, rows] of rowsOf(path)) {
        const may = mayLieIn[table] ?? [];
        const met = found(rows, [...words, ...hidden()]).filter((word) => !may.includes(word));
        expect(met, table).toEqual([]);
      }
    }
  });

  test('lies in the shards and in R2, and in no other store', () => {
    const elsewhere = stored().filter(({ path }) => !/JobShardObject|\br2\b|\bd1\b/.test(path));
    expect(elsewhere.length).toBeGreaterThan(0);
    const met = elsewhere.flatMap(({ path, content }) =>
      found(content, words).map((word) => `${word} in ${path}`),
    );
    expect(met).toEqual([]);
  });

  test('keys and tokens lie nowhere but in what the provider itself has called back with', () => {
    const own = stored().filter(({ path }) => !/\br2\b.*\bblobs\b/.test(path));
    const met = own.flatMap(({ path, content }) =>
      found(content, hidden()).map((word) => `${word.slice(0, 12)}… in ${path}`),
    );
    expect(met).toEqual([]);
  });
});
