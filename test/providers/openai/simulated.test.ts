import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { ChatCall, ModelCall } from '../../../src/domain/model/model-call.ts';
import type { CallContext, CallOutcome, Ticket } from '../../../src/providers/port.ts';
import { startSimulator, type Simulator } from '../../support/simulator/simulator.ts';
import { askToTheEnd, contextOf, someFile, ticketIn } from '../calling.ts';
import { chatCall, jsonOutput } from '../openai-compatible/support.ts';
import { backgroundCall, makeAdapter } from './support.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
beforeEach(() => simulator.reset());
afterAll(() => simulator.close());

function adapterHere() {
  return makeAdapter({ fetch, baseUrl: `${simulator.url}/v1` });
}

function submit(call: ModelCall, context: Partial<CallContext> = {}): Promise<CallOutcome> {
  return adapterHere().submitJob(call, contextOf(context));
}

async function resultOf(call: ModelCall) {
  const outcome = await submit(call);
  return outcome.kind === 'done' ? outcome.reply : outcome;
}

async function ticketFor(call: ChatCall): Promise<Ticket> {
  return ticketIn(await submit(call));
}

async function ask(ticket: Ticket, call: ChatCall) {
  return adapterHere().getJobStatus?.(ticket, call, contextOf());
}

const endOf = async (call: ChatCall) => askToTheEnd(adapterHere(), await ticketFor(call), call);

describe('in the background', () => {
  test('work is taken once, goes on, and is done', async () => {
    const call = backgroundCall({ output: jsonOutput });
    const ticket = await ticketFor(call);
    expect(await ask(ticket, call)).toMatchObject({ kind: 'pending', ticket });
    expect(await ask(ticket, call)).toMatchObject({ kind: 'pending' });
    const end = {
      kind: 'done',
      reply: {
        result: { text: '{"name":"Say hello to Ada"}', finishReason: 'stop' },
        usage: { inputTokens: 5, outputTokens: 7 },
        returnedModel: 'o4-mini',
      },
    };
    expect(await ask(ticket, call)).toMatchObject(end);
    expect(await ask(ticket, call)).toMatchObject(end);
    expect(simulator.journal()).toMatchObject([
      { method: 'POST', path: '/v1/responses', paid: true, idempotency_key: 'att_1' },
      ...Array.from({ length: 4 }, () => ({ method: 'GET', paid: false })),
    ]);
  });

  test('work may fail in the end', async () => {
    simulator.script({ fault: { fails_later: true, code: 'rate_limit_exceeded' } });
    expect(await endOf(backgroundCall())).toMatchObject({
      kind: 'failed',
      failure: { class: 'rate_limited', phase: 'accepted', code: 'rate_limit_exceeded' },
    });
  });

  test.each([
    [{ truncate: true } as const, { class: 'output_truncated', phase: 'finished' }],
    [{ refusal: 'No.' }, { class: 'content_blocked_output', phase: 'finished' }],
  ])('an end with %j is no result, and is charged', async (fault, failure) => {
    simulator.script({ fault });
    expect(await endOf(backgroundCall({ output: jsonOutput }))).toMatchObject({
      kind: 'failed',
      failure,
      spent: { usage: { inputTokens: 5 } },
    });
  });

  test('a cancel ends it; a cancel that comes too late changes nothing', async () => {
    const call = backgroundCall();
    const ticket = await ticketFor(call);
    await adapterHere().cancelJob?.(ticket, call, contextOf());
    expect(await ask(ticket, call)).toMatchObject({
      failure: { class: 'cancelled', phase: 'accepted' },
    });
    simulator.script({ reply: { polls: 0 } });
    const done = await ticketFor(call);
    expect(await ask(done, call)).toMatchObject({ kind: 'done' });
    await adapterHere().cancelJob?.(done, call, contextOf());
    expect(await ask(done, call)).toMatchObject({ kind: 'done' });
  });

  test('questions that fail in passing are asked again, work that is gone is not', async () => {
    const call = backgroundCall();
    const ticket = await ticketFor(call);
    for (const fault of [{ status: 503 }, { drop: 'mid_body' }, { not_json: true }] as const) {
      simulator.script({ match: { path: '/v1/responses/*' }, fault });
      // oxlint-disable-next-line no-await-in-loop -- one fault after the other
      expect(await ask(ticket, call)).toMatchObject({ kind: 'pending', ticket });
    }
    simulator.reset();
    expect(await ask(ticket, call)).toMatchObject({
      kind: 'failed',
      failure: { class: 'unknown', phase: 'accepted', code: 'work_not_found', status: 404 },
    });
  });

  test('a submit whose answer is lost may have been taken', async () => {
    simulator.script({ fault: { drop: 'after_request' } });
    expect(await submit(backgroundCall())).toMatchObject({
      kind: 'failed',
      failure: { class: 'network', phase: 'unknown' },
    });
    await simulator.idle();
    expect(simulator.stats().paid).toBe(1);
  });

  test('a tool is asked for', async () => {
    const call = backgroundCall({
      tools: [{ name: 'greet', parameters: jsonOutput.kind === 'json' ? jsonOutput.schema : {} }],
      toolChoice: { name: 'greet' },
    });
    expect(await endOf(call)).toMatchObject({
      kind: 'done',
      reply: {
        result: {
          finishReason: 'tool_calls',
          toolCalls: [{ name: 'greet', arguments: '{"name":"Say hello to Ada"}' }],
        },
      },
    });
  });
});

