import type { Target } from '../domain/job/attempt.ts';
import type { ProjectPrice } from '../domain/model/price.ts';
import { add, nanoUsdOf, scale, type Fraction } from './fraction.ts';
import { listedCard } from './listed-prices.ts';
import { ownCard } from './own-prices.ts';
import { projectCard } from './project-card.ts';
import type { Rate, RateCard } from './rate-card.ts';

/** Of four tokens three are read and one is written: about what questions over documents come to. */
const READ = 3;
const WRITTEN = 1;
const MILLION = 1_000_000;

/**
 * The list price of a million tokens, three read to one written, in nano-dollars: one number to compare models by. Null
 * for a model that is not priced by tokens, or not priced at all. Prices of projects, of batches and of long prompts
 * do not enter it.
 */
export function blendedNanoUsdPerMTok({ provider, model }: Target, nowMs: number): number | null {
  const card =
    ownCard(provider, model, { nowMs, isPlain: true }) ?? listedCard(provider, model, nowMs);
  return card === null ? null : blendOf(card);
}

/**
 * The same by a project's own prices: undefined where none of them is about the model, null where one is and does not
 * say what tokens cost.
 */
export function ownBlendedNanoUsdPerMTok(
  prices: readonly ProjectPrice[],
  { provider, model }: Target,
  nowMs: number,
): number | null | undefined {
  const card = projectCard(prices, { provider, model, execution: 'standard', nowMs });
  return card === null ? undefined : blendOf(card);
}

function blendOf({ rates, free }: RateCard): number | null {
  if (free === true) return 0;
  const { inputTokens, outputTokens } = rates;
  if (inputTokens === undefined) return null;
  // A model that writes nothing, as for vectors, is compared by what it reads.
  const written = outputTokens === undefined ? inputTokens : outputTokens;
  const sum = add(priceOf(inputTokens, READ * MILLION), priceOf(written, WRITTEN * MILLION));
  return nanoUsdOf(scale(sum, 1, READ + WRITTEN));
}

function priceOf({ usd, per }: Rate, tokens: number): Fraction {
  return scale(usd, tokens, per);
}
