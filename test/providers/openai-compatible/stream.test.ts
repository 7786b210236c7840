import { describe, expect, test } from 'vitest';

import { chatCall, contextWith, fetchOf, jsonOutput, makeAdapter, submitWith } from './support.ts';

const usage = { prompt_tokens: 9, completion_tokens: 6, total_tokens: 15 };

function chunk(delta: object, finishReason: string | null = null): string {
  const choice = { index: 0, delta, logprobs: null, finish_reason: finishReason };
  const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'gpt-4.1-mini-2025' };
  return `data: ${JSON.stringify({ ...head, choices: [choice], usage: null })}\n\n`;
}

const usageChunk = `data: ${JSON.stringify({ id: 'chatcmpl-1', choices: [], usage })}\n\n`;
const doneLine = 'data: [DONE]\n\n';

/** Recorded style: a role, text with characters of two, three and four bytes, the end, the usage. */
const recorded = [
  ': keep-alive\n\n',
  chunk({ role: 'assistant', content: '', refusal: null }),
  chunk({ content: 'Grüße, ' }),
  chunk({ content: '你好 ' }),
  chunk({ content: '🎉!' }),
  chunk({}, 'stop'),
  usageChunk,
  doneLine,
].join('');

const greeting = {
  kind: 'done',
  reply: {
    result: { kind: 'chat', text: 'Grüße, 你好 🎉!', finishReason: 'stop' },
    usage: { inputTokens: 9, outputTokens: 6 },
    rawUsage: usage,
    returnedModel: 'gpt-4.1-mini-2025',
    providerRequestId: 'chatcmpl-1',
  },
};

describe('a streamed chat', () => {
  test('is folded into one reply', async () => {
    expect(await submitWith(fetchOf([recorded]))).toEqual(greeting);
  });

  test('is the same reply when the bytes are cut in two anywhere', async () => {
    const bytes = new TextEncoder().encode(recorded);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const outcome = await submitWith(fetchOf([bytes.slice(0, cut), bytes.slice(cut)]));
      expect(outcome).toEqual(greeting);
    }
  });

  test('is the same reply byte by byte, with either line ending', async () => {
    for (const text of [
      recorded,
      recorded.replaceAll('\n', '\r\n'),
      recorded.replaceAll('\n', '\r'),
    ]) {
      const bytes = Array.from(new TextEncoder().encode(text), (byte) => Uint8Array.of(byte));
      expect(await submitWith(fetchOf(bytes))).toEqual(greeting);
    }
  });

  test('needs no [DONE] once the reason of the end is there', async () => {
    expect(await submitWith(fetchOf([recorded.replace(doneLine, '')]))).toEqual(greeting);
  });

  test('needs no reason of the end once [DONE] is there', async () => {
    const outcome = await submitWith(fetchOf([chunk({ content: 'Hi' }), doneLine]));
    expect(outcome).toMatchObject({
      kind: 'done',
      reply: { result: { text: 'Hi', finishReason: 'other' }, usage: {}, rawUsage: null },
    });
  });

  test('that ends early is no reply', async () => {
    expect(await submitWith(fetchOf([chunk({ content: 'Hel' })]))).toMatchObject({
      kind: 'failed',
      failure: { class: 'network', phase: 'unknown', code: 'stream_incomplete' },
    });
  });

  test('that is empty is no reply', async () => {
    expect(await submitWith(fetchOf([]))).toMatchObject({
      failure: { class: 'network', code: 'stream_incomplete' },
    });
    expect(await submitWith(fetchOf([doneLine]))).toMatchObject({
      failure: { class: 'provider_internal', code: 'reply_malformed' },
    });
  });

  test('with an event that is not JSON is no reply', async () => {
    const outcome = await submitWith(fetchOf([chunk({ content: 'Hel' }), 'data: {"id": oops\n\n']));
    expect(outcome).toMatchObject({
      failure: { class: 'provider_internal', phase: 'unknown', code: 'reply_not_json' },
    });
  });

  test('gives up its half when an error event comes', async () => {
    const error = { error: { code: 429, message: 'too fast' } };
    const event = `data: ${JSON.stringify(error)}\n\n`;
    expect(await submitWith(fetchOf([chunk({ content: 'Hel' }), event, doneLine]))).toMatchObject({
      failure: { class: 'rate_limited', phase: 'unknown', status: 200 },
    });
    expect(await submitWith(fetchOf([event]))).toMatchObject({
      failure: { class: 'rate_limited', phase: 'rejected' },
    });
  });

  test('may end in an error inside the choice', async () => {
    const choice = {
      index: 0,
      delta: {},
      finish_reason: 'error',
      error: { code: 502, message: 'x' },
    };
    const event = `data: ${JSON.stringify({ choices: [choice] })}\n\n`;
    expect(await submitWith(fetchOf([event, doneLine]))).toMatchObject({
      failure: { class: 'provider_internal' },
    });
  });

  test('that refuses is blocked output', async () => {
    const pieces = [chunk({ refusal: 'I will ' }), chunk({ refusal: 'not.' }), chunk({}, 'stop')];
    expect(await submitWith(fetchOf(pieces))).toMatchObject({
      failure: { class: 'content_blocked_output', detail: { message: 'I will not.' } },
    });
  });

  test('that stops at the limit is truncated where JSON was asked for', async () => {
    const pieces = [chunk({ content: '{"na' }), chunk({}, 'length'), usageChunk, doneLine];
    expect(await submitWith(fetchOf(pieces), chatCall({ output: jsonOutput }))).toMatchObject({
      failure: { class: 'output_truncated', phase: 'finished' },
      spent: { rawUsage: usage },
    });
  });

  test('reads one choice only', async () => {
    const other = `data: ${JSON.stringify({ choices: [{ index: 1, delta: { content: 'no' } }] })}\n\n`;
    const outcome = await submitWith(fetchOf([other, chunk({ content: 'yes' }, 'stop'), doneLine]));
    expect(outcome).toMatchObject({ reply: { result: { text: 'yes' } } });
  });

  test('does not wait for a connection that stays open after the end', async () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(recorded)),
    });
    const headers = { 'content-type': 'text/event-stream; charset=utf-8' };
    const outcome = await submitWith(async () => new Response(body, { headers }));
    expect(outcome).toEqual(greeting);
  });

  test('that breaks after its end is a reply all the same', async () => {
    let pulls = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulls += 1;
        if (pulls === 1) controller.enqueue(new TextEncoder().encode(recorded));
        else controller.error(new Error('Network connection lost.'));
      },
    });
    const headers = { 'content-type': 'text/event-stream' };
    expect(await submitWith(async () => new Response(body, { headers }))).toEqual(greeting);
  });
});

