import { calcPrice, type ModelPrice } from '@pydantic/genai-prices';

import { usageFields } from '../domain/model/usage.ts';
import { fractionOf } from './fraction.ts';
import { isSameModel } from './listed-model.ts';
import type { Bucket, Rate, RateCard } from './rate-card.ts';

/** Names the bundled price data; stored with every attempt that is priced by it. */
export const LISTED_VERSION = 'genai-prices/0.1.8';

/**
 * Our provider ids by those of the price data. A provider that is not here has no list price: it runs on hardware of
 * one's own, charges in ways that the data does not know, or passes calls on at a price of its own.
 */
const listedIds: Readonly<Record<string, string>> = {
  openai: 'openai',
  anthropic: 'anthropic',
  google: 'google',
  'workers-ai': 'cloudflare',
  groq: 'groq',
  together: 'together',
  openrouter: 'openrouter',
  mistral: 'mistral',
  'azure-openai': 'azure',
  cohere: 'cohere',
  voyage: 'voyageai',
};

/**
 * The list prices of a model, by the price data's own names of its units. Where it has no price for a part, neither
 * do we: it would fall back to the price of the whole, which is wrong for sound and for caches of an hour.
 */
const keysOf: Readonly<Partial<Record<Bucket, readonly string[]>>> = {
  inputTokens: ['input_text_mtok', 'input_mtok'],
  cacheReadTokens: ['cache_text_read_mtok', 'cache_read_mtok'],
  cacheWriteTokens: ['cache_write_5m_mtok', 'cache_write_mtok'],
  cacheWriteHourTokens: ['cache_write_1h_mtok'],
  audioInputTokens: ['input_audio_mtok'],
  imageInputTokens: ['input_image_mtok'],
  outputTokens: ['output_text_mtok', 'output_mtok'],
  reasoningTokens: ['output_reasoning_mtok', 'output_text_mtok', 'output_mtok'],
  audioOutputTokens: ['output_audio_mtok'],
  imageOutputTokens: ['output_image_mtok'],
};

const HOUR_MS = 3_600_000;

export function listedCard(provider: string, model: string, nowMs: number): RateCard | null {
  const providerId = Object.hasOwn(listedIds, provider) ? listedIds[provider] : undefined;
  if (providerId === undefined) return null;
  const found = calcPrice({}, model, { providerId, timestamp: new Date(nowMs) });
  // A deployment at Azure has any name, so that only a model's own name says what it is.
  const exactly = provider === 'azure-openai';
  if (found === null || !isSameModel(found.model, model, exactly)) return null;
  const searches = searchingModels.test(model.toLowerCase());
  const rates = searches ? {} : ratesOf(provider, found.model.id, found.model_price);
  return { version: LISTED_VERSION, rates, ownCaches: ownCachesOf(found.model_price) };
}

function ownCachesOf(price: ModelPrice): Bucket[] {
  return [
    ...(price['cache_audio_read_mtok'] === undefined ? [] : ['audioInputTokens' as const]),
    ...(price['cache_image_read_mtok'] === undefined ? [] : ['imageInputTokens' as const]),
  ];
}

function ratesOf(provider: string, id: string, price: ModelPrice): RateCard['rates'] {
  // A charge for the mere request is in no bucket of ours.
  if (price['requests_kcount'] !== undefined) return {};
  const rates: Partial<Record<Bucket, Rate>> = {};
  for (const bucket of usageFields) {
    const rate = rateOf(price, keysOf[bucket] ?? [], 1_000_000);
    if (rate !== null) rates[bucket] = rate;
  }
  const sound = rateOf(price, ['input_audio_hours'], HOUR_MS);
  if (sound !== null) rates.audioMs = sound;
  return withShared(provider, id, rates);
}

/**
 * Prices that cover more than the data says they do. Google states one price for "text / image / video", and for the
 * models below one for every kind of input (https://ai.google.dev/gemini-api/docs/pricing, as of 2026-09-20). What
 * the data calls the output of OpenAI's image models is the price of their images; of their text it knows none
 * (https://developers.openai.com/api/docs/pricing).
 */
function withShared(provider: string, id: string, rates: RateCard['rates']): RateCard['rates'] {
  if (provider === 'google' && id.startsWith('gemini-')) return withGoogleInput(id, rates);
  const { outputTokens, reasoningTokens: _text, ...others } = rates;
  const isImageModel = ['openai', 'azure-openai'].includes(provider) && id.startsWith('gpt-image-');
  if (!isImageModel || others.imageOutputTokens !== undefined || outputTokens === undefined)
    return rates;
  return { ...others, imageOutputTokens: outputTokens };
}

function withGoogleInput(id: string, rates: RateCard['rates']): RateCard['rates'] {
  const { inputTokens } = rates;
  if (inputTokens === undefined) return rates;
  return {
    imageInputTokens: inputTokens,
    ...(onePriceModels.test(id) ? { audioInputTokens: inputTokens } : {}),
    ...rates,
  };
}

/** They are charged for every search that they make by themselves, which is in no bucket of ours. */
const searchingModels = /-search-preview|-deep-research/;

const onePriceModels =
  /^gemini-(?:2\.5-pro|3-pro-preview|3\.1-pro-preview|3\.5-flash|3\.5-flash-lite|3\.8-flash)$/;

function rateOf(price: ModelPrice, keys: readonly string[], per: number): Rate | null {
  const key = keys.find((name) => price[name] !== undefined);
  const stated = key === undefined ? undefined : price[key];
  if (stated === undefined) return null;
  if (typeof stated === 'number') {
    const usd = fractionOf(String(stated));
    return usd === null ? null : { usd, per };
  }
  const usd = fractionOf(String(stated.base));
  const tiers = stated.tiers.map(({ start, price: higher }) => ({
    promptTokens: start,
    usd: fractionOf(String(higher)),
  }));
  const read = tiers.flatMap((tier) => (tier.usd === null ? [] : [{ ...tier, usd: tier.usd }]));
  if (usd === null || read.length < tiers.length) return null;
  return { usd, per, tiers: read.toSorted((a, b) => a.promptTokens - b.promptTokens) };
}
