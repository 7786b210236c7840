import type { Usage } from './usage.ts';

/**
 * The units that prices are stated in: the dollars of a unit buy `per` of a usage bucket. The name says how many, so
 * that nobody takes the price of a million tokens for the price of one.
 */
export const priceUnits = {
  million_input_tokens: { bucket: 'inputTokens', per: 1_000_000 },
  million_cache_read_tokens: { bucket: 'cacheReadTokens', per: 1_000_000 },
  million_cache_write_tokens: { bucket: 'cacheWriteTokens', per: 1_000_000 },
  million_cache_write_hour_tokens: { bucket: 'cacheWriteHourTokens', per: 1_000_000 },
  million_audio_input_tokens: { bucket: 'audioInputTokens', per: 1_000_000 },
  million_image_input_tokens: { bucket: 'imageInputTokens', per: 1_000_000 },
  million_output_tokens: { bucket: 'outputTokens', per: 1_000_000 },
  million_reasoning_tokens: { bucket: 'reasoningTokens', per: 1_000_000 },
  million_audio_output_tokens: { bucket: 'audioOutputTokens', per: 1_000_000 },
  million_image_output_tokens: { bucket: 'imageOutputTokens', per: 1_000_000 },
  image: { bucket: 'images', per: 1 },
  audio_minute: { bucket: 'audioMs', per: 60_000 },
  audio_hour: { bucket: 'audioMs', per: 3_600_000 },
  compute_second: { bucket: 'computeMs', per: 1_000 },
  search_unit: { bucket: 'searchUnits', per: 1 },
  million_characters: { bucket: 'characters', per: 1_000_000 },
} as const satisfies Record<string, { readonly bucket: keyof Usage; readonly per: number }>;

export type PriceUnit = keyof typeof priceUnits;

export function isPriceUnit(name: string): name is PriceUnit {
  return Object.hasOwn(priceUnits, name);
}

/** Dollars as decimal text for each unit. */
export type UnitPrices = { readonly [Unit in PriceUnit]?: string | undefined };

/** Batches have prices of their own; everything else is `standard`. */
export const pricedExecutions = ['standard', 'batch'] as const;
export type PricedExecution = (typeof pricedExecutions)[number];

/** What a project pays for a provider's model instead of the list price. */
export type ProjectPrice = {
  /** `prc_` and a hash of the rest: another price has another id, and attempts name the one they were priced with. */
  readonly id: string;
  readonly provider: string;
  /** A model's name, in which `*` stands for any text. */
  readonly model: string;
  readonly execution: PricedExecution;
  readonly prices: UnitPrices;
  /** From this moment on, in milliseconds since 1970. */
  readonly effectiveFromMs: number;
  /** Until before this moment; null for no end. */
  readonly effectiveToMs: number | null;
  readonly createdAtMs: number;
  readonly createdBy: string;
};