describe('in one exchange', () => {
  test('tools are asked for in a stream', async () => {
    simulator.script({
      reply: {
        tool_calls: [
          { name: 'look_up', arguments: { order: '7', note: 'a text that is cut into pieces' } },
          { name: 'now', arguments: {} },
        ],
      },
    });
    const tools = [{ name: 'look_up', parameters: { type: 'object' } }];
    expect(await resultOf(chatCall({ tools }))).toMatchObject({
      result: {
        text: '',
        finishReason: 'tool_calls',
        toolCalls: [
          {
            id: 'call_sim_0',
            name: 'look_up',
            arguments: '{"order":"7","note":"a text that is cut into pieces"}',
          },
          { id: 'call_sim_1', name: 'now', arguments: '{}' },
        ],
      },
    });
    expect(simulator.journal()).toMatchObject([{ stream: true }]);
  });

  test('a text is classified', async () => {
    simulator.script({ reply: { json: { labels: [{ label: 'billing', score: 0.8 }] } } });
    const labels = [{ label: 'billing' }, { label: 'bug' }];
    expect(
      await resultOf({ kind: 'classify', model: 'm', text: 'Charged twice.', labels, topN: 1 }),
    ).toMatchObject({
      result: { kind: 'classify', labels: [{ label: 'billing', score: 0.8 }] },
      usage: { outputTokens: 11 },
    });
  });

  test('images are made, and made of others', async () => {
    const call: ModelCall = { kind: 'image', model: 'gpt-image-1', prompt: 'a cat', count: 2 };
    expect(await resultOf(call)).toMatchObject({
      result: { images: [{}, { media: { mimeType: 'image/png' } }] },
      usage: { inputTokens: 2, imageOutputTokens: 544, images: 2 },
    });
    const images = [someFile('image/png'), someFile('image/png')];
    expect(await resultOf({ ...call, images, count: 1 })).toMatchObject({
      result: { images: [{}] },
      usage: { imageInputTokens: 544, images: 1 },
    });
    expect(simulator.journal()).toMatchObject([
      { path: '/v1/images/generations', model: 'gpt-image-1', paid: true },
      { path: '/v1/images/edits', model: 'gpt-image-1', paid: true },
    ]);
  });

  test.each([
    ['whisper-1', 'word', { words: [{ word: 'Simulated', start: 0, end: 0.5 }, {}, {}, {}] }],
    ['whisper-1', 'segment', { segments: [{ start: 0, end: 2 }] }],
    ['gpt-4o-transcribe', undefined, { segments: [], words: [] }],
  ] as const)('%s hears a sound, with times by %s', async (model, timestamps, details) => {
    const audio = someFile('audio/mpeg', { name: 'call.mp3' });
    const call = { kind: 'transcribe', model, audio } as const;
    const reply = await resultOf(timestamps === undefined ? call : { ...call, timestamps });
    expect(reply).toMatchObject({
      result: { text: 'Simulated transcript of call.mp3.', ...details },
      usage: model === 'whisper-1' ? { audioMs: 2000 } : { audioInputTokens: 20, outputTokens: 9 },
    });
  });

  test('words and images are moderated for nothing', async () => {
    const call: ModelCall = {
      kind: 'moderate',
      model: 'omni-moderation-latest',
      text: 'We attack at dawn.',
      images: [someFile('image/png')],
    };
    expect(await resultOf(call)).toMatchObject({
      result: {
        flagged: true,
        categories: [
          { category: 'violence', flagged: true, score: 0.9 },
          { category: 'harassment', flagged: false },
          { category: 'hate', flagged: false },
        ],
      },
      usage: {},
    });
    expect(simulator.stats().paid).toBe(0);
  });
});
