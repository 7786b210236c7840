import { isJsonObject, type Json } from '../../domain/json.ts';
import type { Usage } from '../../domain/usage.ts';
import { countAt, objectAt, withoutZeros } from '../shared/json-fields.ts';

/**
 * OpenAI's usage in buckets that do not overlap. There, cached and cache-written tokens are part of the
 * prompt's, and reasoning is part of the completion's; a few servers count reasoning on top instead, which
 * shows in their total.
 */
export function usageOf(raw: Json | undefined): Usage {
  if (raw === undefined || !isJsonObject(raw)) return {};
  const promptDetails = objectAt(raw, 'prompt_tokens_details');
  const cacheReadTokens = countAt(promptDetails, 'cached_tokens');
  const cacheWriteTokens = countAt(promptDetails, 'cache_write_tokens');
  const reasoningTokens = countAt(objectAt(raw, 'completion_tokens_details'), 'reasoning_tokens');
  const prompt = countAt(raw, 'prompt_tokens');
  const completion = countAt(raw, 'completion_tokens');
  const onTop = countAt(raw, 'total_tokens') === prompt + completion + reasoningTokens;
  return withoutZeros({
    inputTokens: Math.max(0, prompt - cacheReadTokens - cacheWriteTokens),
    cacheReadTokens,
    cacheWriteTokens,
    outputTokens: onTop ? completion : Math.max(0, completion - reasoningTokens),
    reasoningTokens,
  });
}
