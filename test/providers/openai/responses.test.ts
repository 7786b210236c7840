import { describe, expect, test } from 'vitest';

import type { ChatCall } from '../../../src/domain/model/model-call.ts';
import type { CallOutcome } from '../../../src/providers/port.ts';
import { capturing } from '../captured.ts';
import { contextOf, someFile } from '../calling.ts';
import { chatCall, jsonOutput, secretKey } from '../openai-compatible/support.ts';
import { reply } from '../calling.ts';
import { backgroundCall, makeAdapter, message, response, ticket, usage } from './support.ts';

const said = [message({ type: 'output_text', text: 'Hello Ada.', annotations: [] })];

async function submitted(call: ChatCall) {
  const { fetch, sent } = capturing(response('queued'));
  const outcome = await makeAdapter({ fetch }).submitJob(call, contextOf());
  return { outcome, sent };
}

async function asked(answer: unknown, status = 200, call: ChatCall = backgroundCall()) {
  const { fetch, sent } = capturing(answer, status);
  const adapter = makeAdapter({ fetch });
  const outcome: CallOutcome | undefined = await adapter.getJobStatus?.(ticket, call, contextOf());
  return { outcome, sent };
}

describe('a chat in the background', () => {
  test('is submitted with its attempt in the metadata, and gives a ticket', async () => {
    const { outcome, sent } = await submitted(
      backgroundCall({
        options: { metadata: { team: 'a' }, background: false, service_tier: 'flex' },
      }),
    );
    expect(sent).toEqual([
      {
        url: 'https://api.openai.example/v1/responses',
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          authorization: `Bearer ${secretKey}`,
          'idempotency-key': 'att_1',
        },
        body: {
          model: 'o4-mini',
          input: [{ role: 'user', content: 'Say hello to Ada.' }],
          service_tier: 'flex',
          metadata: { team: 'a', idempotency_key: 'att_1' },
          background: true,
          store: true,
        },
      },
    ]);
    expect(outcome).toEqual({ kind: 'pending', ticket, checkInMs: 2_000 });
  });

  test('has every parameter, tools and the schema under their names here', async () => {
    const { sent } = await submitted(
      backgroundCall({
        parameters: { temperature: 0.1, topP: 0.5, maxOutputTokens: 99, reasoningEffort: 'high' },
        tools: [{ name: 'now', description: 'Time.', parameters: { type: 'object' } }],
        toolChoice: { name: 'now' },
        output: jsonOutput,
      }),
    );
    expect(sent[0]?.body).toMatchObject({
      temperature: 0.1,
      top_p: 0.5,
      max_output_tokens: 99,
      reasoning: { effort: 'high' },
      tools: [
        {
          type: 'function',
          name: 'now',
          description: 'Time.',
          parameters: { type: 'object' },
          strict: false,
        },
      ],
      tool_choice: { type: 'function', name: 'now' },
      text: { format: { type: 'json_schema', name: 'output', strict: true } },
    });
  });

  test('has messages, files and calls of tools as items', async () => {
    const { sent } = await submitted(
      backgroundCall({
        messages: [
          { role: 'system', content: 'Be short.' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What is it?' },
              { type: 'image', media: someFile('image/png') },
              { type: 'document', media: someFile('application/pdf', { name: 'a.pdf' }) },
            ],
          },
          {
            role: 'assistant',
            content: [{ type: 'text', text: 'Let me see.' }],
            toolCalls: [{ id: 'call_1', name: 'now', arguments: '{}' }],
          },
          { role: 'tool', toolCallId: 'call_1', content: 'noon' },
        ],
      }),
    );
    expect(sent[0]?.body).toMatchObject({
      input: [
        { role: 'system', content: 'Be short.' },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'What is it?' },
            { type: 'input_image', image_url: 'data:image/png;base64,AQID', detail: 'auto' },
            {
              type: 'input_file',
              filename: 'a.pdf',
              file_data: 'data:application/pdf;base64,AQID',
            },
          ],
        },
        { role: 'assistant', content: [{ type: 'output_text', text: 'Let me see.' }] },
        { type: 'function_call', call_id: 'call_1', name: 'now', arguments: '{}' },
        { type: 'function_call_output', call_id: 'call_1', output: 'noon' },
      ],
    });
  });

  test('cannot be told everything that a chat can', () => {
    const audio = { type: 'audio', media: someFile('audio/mpeg') } as const;
    const call = backgroundCall({
      parameters: { seed: 1, stop: ['END'] },
      messages: [{ role: 'user', content: [audio] }],
    });
    expect(makeAdapter().unsupported?.(call)).toEqual(['seed', 'stop', 'audio']);
    expect(makeAdapter().unsupported?.({ ...call, execution: 'sync' })).toEqual([]);
  });

  test.each<[ChatCall['execution'], string]>([['batch', 'unsupported_execution']])(
    '%s execution is refused unsent',
    async (execution, code) => {
      const { fetch, sent } = capturing({});
      const call = chatCall(execution === undefined ? {} : { execution });
      expect(await makeAdapter({ fetch }).submitJob(call, contextOf())).toMatchObject({
        kind: 'failed',
        failure: { class: 'invalid_request', phase: 'not_sent', code },
      });
      expect(sent).toEqual([]);
    },
  );

  test.each([
    [401, { error: { code: 'invalid_api_key', message: 'x' } }, 'auth'],
    [429, { error: { code: 'insufficient_quota', message: 'x' } }, 'billing_exhausted'],
    [400, { error: { code: 'invalid_prompt', message: 'x' } }, 'content_blocked_input'],
  ])('refused with %i is refused', async (status, body, failureClass) => {
    const { fetch } = capturing(body, status);
    expect(await makeAdapter({ fetch }).submitJob(backgroundCall(), contextOf())).toMatchObject({
      kind: 'failed',
      failure: { class: failureClass, phase: 'rejected', status },
    });
  });

  test('with an id that would lead elsewhere is no ticket', async () => {
    const { fetch } = capturing({ ...response('queued'), id: '../models' });
    expect(await makeAdapter({ fetch }).submitJob(backgroundCall(), contextOf())).toMatchObject({
      kind: 'failed',
      failure: { phase: 'unknown', code: 'reply_malformed' },
    });
  });
});

