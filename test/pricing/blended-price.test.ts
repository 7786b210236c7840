import { expect, test } from 'vitest';

import { blendedNanoUsdPerMTok } from '../../src/pricing/blended-price.ts';

const NOW_MS = Date.parse('2026-11-22T00:00:00Z');
const priceOf = (provider: string, model: string) =>
  blendedNanoUsdPerMTok({ provider, model }, NOW_MS);

test.each([
  // (3 × 0.15 + 0.60) / 4 dollars
  ['openai', 'gpt-4o-mini', 262_500_000],
  ['openai', 'omni-moderation-latest', 0],
  // Vectors: what is read.
  ['openai', 'text-embedding-3-small', 20_000_000],
])('%s/%s', (provider, model, nanoUsd) => {
  expect(priceOf(provider, model)).toBe(nanoUsd);
});

test('a model without a price by tokens has none', () => {
  expect(priceOf('openai', 'gpt-99')).toBeNull();
  expect(priceOf('groq', 'whisper-large-v3')).toBeNull();
  expect(priceOf('nobody', 'gpt-4o-mini')).toBeNull();
});
