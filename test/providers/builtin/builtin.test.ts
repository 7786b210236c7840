import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import { builtinModels, makeBuiltin } from '../../../src/providers/builtin/builtin.ts';
import type { CallContext, CallOutcome } from '../../../src/providers/port.ts';

const builtin = makeBuiltin();

function contextWith(signal: AbortSignal): CallContext {
  return { signal, idempotencyKey: 'attempt_1', headers: {}, onHeaders: () => {} };
}

const submit = (call: ModelCall): Promise<CallOutcome> =>
  builtin.submitJob(call, contextWith(new AbortController().signal));

const calls = {
  summarize: {
    kind: 'summarize',
    model: 'extractive-summary-1',
    text: 'It failed. We fixed it.',
    maxSentences: 1,
  },
  embed: { kind: 'embed', model: 'hashed-embedding-1', texts: ['one', 'two'] },
  rerank: {
    kind: 'rerank',
    model: 'bm25-rank-1',
    query: 'two',
    documents: ['one', 'two'],
    topN: 1,
  },
  topics: {
    kind: 'classify',
    model: 'keyword-topics-1',
    text: 'two',
    labels: [{ label: 'two' }],
    topN: 1,
  },
  language: {
    kind: 'classify',
    model: 'language-id-1',
    text: 'This is the text.',
    labels: [],
    topN: 1,
  },
  moderate: { kind: 'moderate', model: 'wordlist-moderation-1', text: 'It is all good.' },
} as const satisfies Record<string, ModelCall>;

describe('a call', () => {
  test.each(Object.entries(calls))('%s is done, and the same again', async (_, call) => {
    const outcome = await submit(call);
    expect(outcome.kind).toBe('done');
    expect(await submit(call)).toEqual(outcome);
  });

  test('becomes a request in the provider’s own names', () => {
    expect(builtin.transformInput(calls.rerank)).toEqual({
      method: 'POST',
      path: '/rerank',
      headers: {},
      body: { model: 'bm25-rank-1', query: 'two', documents: ['one', 'two'], top_n: 1 },
    });
    expect(builtin.transformInput({ ...calls.embed, dimensions: 64 }).body).toEqual({
      model: 'hashed-embedding-1',
      texts: ['one', 'two'],
      dimensions: 64,
    });
    expect(builtin.transformInput(calls.summarize).body).toEqual({
      model: 'extractive-summary-1',
      text: 'It failed. We fixed it.',
      max_sentences: 1,
    });
    expect(
      builtin.transformInput({
        ...calls.topics,
        labels: [{ label: 'a' }, { label: 'b', description: 'c' }],
      }).body,
    ).toEqual({
      model: 'keyword-topics-1',
      text: 'two',
      labels: [{ label: 'a' }, { label: 'b', description: 'c' }],
      top_n: 1,
    });
  });

  test('reports the characters it read and the model it ran', async () => {
    expect(await submit(calls.rerank)).toEqual({
      kind: 'done',
      reply: {
        result: { kind: 'rerank', results: [{ index: 1, score: expect.any(Number) }] },
        usage: { characters: 9 },
        rawUsage: { characters: 9 },
        returnedModel: 'bm25-rank-1',
        providerRequestId: null,
      },
    });
    const long = await submit({ ...calls.language, text: 'This is the text. '.repeat(1_000) });
    expect(long).toMatchObject({ reply: { usage: { characters: 10_000 } } });
  });

  test('embeds into 256 dimensions unless asked', async () => {
    for (const [dimensions, length] of [
      [undefined, 256],
      [64, 64],
      [1024, 1024],
    ] as const) {
      const outcome = await submit({
        ...calls.embed,
        ...(dimensions !== undefined && { dimensions }),
      });
      if (outcome.kind !== 'done' || outcome.reply.result.kind !== 'embed')
        throw new Error('not done');
      expect(outcome.reply.result.vectors.map((vector) => vector.length)).toEqual([length, length]);
    }
  });

  test('says at once that it holds no connection', async () => {
    const onHeaders = vi.fn<() => void>();
    await builtin.submitJob(calls.embed, {
      ...contextWith(new AbortController().signal),
      onHeaders,
    });
    expect(onHeaders).toHaveBeenCalledOnce();
  });
});

