import { calcPrice } from '@pydantic/genai-prices';

import type { NanoUsd } from '../domain/money.ts';
import type { Usage } from '../domain/usage.ts';

/** Names the price data that a cost was computed with; stored with every attempt. */
const BUNDLED_PRICES = 'genai-prices/0.1.8';
const NANO = 1_000_000_000;

export type Price = { readonly costNanoUsd: NanoUsd | null; readonly priceVersion: string };

export type PricedCall = {
  readonly provider: string;
  readonly model: string;
  /** True for models that run inside the Worker: they cost nothing. */
  readonly local: boolean;
  /** Null when it is not known what was used: the call's cost is unknown. */
  readonly usage: Usage | null;
};

/**
 * What a model call costs by list price, in whole nano-dollars. Unknown is null, never 0: an unknown model, a
 * call without usage, and a model whose price is in a unit that the usage does not have.
 */
export function priceCall(call: PricedCall, nowMs: number): Price {
  if (call.local) return { costNanoUsd: 0, priceVersion: 'builtin' };
  const usd = call.usage === null ? null : listPriceUsd(call, call.usage, nowMs);
  return {
    costNanoUsd: usd === null ? null : Math.round(usd * NANO),
    priceVersion: BUNDLED_PRICES,
  };
}

function listPriceUsd({ provider, model }: PricedCall, usage: Usage, nowMs: number): number | null {
  const tokens = tokensOf(usage);
  if (tokens.input_tokens + tokens.output_tokens === 0) return null;
  const price = calcPrice(tokens, model, { providerId: provider, timestamp: new Date(nowMs) });
  if (price === null) return null;
  // A model that is priced by the hour gives 0 for tokens: that is "unknown", not "free".
  const pricedByToken = Object.keys(price.model_price).some((unit) => unit.endsWith('_mtok'));
  return pricedByToken ? price.total_price : null;
}

/** Our disjoint buckets as the overlapping ones of the price data: totals that include their parts. */
function tokensOf(usage: Usage) {
  const { inputTokens = 0, cacheReadTokens = 0, cacheWriteTokens = 0 } = usage;
  const { outputTokens = 0, reasoningTokens = 0 } = usage;
  return {
    input_tokens: inputTokens + cacheReadTokens + cacheWriteTokens,
    cache_read_tokens: cacheReadTokens,
    cache_write_tokens: cacheWriteTokens,
    output_tokens: outputTokens + reasoningTokens,
  };
}
