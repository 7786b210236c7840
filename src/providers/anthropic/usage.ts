import type { JsonObject } from '../../domain/json.ts';
import type { Usage } from '../../domain/model/usage.ts';
import { countAt, objectAt, objectOf, withoutZeros } from '../shared/json-fields.ts';

/**
 * The usage of a message in buckets that do not overlap. Unlike elsewhere `input_tokens` has neither what was read
 * from the cache nor what was written to it; thinking is part of `output_tokens`.
 */
export function usageOf(raw: JsonObject): Usage {
  const output = countAt(raw, 'output_tokens');
  const thinking = Math.min(
    output,
    countAt(objectAt(raw, 'output_tokens_details'), 'thinking_tokens'),
  );
  return withoutZeros({
    inputTokens: countAt(raw, 'input_tokens'),
    cacheReadTokens: countAt(raw, 'cache_read_input_tokens'),
    ...cacheWrites(raw),
    outputTokens: output - thinking,
    reasoningTokens: thinking,
  });
}

/** By the lifetime of the cache; without a breakdown it is the short one, which is the default. */
function cacheWrites(raw: JsonObject): Usage {
  const total = countAt(raw, 'cache_creation_input_tokens');
  const byLifetime = objectOf(raw['cache_creation']);
  if (byLifetime === null) return { cacheWriteTokens: total };
  const hour = countAt(byLifetime, 'ephemeral_1h_input_tokens');
  const minutes = countAt(byLifetime, 'ephemeral_5m_input_tokens');
  return {
    cacheWriteTokens: Math.max(minutes, total - hour),
    cacheWriteHourTokens: hour,
  };
}
