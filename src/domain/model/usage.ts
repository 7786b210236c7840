/**
 * What a model call consumed, in buckets that never overlap, so that a bill is a plain sum.
 * Every field is a non-negative integer; an absent field means "none or not reported".
 */
export type Usage = {
  /** Text tokens of the prompt that were neither read from nor written to a provider's cache. */
  readonly inputTokens?: number;
  readonly cacheReadTokens?: number;
  /** Written to a cache that lives for minutes. */
  readonly cacheWriteTokens?: number;
  /** Written to a cache that lives for an hour. */
  readonly cacheWriteHourTokens?: number;
  readonly audioInputTokens?: number;
  readonly imageInputTokens?: number;
  /** Visible text of the completion, without reasoning. */
  readonly outputTokens?: number;
  readonly reasoningTokens?: number;
  readonly audioOutputTokens?: number;
  readonly imageOutputTokens?: number;
  /** Images made. */
  readonly images?: number;
  /** Length of the audio, times the channels that are charged. */
  readonly audioMs?: number;
  /** Time on the provider's hardware. */
  readonly computeMs?: number;
  readonly searchUnits?: number;
  /** Characters of text processed; what the builtin models count. */
  readonly characters?: number;
};

/** The usage fields in one list, for sums and tables. */
export const usageFields = [
  'inputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'cacheWriteHourTokens',
  'audioInputTokens',
  'imageInputTokens',
  'outputTokens',
  'reasoningTokens',
  'audioOutputTokens',
  'imageOutputTokens',
  'images',
  'audioMs',
  'computeMs',
  'searchUnits',
  'characters',
] as const satisfies readonly (keyof Usage)[];

/** Adds two usages bucket by bucket. */
export function addUsage(left: Usage, right: Usage): Usage {
  const sum: { -readonly [Field in keyof Usage]: number } = {};
  for (const field of usageFields) {
    const total = (left[field] ?? 0) + (right[field] ?? 0);
    if (total > 0) sum[field] = total;
  }
  return sum;
}