describe('the size of a reply', () => {
  const mebibyte = 'x'.repeat(1024 * 1024);

  test('is bounded for a stream', async () => {
    const pieces = Array.from({ length: 9 }, () => chunk({ content: mebibyte }));
    expect(await submitWith(fetchOf(pieces))).toMatchObject({
      failure: { class: 'payload_too_large', phase: 'finished', code: 'reply_too_large' },
    });
  });

  test('is bounded for a single text', async () => {
    const pieces = Array.from({ length: 9 }, () => mebibyte);
    const init = { headers: { 'content-type': 'application/json' } };
    expect(await submitWith(fetchOf(pieces, init))).toMatchObject({
      failure: { class: 'payload_too_large', phase: 'finished', code: 'reply_too_large' },
    });
  });

  test('of an error does not hide the error', async () => {
    const pieces = Array.from({ length: 9 }, () => mebibyte);
    expect(await submitWith(fetchOf(pieces, { status: 503 }))).toMatchObject({
      failure: { class: 'overloaded', status: 503 },
    });
  });
});

describe('one call', () => {
  test('sends key, correlation and idempotency headers, and follows no redirect', async () => {
    let seen: { url: string; init: RequestInit } | undefined;
    const adapter = makeAdapter({
      baseUrl: 'https://api.openai.example/v1/',
      apiKey: ' sk-key-with-a-line-end\n',
      fetch: async (url, init) => {
        seen = { url, init };
        return Response.json({ choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }] });
      },
    });
    const headers = { traceparent: '00-aa-bb-01', 'x-request-id': 'job_1' };
    await adapter.submitJob(chatCall(), contextWith({ headers, idempotencyKey: 'att_7' }));
    expect(seen?.url).toBe('https://api.openai.example/v1/chat/completions');
    expect(seen?.init).toMatchObject({ method: 'POST', redirect: 'manual' });
    expect(seen?.init.headers).toEqual({
      traceparent: '00-aa-bb-01',
      'x-request-id': 'job_1',
      'idempotency-key': 'att_7',
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: 'Bearer sk-key-with-a-line-end',
    });
  });

  test('sends no authorization to a server without a key', async () => {
    let headers: RequestInit['headers'];
    const adapter = makeAdapter({
      apiKey: '',
      fetch: async (_url, init) => {
        headers = init.headers;
        return Response.json({});
      },
    });
    await adapter.submitJob(chatCall(), contextWith());
    expect(headers).not.toHaveProperty('authorization');
  });

  test('calls fetch without a receiver, as the Workers runtime demands', async () => {
    const receivers: unknown[] = [];
    const adapter = makeAdapter({
      async fetch(this: unknown) {
        receivers.push(this);
        return Response.json({});
      },
    });
    await adapter.submitJob(chatCall(), contextWith());
    expect(receivers).toEqual([undefined]);
  });

  test('tells when the headers are there, before the body is read', async () => {
    const order: string[] = [];
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          order.push('body');
          controller.enqueue(new TextEncoder().encode(recorded));
          controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const adapter = makeAdapter({
      fetch: async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
    });
    await adapter.submitJob(chatCall(), contextWith({ onHeaders: () => order.push('headers') }));
    expect(order).toEqual(['headers', 'body']);
  });

  test('the status of an error counts, even if its text breaks off', async () => {
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error('Network connection lost.')),
    });
    const outcome = await submitWith(async () => new Response(body, { status: 429 }));
    expect(outcome).toMatchObject({ failure: { class: 'rate_limited', phase: 'rejected' } });
  });

  test('an abort ends the reading of a body that does not notice it', async () => {
    const controller = new AbortController();
    const adapter = makeAdapter({
      fetch: async () =>
        new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } }),
    });
    const context = contextWith({
      signal: controller.signal,
      onHeaders: () => queueMicrotask(() => controller.abort('cancel')),
    });
    expect(await adapter.submitJob(chatCall(), context)).toMatchObject({
      failure: { class: 'cancelled', phase: 'unknown' },
    });
  });
});

