import { describe, expect, test } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import type { FetchLike } from '../../../src/providers/http/exchange.ts';
import type { ProviderAdapter } from '../../../src/providers/port.ts';
import { makeRegistry, providerSettingNames } from '../../../src/providers/registry.ts';
import { contextOf, someFile } from '../calling.ts';
import { noFetch } from '../calling.ts';

/** Every secret of a deployment is its own, long, and unlike any other text. */
function secretOf(name: string): string {
  return `${name.toLowerCase()}/9QxZ+7pLmK3vR8tW2yB5nC1dF6gH4jS0`;
}

function isSecret(name: string): boolean {
  return /_(?:KEY|TOKEN|SECRET)$/.test(name);
}

/** All settings are there: keys, and addresses of nobody. */
function settingOf(name: string): string {
  if (isSecret(name)) return ` ${secretOf(name)}\n`;
  return name.endsWith('_URL') ? 'https://provider.example/v1' : 'some-value';
}

const secrets = providerSettingNames.filter(isSecret).map(secretOf);
const calls: readonly ModelCall[] = [
  {
    kind: 'chat',
    model: 'm',
    messages: [{ role: 'user', content: 'Hello' }],
    parameters: {},
    output: { kind: 'text' },
  },
  { kind: 'embed', model: 'm', texts: ['one'] },
  { kind: 'classify', model: 'm', text: 'one', labels: [{ label: 'a' }], topN: 1 },
  { kind: 'rerank', model: 'm', query: 'q', documents: ['d'], topN: 1 },
  { kind: 'image', model: 'm', prompt: 'a cat', count: 1 },
  { kind: 'transcribe', model: 'm', audio: someFile('audio/mpeg') },
  { kind: 'moderate', model: 'm', text: 'one' },
];

/** What a server sent back of what it was sent: every header, as it came, in a URL and in base64. */
function echoOf(init: RequestInit): string {
  const values = [...new Headers(init.headers).values()];
  const bare = values.map((value) => value.replace(/^\w+ /, ''));
  const spelled = [...values, ...bare].flatMap((value) => [
    value,
    encodeURIComponent(value),
    Buffer.from(value).toString('base64'),
    Buffer.from(`user:${value}`).toString('base64'),
  ]);
  return spelled.join(' ');
}

const json = { 'content-type': 'application/json' };

function chatReply(text: string): object {
  return {
    id: text,
    model: text,
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: text } }],
    usage: { prompt_tokens: 1, completion_tokens: 1, note: text, [text.slice(0, 40)]: 1 },
    // Anthropic's and Google's names for the same.
    type: 'message',
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    candidates: [{ content: { parts: [{ text }] }, finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 1, note: text },
    data: [{ embedding: [1], index: 0, url: `https://x.example/${text}` }],
    text,
    results: [{ index: 0, relevance_score: 1, text, flagged: false, categories: {} }],
    status: text,
    urls: { get: `https://provider.example/${encodeURIComponent(text)}` },
  };
}

function answer(body: unknown, status: number, echo: string): Response {
  const safe = encodeURIComponent(echo).slice(0, 8_000);
  const headers = { ...json, 'x-request-id': safe, 'request-id': safe, 'cf-ray': safe };
  return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers });
}

const echoes: readonly (readonly [string, (echo: string) => Response])[] = [
  [
    'in an error',
    (echo) => answer({ error: { message: echo, code: echo, type: echo } }, 400, echo),
  ],
  ['in a wrong key', (echo) => answer({ error: { message: `Incorrect key: ${echo}` } }, 401, echo)],
  [
    'in nested JSON',
    (echo) => answer({ detail: [{ input: { deep: [echo] }, msg: echo }] }, 422, echo),
  ],
  ['in a text', (echo) => answer(echo, 500, echo)],
  ['in a success that cannot be read', (echo) => answer({ odd: echo }, 200, echo)],
  ['in an error inside a success', (echo) => answer({ error: { message: echo } }, 200, echo)],
  ['in an answer', (echo) => answer(chatReply(echo), 200, echo)],
  ['in a stream', streamOf],
];

function streamOf(echo: string): Response {
  const delta = { choices: [{ index: 0, delta: { content: echo } }], model: echo, id: echo };
  const end = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: { note: echo } };
  const lines = [delta, end, { error: { message: echo } }].map(
    (event) => `data: ${JSON.stringify(event)}\n\n`,
  );
  const headers = { 'content-type': 'text/event-stream' };
  return new Response(`${lines.join('')}data: [DONE]\n\n`, { headers });
}

/** Which secrets are shown, in which spelling. */
function shownIn(value: unknown): string[] {
  const text = JSON.stringify(value);
  return secrets
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64').slice(2, -4),
    ])
    .filter((spelling) => text.includes(spelling));
}

type Asked = { readonly adapter: ProviderAdapter; readonly call: ModelCall };

/** Every provider with every kind of call that it has. */
function asksOf(fetch: FetchLike): readonly Asked[] {
  return [...makeRegistry(settingOf, fetch).adapters.values()]
    .filter(({ capabilities }) => !capabilities.local)
    .flatMap((adapter) =>
      calls
        .filter(({ kind }) => adapter.capabilities.kinds.includes(kind))
        .map((call) => ({ adapter, call })),
    );
}

const throwing: FetchLike = (_url, init) => Promise.reject(new TypeError(echoOf(init)));
const refusing: FetchLike = async (_url, init) =>
  answer({ error: { message: `bad key ${echoOf(init)}` } }, 401, echoOf(init));

describe('no provider shows its key', () => {
  test.each(echoes)('that is sent back %s', async (_where, reply) => {
    for (const { adapter, call } of asksOf(async (_url, init) => reply(echoOf(init)))) {
      const outcome = await adapter.submitJob(call, contextOf());
      expect(shownIn(outcome), `${adapter.id}, ${call.kind}`).toEqual([]);
    }
  });

  test('in an error that is thrown', async () => {
    for (const { adapter, call } of asksOf(throwing)) {
      const outcome = await adapter.submitJob(call, contextOf());
      expect(shownIn(outcome), `${adapter.id}, ${call.kind}`).toEqual([]);
    }
  });

  test('the echo has it in every spelling', () => {
    const [secret = ''] = secrets;
    expect(shownIn(echoOf({ headers: { authorization: `Bearer ${secret}` } }))).toHaveLength(3);
  });
});

describe('a key', () => {
  test('that is missing, or only spaces, names its setting', () => {
    for (const value of [undefined, '', '  ']) {
      const { adapters, missing } = makeRegistry(() => value, noFetch);
      expect([...adapters.keys()]).toEqual(['builtin']);
      for (const advice of missing.values()) {
        expect(providerSettingNames.some((name) => advice.endsWith(name))).toBe(true);
      }
      expect(missing.get('openai')).toMatch(/OPENAI_API_KEY$/);
    }
  });

  test('that is wrong is named, and not shown', async () => {
    for (const { adapter, call } of asksOf(refusing)) {
      const outcome = await adapter.submitJob(call, contextOf());
      const failure = outcome.kind === 'failed' ? outcome.failure : null;
      expect(failure?.class, `${adapter.id}, ${call.kind}`).toBe('auth');
      expect(failure?.message).toMatch(/[Cc]heck the secret [A-Z][A-Z0-9_]+/);
    }
  });
});
