import { describe, expect, test } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import type { WireReply } from '../../../src/providers/port.ts';
import { someFile } from '../calling.ts';
import { documentedSettings, makeService, reply, serviceOf } from './support.ts';

const documented = documentedSettings();

const chat: ModelCall = {
  kind: 'chat',
  model: 'm',
  messages: [{ role: 'user', content: 'x' }],
  parameters: {},
  output: { kind: 'text' },
};
const jsonChat: ModelCall = { ...chat, output: { kind: 'json', schema: {} } };

const kinds = {
  chat: {
    submit: { path: '/c', body: { m: '${{ call.messages }}', s: '${{ call.output.schema }}' } },
    result: {
      text: 'out[0].text',
      finish_reason: 'out[0].why',
      finish_reasons: { eos: 'stop', too_long: 'length', bad: 'content_filter' },
      refusal: 'out[0].refused',
    },
    usage: { input_tokens: 'n.in', output_tokens: 'n.out', cache_read_tokens: 'n.old' },
    raw_usage: 'n',
    returned_model: 'ran',
    request_id: 'ref',
  },
  embed: {
    submit: { path: '/e', body: '${{ call.texts }}' },
    result: { vectors: 'v[*].x', index: 'v[*].at' },
  },
  classify: {
    submit: { path: '/l', body: '${{ call.text }}' },
    result: { label: 'name', score: 'sure' },
  },
  image: {
    submit: { path: '/i', body: '${{ call.prompt }}' },
    result: { base64: '$' },
  },
  transcribe: {
    submit: { path: '/t', file: { $file: 'call.audio' } },
    result: {
      text: 'text',
      language: 'lang',
      duration_seconds: 'seconds',
      segments: { text: 's[*].t', start: 's[*].a', end: 's[*].b', speaker: 's[*].who' },
      words: { word: 'w[*].t', start: 'w[*].a', end: 'w[*].b', confidence: 'w[*].c' },
    },
    usage: { audio_ms: { path: 'seconds', times: 1000 } },
  },
  moderate: {
    submit: { path: '/m', body: '${{ call.text }}' },
    result: {
      flagged: 'bad',
      categories: { category: 'c[*].n', flagged: 'c[*].f', score: 'c[*].s' },
    },
  },
};
const service = makeService(serviceOf(kinds));

function read(call: ModelCall, body: WireReply['body'], headers = {}) {
  return service.normalizeOutput(reply(body, 200, headers), call);
}

describe('a result is read where the settings say', () => {
  test('a chat, with usage, model and id', () => {
    const body = {
      out: [{ text: 'Hi', why: 'eos' }],
      n: { in: 3, out: 1.4, old: -1 },
      ran: 'm-7',
      ref: 12,
    };
    expect(read(chat, body)).toEqual({
      kind: 'done',
      reply: {
        result: { kind: 'chat', text: 'Hi', finishReason: 'stop' },
        usage: { inputTokens: 3, outputTokens: 1 },
        rawUsage: { in: 3, out: 1.4, old: -1 },
        returnedModel: 'm-7',
        providerRequestId: '12',
      },
    });
  });

  test('usage that is not told stays unknown', () => {
    expect(read(chat, { out: [{ text: 'Hi', why: 'odd' }] })).toMatchObject({
      reply: { result: { finishReason: 'other' }, rawUsage: null, returnedModel: 'm' },
    });
    const outcome = read(chat, { out: [{ text: 'Hi' }] });
    expect(outcome.kind === 'done' ? outcome.reply.usage : null).toEqual({});
  });

  test.each([
    [chat, { text: '', why: 'bad' }, 'content_blocked_output'],
    [chat, { refused: 'No.' }, 'content_blocked_output'],
    [jsonChat, { text: '{"a', why: 'too_long' }, 'output_truncated'],
  ])('%j that ends with %j is no answer, and is charged', (call, out, failureClass) => {
    expect(read(call, { out: [out], n: { in: 3 } })).toMatchObject({
      kind: 'failed',
      failure: { class: failureClass, phase: 'finished' },
      spent: { usage: { inputTokens: 3 } },
    });
  });

  test('a text that was cut is an answer', () => {
    expect(read(chat, { out: [{ text: 'Hi', why: 'too_long' }] })).toMatchObject({
      reply: { result: { finishReason: 'length' } },
    });
  });

  test('vectors in the order of their index, and only when all are there', () => {
    const call: ModelCall = { kind: 'embed', model: 'm', texts: ['a', 'b'] };
    const rows = [
      { at: 1, x: [2] },
      { at: 0, x: [1] },
    ];
    expect(read(call, { v: rows })).toMatchObject({ reply: { result: { vectors: [[1], [2]] } } });
    for (const v of [rows.slice(1), [...rows, { at: 2, x: [3] }], [{ x: ['1'] }, { x: [2] }]]) {
      expect(read(call, { v })).toMatchObject({
        failure: { code: 'reply_malformed' },
      });
    }
  });

  test('one label', () => {
    const call: ModelCall = { kind: 'classify', model: 'm', text: 'x', labels: [], topN: 3 };
    expect(read(call, { name: 'cat', sure: 1.5 })).toMatchObject({
      reply: { result: { labels: [{ label: 'cat', score: 1 }] } },
    });
  });

  test('an answer that is an image itself', () => {
    const call: ModelCall = { kind: 'image', model: 'm', prompt: 'x', count: 1 };
    expect(read(call, 'AQID', { 'content-type': 'image/webp' })).toMatchObject({
      reply: {
        result: {
          images: [{ media: { source: { kind: 'base64', data: 'AQID' }, mimeType: 'image/webp' } }],
        },
        usage: { images: 1 },
      },
    });
  });

  test('a transcript', () => {
    const call: ModelCall = { kind: 'transcribe', model: 'm', audio: someFile('audio/mpeg') };
    const body = {
      text: 'Hi you',
      lang: 'en',
      seconds: 1.5,
      s: [{ t: 'Hi you', a: 0, b: 1.5, who: 0 }, { t: 'x' }],
      w: [{ t: 'Hi', a: 0, b: 0.5, c: 0.9 }],
    };
    expect(read(call, body)).toMatchObject({
      reply: {
        result: {
          language: 'en',
          durationSeconds: 1.5,
          segments: [{ text: 'Hi you', start: 0, end: 1.5, speaker: '0' }],
          words: [{ word: 'Hi', start: 0, end: 0.5, confidence: 0.9 }],
        },
        usage: { audioMs: 1500 },
      },
    });
  });

  test('a moderation', () => {
    const call: ModelCall = { kind: 'moderate', model: 'm', text: 'x' };
    expect(read(call, { bad: true, c: [{ n: 'hate', f: true }] })).toMatchObject({
      reply: {
        result: { flagged: true, categories: [{ category: 'hate', flagged: true, score: null }] },
      },
    });
  });

  test('nothing of what objects inherit', () => {
    const odd = serviceOf({
      chat: { ...kinds.chat, result: { text: 'constructor.name' } },
    });
    expect(makeService(odd).normalizeOutput(reply({}), chat)).toMatchObject({ kind: 'failed' });
  });
});

