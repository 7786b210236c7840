import { describe, expect, test } from 'vitest';

import type { ProjectPrice } from '../../src/domain/model/price.ts';
import type { Usage } from '../../src/domain/model/usage.ts';
import { priceCall, type PricedCall } from '../../src/pricing/price-call.ts';

const now = Date.parse('2026-11-22T12:00:00Z');

function price(call: Partial<PricedCall> & { readonly usage: Usage | null }) {
  return priceCall({ provider: 'openai', model: 'gpt-4o-mini', local: false, ...call }, now);
}

const some = { inputTokens: 1_000, outputTokens: 100 };

describe('a cost is unknown, and not 0 or a part of it,', () => {
  test.each<[string, Partial<PricedCall> & { readonly usage: Usage | null }]>([
    ['for an unknown model', { model: 'no-such-model', usage: some }],
    ['for an unknown provider', { provider: 'nobody', usage: some }],
    ['for a name that objects have', { provider: 'constructor', usage: some }],
    ['for a server of one’s own', { provider: 'vllm', usage: some }],
    [
      'for a deployment with a name of its own',
      { provider: 'azure-openai', model: 'prod', usage: some },
    ],
    [
      'for a deployment whose name only holds a model’s',
      { provider: 'azure-openai', model: 'my-o4-mini-eu', usage: some },
    ],
    [
      'for a next version that begins like a known one',
      { provider: 'anthropic', model: 'claude-sonnet-5-9', usage: some },
    ],
    ['without usage', { usage: null }],
    ['with an empty usage', { usage: {} }],
    ['with a usage of zeros', { usage: { inputTokens: 0, outputTokens: 0 } }],
    ['for sound at a model with a price of text', { usage: { ...some, audioInputTokens: 9 } }],
    [
      'for sound at a model whose list forgets it',
      { model: 'gpt-4o-audio-preview', usage: { audioInputTokens: 9 } },
    ],
    ['for spoken output without a price', { usage: { ...some, audioOutputTokens: 1 } }],
    [
      'for images at a price of tokens',
      { model: 'gpt-image-1', usage: { inputTokens: 50, images: 1 } },
    ],
    ['for text out of an image model', { model: 'gpt-image-1', usage: { outputTokens: 5 } }],
    ['for a length of sound at a price of tokens', { usage: { ...some, audioMs: 1_000 } }],
    ['for tokens at a price of lengths', { model: 'whisper-1', usage: some }],
    [
      'for a cache of an hour without a price',
      { provider: 'google', model: 'gemini-2.5-pro', usage: { ...some, cacheWriteHourTokens: 7 } },
    ],
    [
      'for a cache that has no price',
      { provider: 'groq', model: 'llama-3.1-8b-instant', usage: { ...some, cacheReadTokens: 7 } },
    ],
    [
      'for a cache of which nobody knows whether it held sound',
      {
        provider: 'google',
        model: 'gemini-2.5-flash',
        usage: { audioInputTokens: 5, cacheReadTokens: 5 },
      },
    ],
    ['for output of a model that only reads', { model: 'text-embedding-3-small', usage: some }],
    [
      'for hardware by the second',
      { provider: 'replicate', model: 'owner/model', usage: { computeMs: 800 } },
    ],
    ['for negative usage', { usage: { inputTokens: -5 } }],
    ['for usage that is no count', { usage: { inputTokens: 0.5 } }],
    ['for usage that is no number', { usage: { inputTokens: Number.NaN } }],
    ['beyond what a number holds', { usage: { inputTokens: Number.MAX_SAFE_INTEGER } }],
    ['for a model that searches by itself', { model: 'gpt-4o-mini-search-preview', usage: some }],
    ['in another service tier', { usage: some, extent: 'special' }],
    [
      'with extras at a charge',
      { provider: 'assemblyai', model: 'universal-2', usage: { audioMs: 1_000 }, extent: 'extras' },
    ],
    [
      'in a batch of a provider that says nothing of batches',
      {
        provider: 'workers-ai',
        model: '@cf/baai/bge-m3',
        usage: { inputTokens: 5 },
        execution: 'batch',
      },
    ],
    [
      'for cached input in a batch of which nothing is said',
      {
        provider: 'google',
        model: 'gemini-2.5-pro',
        usage: { ...some, cacheReadTokens: 5 },
        execution: 'batch',
      },
    ],
    ['when the project’s prices could not be read', { usage: some, projectPrices: null }],
  ])('%s', (_when, call) => {
    expect(price(call).costNanoUsd).toBeNull();
  });
});

describe('a cost of 0 is one that somebody states', () => {
  test('moderation by OpenAI is free, whatever is said of its usage', () => {
    const call = { model: 'omni-moderation-latest', usage: {} };
    expect(price(call)).toEqual({ costNanoUsd: 0, priceVersion: 'own/2026-11-22' });
    expect(price({ ...call, usage: null }).costNanoUsd).toBe(0);
  });

  test('models inside the Worker are free', () => {
    const local = price({ provider: 'builtin', model: 'x', local: true, usage: null });
    expect(local).toEqual({ costNanoUsd: 0, priceVersion: 'builtin' });
  });

  test('a model whose list has no prices at all is not', () => {
    expect(price({ model: 'text-moderation-stable', usage: some }).costNanoUsd).toBeNull();
  });
});

