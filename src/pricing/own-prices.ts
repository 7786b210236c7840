import type { UnitPrices } from '../domain/model/price.ts';
import { ratesOf, type Rate, type RateCard } from './rate-card.ts';

/** Names this table; to be set to the day of a change. Stored with every attempt that is priced by it. */
export const OWN_VERSION = 'own/2026-11-22';

/** A price that the bundled data lacks, with the page that states it and the day on which the page was read. */
type OwnPrice = {
  readonly provider: string;
  readonly models: readonly string[];
  /** `free` is a price that somebody states, unlike no price. */
  readonly prices: UnitPrices | 'free';
  /** The least sound that one call is charged for. */
  readonly minimumAudioMs?: number;
  /** Holds for a call with nothing but the audio and its language: extras have prices of their own. */
  readonly plainOnly?: true;
  /** The first day, and the day after the last one, of which the page is known to say so. */
  readonly effectiveFrom: string;
  readonly effectiveTo?: string;
  readonly source: string;
  readonly readOn: string;
};

/**
 * List prices, pay as you go. What could not be read at its source is not here: Deepgram (its sources contradict each
 * other), Jina, Mistral's moderation, Cohere's `rerank-v4.0-pro`, images by size and quality, Replicate's hardware
 * and fal's models. Workers AI is charged in neurons, at $0.011 a thousand.
 */
export const ownPrices: readonly OwnPrice[] = [
  {
    provider: 'openai',
    models: ['omni-moderation-latest', 'omni-moderation-2024-09-26'],
    prices: 'free',
    effectiveFrom: '2024-09-26',
    source: 'https://developers.openai.com/api/docs/models/omni-moderation-latest',
    readOn: '2026-11-22',
  },
  {
    provider: 'google',
    models: ['gemma-4-26b-a4b-it', 'gemma-4-31b-it'],
    prices: 'free',
    effectiveFrom: '2026-09-20',
    source: 'https://ai.google.dev/gemini-api/docs/pricing',
    readOn: '2026-09-20',
  },
  {
    provider: 'groq',
    models: ['whisper-large-v3'],
    prices: { audio_hour: '0.111' },
    // "Minimum billed length: 10 seconds."
    minimumAudioMs: 10_000,
    effectiveFrom: '2024-10-01',
    source: 'https://console.groq.com/docs/speech-to-text',
    readOn: '2026-11-22',
  },
  {
    provider: 'groq',
    models: ['whisper-large-v3-turbo'],
    prices: { audio_hour: '0.04' },
    minimumAudioMs: 10_000,
    effectiveFrom: '2024-10-01',
    source: 'https://console.groq.com/docs/speech-to-text',
    readOn: '2026-11-22',
  },
  {
    provider: 'workers-ai',
    models: ['@cf/openai/whisper'],
    // 41.14 neurons a minute.
    prices: { audio_minute: '0.00045254' },
    effectiveFrom: '2025-02-20',
    source: 'https://developers.cloudflare.com/workers-ai/platform/pricing/',
    readOn: '2026-11-22',
  },
  {
    provider: 'workers-ai',
    models: ['@cf/openai/whisper-large-v3-turbo'],
    // 46.63 neurons a minute.
    prices: { audio_minute: '0.00051293' },
    effectiveFrom: '2025-08-27',
    source: 'https://developers.cloudflare.com/workers-ai/platform/pricing/',
    readOn: '2026-11-22',
  },
  {
    provider: 'workers-ai',
    models: ['@cf/deepgram/nova-3'],
    prices: { audio_minute: '0.0052' },
    effectiveFrom: '2025-08-27',
    source: 'https://developers.cloudflare.com/workers-ai/platform/pricing/',
    readOn: '2026-11-22',
  },
  {
    provider: 'assemblyai',
    models: ['universal-3-5-pro'],
    prices: { audio_hour: '0.21' },
    plainOnly: true,
    effectiveFrom: '2026-10-07',
    source: 'https://www.assemblyai.com/pricing',
    readOn: '2026-10-07',
  },
  {
    provider: 'assemblyai',
    models: ['universal-2'],
    prices: { audio_hour: '0.15' },
    plainOnly: true,
    effectiveFrom: '2026-10-07',
    source: 'https://www.assemblyai.com/pricing',
    readOn: '2026-10-07',
  },
  {
    provider: 'voyage',
    models: ['rerank-2.5', 'rerank-2'],
    prices: { million_input_tokens: '0.05' },
    effectiveFrom: '2025-08-11',
    source: 'https://docs.voyageai.com/docs/pricing',
    readOn: '2026-11-22',
  },
  {
    provider: 'voyage',
    models: ['rerank-2.5-lite', 'rerank-2-lite'],
    prices: { million_input_tokens: '0.02' },
    effectiveFrom: '2025-08-11',
    source: 'https://docs.voyageai.com/docs/pricing',
    readOn: '2026-11-22',
  },
  {
    provider: 'cohere',
    // UNVERIFIED: since October 2026 the page states no price per search; this is what it said before.
    models: ['rerank-v3.5', 'rerank-english-v3.0', 'rerank-multilingual-v3.0', 'rerank-v4.0-fast'],
    // $2.00 a thousand; a search unit is one query with up to 100 documents.
    prices: { search_unit: '0.002' },
    effectiveFrom: '2024-12-02',
    source: 'https://cohere.com/pricing',
    readOn: '2026-06-01',
  },
];

export function ownCard(
  provider: string,
  model: string,
  { nowMs, isPlain }: { readonly nowMs: number; readonly isPlain: boolean },
): RateCard | null {
  const row = ownPrices.find(
    (price) =>
      price.provider === provider &&
      price.models.includes(model) &&
      Date.parse(price.effectiveFrom) <= nowMs &&
      (price.effectiveTo === undefined || nowMs < Date.parse(price.effectiveTo)),
  );
  if (row === undefined) return null;
  const { prices, minimumAudioMs: minimum, plainOnly = false } = row;
  if (prices === 'free') return { version: OWN_VERSION, rates: {}, free: true };
  if (plainOnly && !isPlain) return { version: OWN_VERSION, rates: {} };
  const { audioMs, ...others } = ratesOf(prices);
  const sound = audioMs === undefined ? {} : { audioMs: withMinimum(audioMs, minimum) };
  return { version: OWN_VERSION, rates: { ...others, ...sound } };
}

function withMinimum(rate: Rate, minimum: number | undefined): Rate {
  return minimum === undefined ? rate : { ...rate, minimum };
}
