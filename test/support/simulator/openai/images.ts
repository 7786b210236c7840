import { isJsonObject, type Json } from '../../../../src/domain/json.ts';
import { jsonAnswer } from '../error-answer.ts';
import type { Answer, Call, Scripted } from '../types.ts';
import { badRequest, requireModel, requireObject, tokensOf } from './chat-request.ts';

/** A grey PNG of one pixel. */
export const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==';
const countMax = 10;
const tokensPerImage = 272;

/** Answers `POST /v1/images/generations` and, with images in a form, `POST /v1/images/edits`. */
export function answerImages(call: Call, scripted: Scripted, nowMs: number): Answer {
  const body = requireObject(call.body);
  const model = requireModel(body);
  const { prompt } = body;
  if (typeof prompt !== 'string' || prompt === '') {
    throw badRequest("Missing required parameter: 'prompt'.", 'prompt');
  }
  const given = imagesIn(body['image[]'] ?? body['image']);
  if (call.path.endsWith('/edits') && given === 0) {
    throw badRequest("Missing required parameter: 'image'.", 'image');
  }
  const count = countOf(body['n']);
  const data = Array.from({ length: count }, () => ({ b64_json: pixel }));
  const input = { text_tokens: tokensOf(prompt.length), image_tokens: given * tokensPerImage };
  const inputTokens = input.text_tokens + input.image_tokens;
  const usage = scripted.reply?.usage ?? {
    input_tokens: inputTokens,
    input_tokens_details: input,
    output_tokens: count * tokensPerImage,
    total_tokens: inputTokens + count * tokensPerImage,
  };
  const created = Math.floor(nowMs / 1000);
  const output_format = 'png';
  return jsonAnswer(200, { created, model, output_format, data, usage }, { paid: true });
}

function imagesIn(value: Json | undefined): number {
  const list: readonly Json[] = Array.isArray(value) ? value : [value ?? null];
  return list.filter((item) => isJsonObject(item)).length;
}

function countOf(value: Json | undefined): number {
  const count = value === undefined ? 1 : Number(value);
  if (Number.isInteger(count) && count >= 1 && count <= countMax) return count;
  throw badRequest(`'n' must be between 1 and ${countMax}.`, 'n');
}
