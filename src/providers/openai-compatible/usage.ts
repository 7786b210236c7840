import type { JsonObject } from '../../domain/json.ts';
import type { ModelCall } from '../../domain/model/model-call.ts';
import type { Usage } from '../../domain/model/usage.ts';
import { countAt, numberAt, objectAt, objectsAt, withoutZeros } from '../shared/json-fields.ts';

/** The usage of a reply of this API, in buckets that do not overlap. */
export function usageOf(body: JsonObject, call: ModelCall): Usage {
  const raw = objectAt(body, 'usage');
  switch (call.kind) {
    case 'image':
      return withoutZeros({ ...imageTokens(raw), images: objectsAt(body, 'data').length });
    case 'transcribe':
      return withoutZeros({ ...tokens(raw), audioMs: audioMsOf(raw, body) });
    case 'chat':
    case 'classify':
    case 'embed':
    case 'moderate':
    case 'rerank':
    case 'summarize':
      return withoutZeros(tokens(raw));
  }
}

/**
 * Tokens by the names of chat (`prompt_tokens`) or of the newer interfaces (`input_tokens`). Cached, cache-written,
 * audio and image tokens are part of the prompt's, and reasoning and audio part of the completion's; a few servers
 * count reasoning on top instead, which shows in their total. A cached token of a sound counts as cached.
 */
function tokens(raw: JsonObject): Usage {
  const details = detailsOf(raw, [
    'prompt_tokens_details',
    'input_tokens_details',
    'input_token_details',
  ]);
  const cacheReadTokens = countAt(details, 'cached_tokens');
  const cacheWriteTokens = countAt(details, 'cache_write_tokens');
  const left = Math.max(0, promptTokens(raw) - cacheReadTokens - cacheWriteTokens);
  const audioInputTokens = Math.min(left, countAt(details, 'audio_tokens'));
  const imageInputTokens = Math.min(left - audioInputTokens, countAt(details, 'image_tokens'));
  const inputTokens = left - audioInputTokens - imageInputTokens;
  return {
    inputTokens,
    cacheReadTokens,
    cacheWriteTokens,
    audioInputTokens,
    imageInputTokens,
    ...outputOf(raw),
  };
}

function outputOf(raw: JsonObject): Usage {
  const details = detailsOf(raw, ['completion_tokens_details', 'output_tokens_details']);
  const reasoningTokens = countAt(details, 'reasoning_tokens');
  const completion = countAt(raw, 'completion_tokens') || countAt(raw, 'output_tokens');
  const isOnTop = countAt(raw, 'total_tokens') === promptTokens(raw) + completion + reasoningTokens;
  const left = isOnTop ? completion : Math.max(0, completion - reasoningTokens);
  const audioOutputTokens = Math.min(left, countAt(details, 'audio_tokens'));
  const imageOutputTokens = Math.min(left - audioOutputTokens, countAt(details, 'image_tokens'));
  const outputTokens = left - audioOutputTokens - imageOutputTokens;
  return { outputTokens, reasoningTokens, audioOutputTokens, imageOutputTokens };
}

function promptTokens(raw: JsonObject): number {
  return countAt(raw, 'prompt_tokens') || countAt(raw, 'input_tokens');
}

/** Of an image model, output that is not said to be text is image. */
function imageTokens(raw: JsonObject): Usage {
  const { outputTokens: output = 0, imageOutputTokens: image = 0, ...others } = tokens(raw);
  const text = Math.min(output, countAt(objectAt(raw, 'output_tokens_details'), 'text_tokens'));
  return { ...others, outputTokens: text, imageOutputTokens: image + output - text };
}

/** The time that is charged, where time is and not tokens. */
function audioMsOf(raw: JsonObject, body: JsonObject): number {
  const seconds =
    numberAt(raw, 'seconds') ??
    // Mistral's name for it.
    numberAt(raw, 'prompt_audio_seconds') ??
    (raw['type'] === 'tokens' ? null : numberAt(body, 'duration'));
  return Math.max(0, Math.round((seconds ?? 0) * 1000));
}

function detailsOf(raw: JsonObject, names: readonly string[]): JsonObject {
  const name = names.find((candidate) => raw[candidate] !== undefined);
  return name === undefined ? {} : objectAt(raw, name);
}