describe('asked for later', () => {
  test.each(['queued', 'in_progress'])('it is still %s', async (status) => {
    const { outcome, sent } = await asked(response(status));
    expect(outcome).toEqual({ kind: 'pending', ticket, checkInMs: 2_000 });
    expect(sent).toMatchObject([
      {
        url: 'https://api.openai.example/v1/responses/resp_68a1',
        method: 'GET',
        headers: { authorization: `Bearer ${secretKey}` },
      },
    ]);
  });

  test('it is completed, with what it used', async () => {
    const thought = { type: 'reasoning', id: 'rs_1', summary: [] };
    const { outcome } = await asked(response('completed', { output: [thought, ...said], usage }));
    expect(outcome).toEqual({
      kind: 'done',
      reply: {
        result: { kind: 'chat', text: 'Hello Ada.', finishReason: 'stop' },
        usage: { inputTokens: 20, cacheReadTokens: 100, outputTokens: 26, reasoningTokens: 64 },
        rawUsage: usage,
        returnedModel: 'o4-mini-2025-04-16',
        providerRequestId: 'resp_68a1',
      },
    });
  });

  test('it asks for tools', async () => {
    const item = {
      type: 'function_call',
      id: 'fc_1',
      call_id: 'call_1',
      name: 'now',
      arguments: '{}',
    };
    const { outcome } = await asked(response('completed', { output: [item] }));
    expect(outcome).toMatchObject({
      reply: {
        result: {
          finishReason: 'tool_calls',
          toolCalls: [{ id: 'call_1', name: 'now', arguments: '{}' }],
        },
      },
    });
  });

  test('the model refused', async () => {
    const output = [message({ type: 'refusal', refusal: 'No.' })];
    const { outcome } = await asked(response('completed', { output, usage }));
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: { class: 'content_blocked_output', phase: 'finished', detail: { message: 'No.' } },
      spent: { usage: { reasoningTokens: 64 } },
    });
  });

  const cut = { incomplete_details: { reason: 'max_output_tokens' }, output: said, usage };

  test('text cut at the limit is a result that says so; JSON is none', async () => {
    expect((await asked(response('incomplete', cut))).outcome).toMatchObject({
      kind: 'done',
      reply: { result: { text: 'Hello Ada.', finishReason: 'length' } },
    });
    const call = backgroundCall({ output: jsonOutput });
    expect((await asked(response('incomplete', cut), 200, call)).outcome).toMatchObject({
      kind: 'failed',
      failure: { class: 'output_truncated', phase: 'finished', code: 'max_output_tokens' },
      spent: { usage: { outputTokens: 26 } },
    });
  });

  test('a filter cut it', async () => {
    const incomplete = { ...cut, incomplete_details: { reason: 'content_filter' } };
    expect((await asked(response('incomplete', incomplete))).outcome).toMatchObject({
      kind: 'failed',
      failure: { class: 'content_blocked_output', phase: 'finished' },
      spent: {},
    });
  });

  test.each([
    ['server_error', 'provider_internal'],
    ['rate_limit_exceeded', 'rate_limited'],
    ['invalid_prompt', 'content_blocked_input'],
    ['bio_policy', 'content_blocked_input'],
    ['vector_store_timeout', 'timeout'],
    ['image_file_too_large', 'payload_too_large'],
    ['invalid_image_url', 'invalid_request'],
  ])('it failed with %s after it was taken', async (code, failureClass) => {
    const failed = response('failed', { error: { code, message: 'words' }, usage });
    expect((await asked(failed)).outcome).toMatchObject({
      kind: 'failed',
      failure: { class: failureClass, phase: 'accepted', code, detail: { message: 'words' } },
      spent: { usage: { inputTokens: 20 } },
    });
  });

  test('it failed without a reason', async () => {
    const { outcome } = await asked(response('failed'));
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: { class: 'provider_internal', phase: 'accepted' },
    });
    expect(outcome).not.toHaveProperty('spent');
  });

  test('it was cancelled', async () => {
    expect((await asked(response('cancelled', { output: [] }))).outcome).toMatchObject({
      kind: 'failed',
      failure: { class: 'cancelled', phase: 'accepted', code: 'cancelled_at_provider' },
    });
  });

  test.each([
    [429, { error: { code: 'rate_limit_exceeded', message: 'x' } }],
    [500, { error: { type: 'server_error', message: 'x' } }],
    [503, {}],
    [200, { nothing: true }],
  ])('a question answered with %i is asked again', async (status, body) => {
    expect((await asked(body, status)).outcome).toEqual({
      kind: 'pending',
      ticket,
      checkInMs: 2_000,
    });
  });

  test('the provider may say when to ask again', async () => {
    const headers = { 'retry-after': '30' };
    const adapter = makeAdapter({
      fetch: async () => new Response('{}', { status: 429, headers }),
    });
    expect(await adapter.getJobStatus?.(ticket, backgroundCall(), contextOf())).toEqual({
      kind: 'pending',
      ticket,
      checkInMs: 30_000,
    });
  });

  test.each([
    [401, 'auth'],
    [404, 'unknown'],
  ])('a question answered with %i ends the attempt', async (status, failureClass) => {
    expect((await asked({ error: { message: 'x' } }, status)).outcome).toMatchObject({
      kind: 'failed',
      failure: { class: failureClass, phase: 'accepted', status },
    });
  });

  test.each([
    ['deadline', 'timeout'],
    ['cancel', 'cancelled'],
  ])('our own %s ends the attempt', async (reason, failureClass) => {
    const signal = AbortSignal.abort(reason);
    const outcome = await makeAdapter().getJobStatus?.(
      ticket,
      backgroundCall(),
      contextOf({ signal }),
    );
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: { class: failureClass, phase: 'accepted' },
    });
  });
});

test('a cancel is a wish at the place of the work', async () => {
  const { fetch, sent } = capturing({ error: { message: 'too late' } }, 400);
  await makeAdapter({ fetch }).cancelJob?.(ticket, backgroundCall(), contextOf());
  expect(sent).toMatchObject([
    { url: 'https://api.openai.example/v1/responses/resp_68a1/cancel', method: 'POST', body: {} },
  ]);
});

test('a reply without status is an error or nothing that can be read', () => {
  const outcome = makeAdapter().normalizeOutput(
    reply(200, { error: { code: 'rate_limit_exceeded', message: 'x' } }),
    backgroundCall(),
  );
  expect(outcome).toMatchObject({ failure: { class: 'rate_limited', phase: 'rejected' } });
  expect(makeAdapter().normalizeOutput(reply(200, {}), backgroundCall())).toMatchObject({
    failure: { code: 'reply_malformed', phase: 'unknown' },
  });
});
