import { expect, test } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import type { WireReply } from '../../../src/providers/port.ts';
import { contextOf } from '../calling.ts';
import { calls, chatCall, envelope, makeAdapter, restError, results } from './support.ts';

const id = results.queued.request_id;
const ticket = { providerJobId: id, data: null };
const batch = chatCall({ execution: 'batch' });

async function ask(body: WireReply['body'], call: ModelCall = batch, status = 200) {
  const sent: { url: string; body: unknown }[] = [];
  const adapter = makeAdapter(async (url, init) => {
    sent.push({ url, body: JSON.parse(init.body as string) });
    return Response.json(body, { status });
  });
  return { outcome: await adapter.getJobStatus?.(ticket, call, contextOf()), sent };
}

test('a submit hands out the id of the queue', async () => {
  const adapter = makeAdapter(async () => Response.json(envelope(results.queued)));
  expect(await adapter.submitJob(batch, contextOf())).toEqual({
    kind: 'pending',
    ticket,
    checkInMs: 10_000,
  });
});

test.each(['queued', 'running'])('while it is %s, it is asked again', async (status) => {
  const { outcome, sent } = await ask(envelope({ status }));
  expect(outcome).toEqual({ kind: 'pending', ticket, checkInMs: 10_000 });
  expect(sent).toEqual([
    {
      url: 'https://cloudflare.example/client/v4/accounts/account1/ai/run/@cf/meta/llama-3.1-8b-instruct?queueRequest=true',
      body: { request_id: id },
    },
  ]);
});

test('its one response is the result', async () => {
  const responses = [{ id: 0, result: results.chat, success: true }];
  expect((await ask(envelope({ responses }))).outcome).toMatchObject({
    kind: 'done',
    reply: { result: { text: 'Hello Ada.' }, usage: { inputTokens: 12, outputTokens: 7 } },
  });
  const vectors = [{ id: 0, result: results.embed, success: true }];
  const call: ModelCall = { ...calls.embed, execution: 'batch' };
  expect((await ask(envelope({ responses: vectors }), call)).outcome).toMatchObject({
    reply: {
      result: {
        kind: 'embed',
        vectors: [
          [0.5, 0.25],
          [0, 1],
        ],
      },
    },
  });
});

test('a response that failed is a failure of work that was accepted', async () => {
  const responses = [{ id: 0, success: false, error: '5004: bad input' }];
  expect((await ask(envelope({ responses }))).outcome).toMatchObject({
    kind: 'failed',
    failure: { class: 'invalid_request', phase: 'accepted', code: '5004' },
  });
  expect((await ask(envelope({ responses: [] }))).outcome).toMatchObject({
    failure: { class: 'provider_internal', code: 'batch_empty' },
  });
});

test('a question that is not answered says nothing of the work', async () => {
  expect((await ask(restError(3040), batch, 429)).outcome).toEqual({
    kind: 'pending',
    ticket,
    checkInMs: 10_000,
  });
  expect((await ask({}, batch)).outcome).toMatchObject({ kind: 'pending' });
  expect((await ask(restError(10000), batch, 401)).outcome).toMatchObject({
    kind: 'failed',
    failure: { class: 'auth', phase: 'accepted' },
  });
});