describe('a streamed call of tools', () => {
  const part = (index: number | null, id: string | null, name: string | null, text: string) =>
    chunk({
      tool_calls: [
        {
          ...(index === null ? {} : { index }),
          ...(id === null ? {} : { id, type: 'function' }),
          function: { ...(name === null ? {} : { name }), arguments: text },
        },
      ],
    });
  const both = {
    kind: 'done',
    reply: {
      result: {
        finishReason: 'tool_calls',
        toolCalls: [
          { id: 'call_a', name: 'look_up', arguments: '{"order":"ü7"}' },
          { id: 'call_b', name: 'now', arguments: '{}' },
        ],
      },
    },
  };
  const ends = [chunk({}, 'tool_calls'), usageChunk, doneLine];

  test('is put together, however the bytes are cut', async () => {
    const whole = [
      chunk({ role: 'assistant', content: null }),
      part(0, 'call_a', 'look_up', ''),
      part(0, null, null, '{"ord'),
      part(1, 'call_b', 'now', '{'),
      part(0, null, null, 'er":"ü7"}'),
      part(1, null, null, '}'),
      ...ends,
    ].join('');
    const bytes = new TextEncoder().encode(whole);
    for (let cut = 0; cut <= bytes.length; cut += 7) {
      const outcome = await submitWith(fetchOf([bytes.slice(0, cut), bytes.slice(cut)]));
      expect(outcome).toMatchObject(both);
    }
  });

  test.each([
    ['all calls have the index 0', 0],
    ['no call has an index', null],
  ])('where %s, a new id begins a new call', async (_name, index) => {
    const pieces = [
      part(index, 'call_a', 'look_up', '{"order":"ü7"}'),
      part(index, 'call_b', 'now', '{'),
      part(index, null, null, '}'),
      ...ends,
    ];
    expect(await submitWith(fetchOf(pieces))).toMatchObject(both);
  });
});

describe('while a chat is streamed', () => {
  test('each piece of text is told, also of JSON', async () => {
    const heard: string[] = [];
    const pieces = [
      chunk({ content: '{"name":' }),
      chunk({ content: '' }),
      chunk({ content: '"A"}' }),
    ];
    const fetch = fetchOf([...pieces, chunk({}, 'stop'), doneLine]);
    const context = contextWith({ onText: (piece) => void heard.push(piece) });
    await makeAdapter({ fetch }).submitJob(chatCall({ output: jsonOutput }), context);
    expect(heard).toEqual(['{"name":', '"A"}']);
  });

  test('an error after the first token fails the attempt, and what it used is kept', async () => {
    const error = { error: { message: 'upstream', code: 502 }, usage };
    const fetch = fetchOf([chunk({ content: 'Grü' }), `data: ${JSON.stringify(error)}\n\n`]);
    expect(await submitWith(fetch)).toMatchObject({
      kind: 'failed',
      failure: { phase: 'unknown', class: 'provider_internal' },
      spent: { usage: { inputTokens: 9, outputTokens: 6 } },
    });
  });

  test('a connection lost after the first token is not known to be free', async () => {
    const encoder = new TextEncoder();
    let isFirst = true;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (isFirst) controller.enqueue(encoder.encode(chunk({ content: 'Grü' })));
        else controller.error(new Error('Network connection lost.'));
        isFirst = false;
      },
    });
    const headers = { 'content-type': 'text/event-stream' };
    const outcome = await submitWith(async () => new Response(body, { headers }));
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: { class: 'network', phase: 'unknown', code: 'connection_lost' },
    });
    expect(outcome).not.toHaveProperty('spent');
  });
});