describe('a call that cannot be carried out', () => {
  test.each<[string, ModelCall]>([
    ['an unknown model', { ...calls.embed, model: 'hashed-embedding-9' }],
    ['a name of the language', { ...calls.embed, model: 'constructor' }],
  ])('%s: no such model', async (_, call) => {
    expect(await submit(call)).toMatchObject({
      kind: 'failed',
      failure: { class: 'not_found_model', phase: 'rejected', status: 404, code: 'unknown_model' },
    });
  });

  test.each<[string, ModelCall, string[]]>([
    ['a model of another kind', { ...calls.embed, model: 'bm25-rank-1' }, []],
    ['empty text', { ...calls.summarize, text: ' \n' }, ['/text']],
    ['no sentences wanted', { ...calls.summarize, maxSentences: 0 }, ['/max_sentences']],
    ['too many sentences wanted', { ...calls.summarize, maxSentences: 201 }, ['/max_sentences']],
    ['a broken number', { ...calls.summarize, maxSentences: Number.NaN }, ['/max_sentences']],
    ['no texts', { ...calls.embed, texts: [] }, ['/texts']],
    [
      'empty texts among others',
      { ...calls.embed, texts: ['', 'a', ' '] },
      ['/texts/0', '/texts/2'],
    ],
    [
      'too many texts',
      { ...calls.embed, texts: Array.from({ length: 1_001 }, () => 'a') },
      ['/texts'],
    ],
    ['too few dimensions', { ...calls.embed, dimensions: 63 }, ['/dimensions']],
    ['too many dimensions', { ...calls.embed, dimensions: 1025 }, ['/dimensions']],
    ['half a dimension', { ...calls.embed, dimensions: 100.5 }, ['/dimensions']],
    ['no documents', { ...calls.rerank, documents: [] }, ['/documents']],
    [
      'an empty query and no answers',
      { ...calls.rerank, query: '', topN: 0 },
      ['/query', '/top_n'],
    ],
    ['no labels', { ...calls.topics, labels: [] }, ['/labels']],
    ['an empty label', { ...calls.topics, labels: [{ label: '' }] }, ['/labels/0/label']],
    ['a label twice', { ...calls.topics, labels: [{ label: 'a' }, { label: 'a' }] }, ['/labels']],
    [
      'labels for a model that has its own',
      { ...calls.language, labels: [{ label: 'en' }] },
      ['/labels'],
    ],
  ])('%s: invalid request', async (_, call, pointers) => {
    const outcome = await submit(call);
    if (outcome.kind !== 'failed') throw new Error('it was done');
    expect(outcome.failure).toMatchObject({
      class: 'invalid_request',
      phase: 'rejected',
      status: 400,
    });
    expect((outcome.failure.violations ?? []).map(({ pointer }) => pointer).toSorted()).toEqual(
      pointers,
    );
  });

  test('a text over the limit is too long, and its words do not appear in the failure', async () => {
    const outcome = await submit({ ...calls.summarize, text: 'secret '.repeat(200_000) });
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: { class: 'context_length', status: 413 },
    });
    expect(JSON.stringify(outcome)).not.toContain('secret');
  });

  test.each([
    ['cancel', 'cancelled'],
    [new Error('cancel'), 'cancelled'],
    ['deadline', 'timeout'],
    [new DOMException('late', 'TimeoutError'), 'timeout'],
  ])('a signal aborted by %s: %s', async (reason, expected) => {
    const outcome = await builtin.submitJob(calls.embed, contextWith(AbortSignal.abort(reason)));
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: { class: expected, phase: 'not_sent' },
    });
  });

  test('a thrown bug becomes an internal failure', async () => {
    const broken = {
      ...contextWith(new AbortController().signal),
      onHeaders: () => {
        throw new TypeError('a bug');
      },
    };
    expect(await builtin.submitJob(calls.embed, broken)).toMatchObject({
      kind: 'failed',
      failure: { class: 'internal', phase: 'not_sent', code: 'TypeError' },
    });
  });

  test('no call at all makes it throw', async () => {
    const anything = fc.anything();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.values(calls)),
        fc.dictionary(
          fc.constantFrom('model', 'text', 'texts', 'labels', 'query', 'documents', 'topN'),
          anything,
        ),
        async (call, changes) => {
          const outcome = await submit({ ...call, ...changes });
          expect(['done', 'failed']).toContain(outcome.kind);
        },
      ),
    );
  });
});

describe('a reply', () => {
  test.each([
    ['no body', null],
    ['another kind', { model: 'hashed-embedding-1', result: { kind: 'rerank', results: [] } }],
    ['a broken vector', { result: { kind: 'embed', vectors: [[1, 'x']] } }],
    ['no vectors', { result: { kind: 'embed' } }],
  ])('with %s is a provider error', (_, body) => {
    expect(builtin.normalizeOutput({ status: 200, headers: {}, body }, calls.embed)).toMatchObject({
      kind: 'failed',
      failure: { class: 'provider_internal', phase: 'finished' },
    });
  });

  test('with an unknown error is a provider error', () => {
    expect(
      builtin.classifyError({ kind: 'reply', reply: { status: 500, headers: {}, body: 'what?' } }),
    ).toMatchObject({ class: 'provider_internal' });
  });
});

test('every model of the table answers its kind and says what it is', () => {
  const names = Object.values(calls).map(({ model }) => model);
  expect(Object.keys(builtinModels).toSorted()).toEqual(names.toSorted());
  for (const { kind, description, weakness } of Object.values(builtinModels)) {
    expect(builtin.capabilities.kinds).toContain(kind);
    for (const sentence of [description, weakness]) expect(sentence).toMatch(/^[A-Z].*[^.]\.$/);
  }
  expect(builtin.capabilities.local).toBe(true);
});