describe('what covers more than it says', () => {
  test.each<[string, string, Usage, number]>([
    // "$0.30 (text / image / video)", "$1.00 (audio)": 10 × 300 + 10 × 1,000.
    ['gemini-2.5-flash', 'image', { imageInputTokens: 10, audioInputTokens: 10 }, 13_000],
    // "$1.25, prompts <= 200k tokens", for all of them.
    ['gemini-2.5-pro', 'sound', { audioInputTokens: 10 }, 12_500],
  ])('%s: %s', (model, _what, usage, nanoUsd) => {
    expect(price({ provider: 'google', model, usage }).costNanoUsd).toBe(nanoUsd);
  });

  test('an image model’s output is its image: $40 for a million tokens', () => {
    const usage = { imageOutputTokens: 1_056, images: 1 };
    expect(price({ model: 'gpt-image-1', usage }).costNanoUsd).toBe(1_056 * 40_000);
  });
});

const agreed: ProjectPrice = {
  id: 'prc_1',
  provider: 'openai',
  model: 'gpt-4o-mini',
  execution: 'standard',
  prices: { million_input_tokens: '0.10', million_output_tokens: '0.40' },
  effectiveFromMs: now - 1_000,
  effectiveToMs: null,
  createdAtMs: now,
  createdBy: 'key_1',
};

function versionOf(...projectPrices: ProjectPrice[]): string {
  return price({ usage: some, projectPrices }).priceVersion;
}

describe('a project’s own price', () => {
  test('holds instead of the list and of what the provider reports, and is named', () => {
    // 1,000 × 100 + 100 × 400; reasoning is output.
    const usage = { inputTokens: 1_000, outputTokens: 60, reasoningTokens: 40 };
    const call = { usage, projectPrices: [agreed], reportedCostNanoUsd: 5 };
    expect(price(call)).toEqual({ costNanoUsd: 140_000, priceVersion: 'project/prc_1' });
  });

  test('holds in its time: from the first moment on, and no longer at the last', () => {
    const ended = { ...agreed, effectiveToMs: now };
    const starts = { ...agreed, effectiveFromMs: now };
    expect(price({ usage: some, projectPrices: [ended] }).priceVersion).toBe('genai-prices/0.1.8');
    expect(price({ usage: some, projectPrices: [starts] }).priceVersion).toBe('project/prc_1');
  });

  test('leaves a cost unknown where it names no price, and lends none from the list', () => {
    const usage = { ...some, cacheReadTokens: 10 };
    expect(price({ usage, projectPrices: [agreed] })).toEqual({
      costNanoUsd: null,
      priceVersion: 'project/prc_1',
    });
  });

  test('may be nothing', () => {
    const free = { ...agreed, prices: { million_input_tokens: '0' } };
    expect(price({ usage: { inputTokens: 5 }, projectPrices: [free] }).costNanoUsd).toBe(0);
  });

  test('of several the one that spells out most holds', () => {
    const wide = { ...agreed, id: 'prc_2', model: 'gpt-*' };
    const wider = { ...agreed, id: 'prc_3', model: '*' };
    const others = { ...agreed, id: 'prc_4', provider: 'groq' };
    expect(versionOf(wider, wide, agreed, others)).toBe('project/prc_1');
    expect(versionOf(wider, wide, others)).toBe('project/prc_2');
    expect(versionOf(wider, others)).toBe('project/prc_3');
    expect(versionOf(others)).toBe('genai-prices/0.1.8');
  });

  test('says nothing of batches, which then have none; one for batches does', () => {
    const batch = { ...agreed, id: 'prc_5', execution: 'batch' as const };
    const inBatch = { usage: some, execution: 'batch' as const };
    expect(price({ ...inBatch, projectPrices: [agreed] })).toEqual({
      costNanoUsd: null,
      priceVersion: 'project/prc_1',
    });
    expect(price({ ...inBatch, projectPrices: [agreed, batch] }).priceVersion).toBe(
      'project/prc_5',
    );
  });

  test('for an image by the piece or by the time: the other one is a measure, and not missing', () => {
    const usage = { images: 2, computeMs: 3_000 };
    const own = { ...agreed, provider: 'replicate' };
    const costBy = (prices: ProjectPrice['prices']) =>
      price({ provider: 'replicate', usage, projectPrices: [{ ...own, prices }] }).costNanoUsd;
    expect(costBy({ image: '0.003' })).toBe(6_000_000);
    expect(costBy({ compute_second: '0.001' })).toBe(3_000_000);
    // Who states both pays both.
    expect(costBy({ image: '0.003', compute_second: '0.001' })).toBe(9_000_000);
    expect(costBy({ search_unit: '1' })).toBeNull();
  });

  test('by the minute, the second, the image and the search unit', () => {
    const prices = {
      audio_minute: '0.0043',
      compute_second: '0.000225',
      image: '0.04',
      search_unit: '0.002',
    };
    const usage = { audioMs: 61_000, computeMs: 2_400, images: 2, searchUnits: 3 };
    // $0.0043 × 61 / 60 = $0.0043716666…, $0.000225 × 2.4 = $0.00054, $0.08, $0.006.
    const call = {
      provider: 'deepgram',
      usage,
      projectPrices: [{ ...agreed, provider: 'deepgram', prices }],
    };
    expect(price(call).costNanoUsd).toBe(4_371_667 + 540_000 + 80_000_000 + 6_000_000);
  });
});
