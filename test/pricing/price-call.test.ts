import { describe, expect, test } from 'vitest';

import { priceCall } from '../../src/pricing/price-call.ts';

const now = Date.parse('2026-11-22T00:00:00Z');

function cost(provider: string, model: string, usage: Parameters<typeof priceCall>[0]['usage']) {
  return priceCall({ provider, model, local: false, usage }, now).costNanoUsd;
}

describe('the price of a call', () => {
  test('is tokens times list price, exact to the nano-dollar', () => {
    // gpt-4o-mini: $0.15 a million in, $0.60 a million out: 1,000 × 150 + 100 × 600 nano-dollars.
    expect(cost('openai', 'gpt-4o-mini', { inputTokens: 1_000, outputTokens: 100 })).toBe(210_000);
  });

  test('charges cached input by its own price, once', () => {
    // gpt-4o-mini: cached input $0.075 a million: 600 × 150 + 400 × 75.
    expect(cost('openai', 'gpt-4o-mini', { inputTokens: 600, cacheReadTokens: 400 })).toBe(120_000);
  });

  test('charges reasoning as output', () => {
    const together = cost('openai', 'gpt-4o-mini', { outputTokens: 100, reasoningTokens: 50 });
    expect(together).toBe(cost('openai', 'gpt-4o-mini', { outputTokens: 150 }));
  });

  test.each([
    ['an unknown model', 'openai', 'no-such-model'],
    ['an unknown provider', 'nobody', 'gpt-4o-mini'],
    ['a model that is priced by the hour', 'openai', 'whisper-1'],
  ])('is unknown, not 0, for %s', (_what, provider, model) => {
    expect(cost(provider, model, { inputTokens: 1_000 })).toBeNull();
  });

  test('is unknown when nobody said what was used', () => {
    expect(cost('openai', 'gpt-4o-mini', null)).toBeNull();
    expect(cost('openai', 'gpt-4o-mini', {})).toBeNull();
  });

  test('is 0 for models that run inside the Worker', () => {
    const price = priceCall({ provider: 'builtin', model: 'x', local: true, usage: null }, now);
    expect(price.costNanoUsd).toBe(0);
  });
});
