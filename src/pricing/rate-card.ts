import type { NanoUsd } from '../domain/money.ts';
import { isPriceUnit, priceUnits, type UnitPrices } from '../domain/model/price.ts';
import { usageFields, type Usage } from '../domain/model/usage.ts';
import { add, fractionOf, nanoUsdOf, scale, ZERO, type Fraction } from './fraction.ts';

export type Bucket = keyof Usage;

/** What a bucket costs: `usd` for every `per` of it. */
export type Rate = {
  readonly usd: Fraction;
  readonly per: number;
  /** Another price for the whole bucket when the prompt has more than `promptTokens`; ascending. */
  readonly tiers?: readonly { readonly promptTokens: number; readonly usd: Fraction }[];
  /** What is charged at the least, in the bucket's own unit. */
  readonly minimum?: number;
};

/** The prices of one model at one moment, and the table they come from. */
export type RateCard = {
  readonly version: string;
  readonly rates: Readonly<Partial<Record<Bucket, Rate>>>;
  /**
   * Kinds of input that have a price of their own in a cache. What is read from a cache is one bucket, so that beside
   * them nobody knows what it was.
   */
  readonly ownCaches?: readonly Bucket[];
  /** True for a model that costs nothing whatever it is asked. */
  readonly free?: boolean;
};

/**
 * What a usage costs, rounded once. Null when any of it has no price: a sum of the rest would look like the whole.
 * Null, too, when nothing is said to have been used, or something that is no count.
 */
export function billNanoUsd(card: RateCard, usage: Usage): NanoUsd | null {
  if (card.free === true) return 0;
  const used = usageFields.filter((bucket) => (usage[bucket] ?? 0) !== 0);
  if (used.length === 0 || isMixedCache(card, used)) return null;
  let sum = ZERO;
  for (const bucket of used) {
    const amount = usage[bucket] ?? 0;
    if (!Number.isSafeInteger(amount) || amount < 0) return null;
    const rate = card.rates[bucket];
    if (rate !== undefined) sum = add(sum, costOf(rate, amount, usage));
    else if (!isChargedOtherwise(bucket, usage, card.rates)) return null;
  }
  return nanoUsdOf(sum);
}

function isMixedCache({ ownCaches = [] }: RateCard, used: readonly Bucket[]): boolean {
  return used.includes('cacheReadTokens') && used.some((bucket) => ownCaches.includes(bucket));
}

function costOf(
  { usd, per, tiers = [], minimum = 0 }: Rate,
  amount: number,
  usage: Usage,
): Fraction {
  const prompt = promptTokens(usage);
  const tier = tiers.findLast(({ promptTokens: start }) => prompt > start);
  return scale(tier?.usd ?? usd, Math.max(amount, minimum), per);
}

/** Everything that a provider counts as input when it asks how long a prompt is. */
function promptTokens(usage: Usage): number {
  const { inputTokens = 0, audioInputTokens = 0, imageInputTokens = 0 } = usage;
  const { cacheReadTokens = 0, cacheWriteTokens = 0, cacheWriteHourTokens = 0 } = usage;
  const cache = cacheReadTokens + cacheWriteTokens + cacheWriteHourTokens;
  return inputTokens + audioInputTokens + imageInputTokens + cache;
}

/**
 * The same work is counted in several ways and charged in one: an image by its tokens, by the piece or by the time that
 * it took, sound by its tokens, its length or that time. What the price is stated for counts; the others are measures.
 */
function isChargedOtherwise(bucket: Bucket, usage: Usage, rates: RateCard['rates']): boolean {
  return (otherMeasures[bucket] ?? []).some(
    (other) => (usage[other] ?? 0) > 0 && rates[other] !== undefined,
  );
}

const otherMeasures: Readonly<Partial<Record<Bucket, readonly Bucket[]>>> = {
  images: ['imageOutputTokens', 'computeMs'],
  audioMs: ['audioInputTokens', 'computeMs'],
  computeMs: ['images', 'audioMs', 'outputTokens'],
};

/** Prices by unit as rates by bucket. Reasoning is output unless it has a price of its own. */
export function ratesOf(prices: UnitPrices): Partial<Record<Bucket, Rate>> {
  const rates: Partial<Record<Bucket, Rate>> = {};
  for (const [unit, text] of Object.entries(prices)) {
    const usd = text === undefined ? null : fractionOf(text);
    if (!isPriceUnit(unit) || usd === null) continue;
    const { bucket, per } = priceUnits[unit];
    rates[bucket] = { usd, per };
  }
  const reasoning = rates.reasoningTokens ?? rates.outputTokens;
  return reasoning === undefined ? rates : { ...rates, reasoningTokens: reasoning };
}
