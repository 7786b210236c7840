import { scale } from './fraction.ts';
import type { Bucket, Rate, RateCard } from './rate-card.ts';

const tokens = ['inputTokens', 'outputTokens', 'reasoningTokens'] as const;
const caches = ['cacheReadTokens', 'cacheWriteTokens', 'cacheWriteHourTokens'] as const;

/**
 * What of a call costs half in a batch, by its provider's word. What is not named has no known price in a batch.
 * Anthropic: "50% of the standard API prices", caches included (https://platform.claude.com/docs/en/about-claude/pricing).
 * OpenAI: half of input and output; the caches of GPT-5 and later are half as well, of older models nothing is said
 * (https://developers.openai.com/api/docs/pricing). Google: "50% cost reduction"; of caches in batches nothing is
 * said (https://ai.google.dev/gemini-api/docs/pricing). Read on 2026-11-22.
 */
function halved(provider: string, model: string): readonly Bucket[] {
  switch (provider) {
    case 'anthropic':
      return [...tokens, ...caches];
    case 'openai':
      return /^gpt-[5-9]/.test(model) ? [...tokens, ...caches] : tokens;
    case 'google':
      return [...tokens, 'audioInputTokens', 'imageInputTokens'];
    default:
      return [];
  }
}

/** The prices of a list in a batch. */
export function batchCard(card: RateCard, provider: string, model: string): RateCard {
  const rates: Partial<Record<Bucket, Rate>> = {};
  for (const bucket of halved(provider, model)) {
    const rate = card.rates[bucket];
    if (rate !== undefined) rates[bucket] = half(rate);
  }
  return { ...card, rates };
}

function half({ usd, tiers, ...rate }: Rate): Rate {
  return {
    ...rate,
    usd: scale(usd, 1, 2),
    ...(tiers === undefined
      ? {}
      : { tiers: tiers.map((tier) => ({ ...tier, usd: scale(tier.usd, 1, 2) })) }),
  };
}