describe('an error', () => {
  const own = makeService(documented['painter']);
  const image: ModelCall = { kind: 'image', model: 'm', prompt: 'x', count: 1 };

  test.each([
    [402, { problem: { code: 'x', text: 'Pay' } }, 'billing_exhausted', 'rejected'],
    [400, { problem: { code: 'no_credit', text: 'Pay' } }, 'billing_exhausted', 'rejected'],
    [400, { problem: { code: 'nsfw_prompt', text: 'No' } }, 'content_blocked_input', 'rejected'],
    [500, { problem: { code: 'nsfw_picture' } }, 'content_blocked_output', 'unknown'],
    [503, {}, 'overloaded', 'unknown'],
    [429, { detail: 'Slow down' }, 'rate_limited', 'rejected'],
    [404, 'no such thing', 'not_found_model', 'rejected'],
  ])('%i %j is %s', (status, body, failureClass, phase) => {
    const failed = reply(body, status, { 'retry-after': '3' });
    expect(own.normalizeOutput(failed, image)).toMatchObject({
      kind: 'failed',
      failure: { class: failureClass, phase, status, retryAfterMs: 3_000 },
    });
  });

  test('inside a success is one where the settings say so', () => {
    const error = {
      code: 'code',
      when: { path: 'ok', in: [false] },
      classes: { busy: 'rate_limited', odd: 'output_invalid' },
    };
    const odd = makeService(serviceOf({ chat: { ...kinds.chat, error } }));
    const said = (code: string) => odd.normalizeOutput(reply({ ok: false, code }), chat);
    expect(said('busy')).toMatchObject({ failure: { class: 'rate_limited', phase: 'rejected' } });
    expect(said('odd')).toMatchObject({ failure: { class: 'output_invalid', phase: 'finished' } });
    expect(said('new')).toMatchObject({
      failure: { class: 'provider_internal', phase: 'unknown', code: 'new' },
    });
  });
});

describe('work that goes on', () => {
  const own = makeService(documented['painter']);
  const image: ModelCall = { kind: 'image', model: 'm', prompt: 'x', count: 1 };

  test.each([
    [{ id: 'pic_1', state: 'waiting' }, 'pic_1'],
    [{ id: 17, state: 'waiting' }, '17'],
  ])('%j is a ticket', (body, providerJobId) => {
    expect(own.normalizeOutput(reply(body, 202), image)).toEqual({
      kind: 'pending',
      ticket: { providerJobId, data: null },
      checkInMs: 1_000,
    });
  });

  test.each([{}, { id: '..' }, { id: '' }, { id: 'x'.repeat(501) }, { id: ['a'] }])(
    '%j is none',
    (body) => {
      expect(own.normalizeOutput(reply(body, 202), image)).toMatchObject({
        failure: { class: 'provider_internal', phase: 'unknown' },
      });
    },
  );

  test('a submit may be done at once', () => {
    const body = { id: 'p', state: 'done', pictures: [{ data: 'AQID', type: 'image/png' }] };
    expect(own.normalizeOutput(reply(body), image)).toMatchObject({
      kind: 'done',
      reply: { usage: { images: 1 }, result: { images: [{ media: { mimeType: 'image/png' } }] } },
    });
  });

  test('work that failed says what it spent', () => {
    const problem = { code: 'nsfw_picture', text: 'No' };
    const body = { id: 'p', state: 'failed', problem, spent: { seconds: 1.25 } };
    expect(own.normalizeOutput(reply(body), image)).toMatchObject({
      failure: { class: 'content_blocked_output', phase: 'accepted', detail: { message: 'No' } },
      spent: { usage: { computeMs: 1_250 }, rawUsage: { seconds: 1.25 } },
    });
  });
});
