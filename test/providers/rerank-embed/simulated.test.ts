import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import { startSimulator, type Simulator } from '../../support/simulator/simulator.ts';
import { basePathOf } from '../../support/simulator/wire-dialect.ts';
import { contextOf } from '../calling.ts';
import {
  classifyCall,
  embedCall,
  makeVendor,
  rerankCall,
  vendorIds,
  type VendorId,
} from './support.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
beforeEach(() => simulator.reset());
afterAll(() => simulator.close());

function submit(id: VendorId, call: ModelCall) {
  return makeVendor(id, fetch, `${simulator.url}${basePathOf[id]}`).submitJob(call, contextOf());
}

describe.each(vendorIds)('%s', (id) => {
  test('embeds: every text has its vector, of the wanted length', async () => {
    const call = { ...embedCall, dimensions: 32, inputType: 'query' } as ModelCall;
    const outcome = await submit(id, call);
    expect(outcome).toMatchObject({ kind: 'done', reply: { usage: { inputTokens: 2 } } });
    const result = outcome.kind === 'done' ? outcome.reply.result : null;
    const lengths = result?.kind === 'embed' ? result.vectors.map(({ length }) => length) : [];
    expect(lengths).toEqual([32, 32]);
  });

  test('ranks: the document with the words of the query is first', async () => {
    const call = { ...rerankCall, query: 'an apple' } as ModelCall;
    expect(await submit(id, call)).toMatchObject({
      kind: 'done',
      reply: {
        result: { results: [{ index: 1, score: 1 }, { score: expect.any(Number) }] },
        usage: id === 'cohere' ? { searchUnits: 1 } : { inputTokens: 12 },
      },
    });
  });

  test.each([
    [
      { status: 429, retry_after: 2 },
      { class: 'rate_limited', retryAfterMs: 2_000 },
    ],
    [{ status: 503 }, { class: 'overloaded', phase: 'unknown' }],
    [{ not_json: true }, { class: 'provider_internal', status: 502 }],
    [{ malformed: 'truncated' }, { class: 'provider_internal', phase: 'unknown' }],
    [{ drop: 'mid_body' }, { class: 'network', phase: 'unknown' }],
    [{ drop: 'after_request' }, { class: 'network', phase: 'unknown' }],
  ] as const)('%j', async (fault, failure) => {
    simulator.script({ fault });
    expect(await submit(id, embedCall)).toMatchObject({ kind: 'failed', failure });
    await simulator.idle();
    expect(simulator.stats().requests).toBe(1);
  });

  test('an error is told in its own words', async () => {
    simulator.script({ fault: { status: 422, message: 'input is wrong' } });
    expect(await submit(id, embedCall)).toMatchObject({
      failure: { class: 'invalid_request', detail: { message: 'input is wrong' } },
    });
  });
});

test('jina classifies', async () => {
  const call = { ...classifyCall, text: 'payments and invoices' } as ModelCall;
  expect(await submit('jina', call)).toMatchObject({
    reply: { result: { labels: [{ label: 'billing', score: 1 }] } },
  });
});
