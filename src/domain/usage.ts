/**
 * What a model call consumed, in buckets that never overlap, so that a bill is a plain sum.
 * Every field is a non-negative integer; an absent field means "none or not reported".
 */
export type Usage = {
  /** Prompt tokens that were neither read from nor written to a provider's cache. */
  readonly inputTokens?: number;
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
  /** Visible completion tokens, without reasoning. */
  readonly outputTokens?: number;
  readonly reasoningTokens?: number;
  /** Characters of text processed; what the builtin models count. */
  readonly characters?: number;
};

/** The usage fields in one list, for sums and tables. */
const usageFields = [
  'inputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'outputTokens',
  'reasoningTokens',
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
