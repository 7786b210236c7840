import type { JsonObject } from '../../domain/json.ts';
import type { ModelCall } from '../../domain/model/model-call.ts';
import type { Usage } from '../../domain/model/usage.ts';
import { countAt, objectAt, objectsAt, withoutZeros } from '../shared/json-fields.ts';
import { imagesIn } from './kinds/images.ts';

/**
 * The usage of a reply in buckets that do not overlap. What was read from the cache is part of the prompt; the prompts
 * of tools and the thoughts are counted beside prompt and answer. There are no buckets for the tokens of videos and
 * documents, which cost as much as text: they count as text.
 */
export function usageOf(body: JsonObject, call: ModelCall): Usage {
  const raw = objectAt(body, 'usageMetadata');
  const images = call.kind === 'image' ? countImages(body) : 0;
  return withoutZeros({ ...inputOf(raw), ...outputOf(raw), images });
}

function inputOf(raw: JsonObject): Usage {
  const prompt = countAt(raw, 'promptTokenCount');
  const cached = Math.min(prompt, countAt(raw, 'cachedContentTokenCount'));
  const uncached = prompt - cached;
  const audio = Math.min(uncached, uncachedOf(raw, 'AUDIO'));
  const image = Math.min(uncached - audio, uncachedOf(raw, 'IMAGE'));
  return {
    inputTokens: uncached - audio - image + countAt(raw, 'toolUsePromptTokenCount'),
    cacheReadTokens: cached,
    audioInputTokens: audio,
    imageInputTokens: image,
  };
}

function uncachedOf(raw: JsonObject, modality: string): number {
  const all = countOf(raw, 'promptTokensDetails', modality);
  return Math.max(0, all - countOf(raw, 'cacheTokensDetails', modality));
}

/** A reply of embeddings has no candidates and no such count. */
function outputOf(raw: JsonObject): Usage {
  const answer = countAt(raw, 'candidatesTokenCount');
  const audio = Math.min(answer, countOf(raw, 'candidatesTokensDetails', 'AUDIO'));
  const image = Math.min(answer - audio, countOf(raw, 'candidatesTokensDetails', 'IMAGE'));
  return {
    outputTokens: answer - audio - image,
    reasoningTokens: countAt(raw, 'thoughtsTokenCount'),
    audioOutputTokens: audio,
    imageOutputTokens: image,
  };
}

function countOf(raw: JsonObject, field: string, modality: string): number {
  return objectsAt(raw, field)
    .filter((detail) => detail['modality'] === modality)
    .reduce((sum, detail) => sum + countAt(detail, 'tokenCount'), 0);
}

function countImages(body: JsonObject): number {
  return objectsAt(body, 'candidates').reduce((sum, item) => sum + imagesIn(item).length, 0);
}
