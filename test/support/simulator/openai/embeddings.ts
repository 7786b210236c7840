import type { Json } from '../../../../src/domain/json.ts';
import { badRequest, requireModel, requireObject, tokensOf } from './chat-request.ts';
import { jsonAnswer } from '../error-answer.ts';
import { hash32, seededRandom, wordsOf } from '../random.ts';
import type { Answer, Call, Scripted } from '../types.ts';

const dimensionsByModel: Readonly<Record<string, number>> = { 'text-embedding-3-large': 3072 };
const dimensionsDefault = 1536;
const dimensionsMax = 8192;

/** Answers `POST /v1/embeddings`. */
export function answerEmbeddings(call: Call, scripted: Scripted): Answer {
  const body = requireObject(call.body);
  const model = requireModel(body);
  const inputs = readInputs(body['input']);
  const dimensions = readDimensions(body['dimensions'], model);
  const base64 = body['encoding_format'] === 'base64';
  const data = inputs.map((input, index) => {
    const vector = vectorOf(input, dimensions);
    return { object: 'embedding', index, embedding: base64 ? toBase64(vector) : vector };
  });
  const tokens = inputs.reduce((sum, input) => sum + tokensOf(input.length), 0);
  const usage = scripted.reply?.usage ?? { prompt_tokens: tokens, total_tokens: tokens };
  return jsonAnswer(200, { object: 'list', data, model, usage }, { paid: true });
}

/** A unit vector made of one random direction per word, so that texts with common words are near each other. */
export function vectorOf(text: string, dimensions: number): number[] {
  const words = wordsOf(text.toLowerCase());
  const sum = new Float64Array(dimensions);
  for (const word of words.length > 0 ? words : [text]) {
    const random = seededRandom(hash32(word));
    for (let at = 0; at < dimensions; at += 1) sum[at] = (sum[at] ?? 0) + random() - 0.5;
  }
  const length = Math.sqrt(sum.reduce((total, value) => total + value * value, 0));
  return Array.from(sum, (value) => Math.fround(length === 0 ? 0 : value / length));
}

function readInputs(input: Json | undefined): readonly string[] {
  if (typeof input === 'string') return [requireText(input)];
  if (!Array.isArray(input) || input.length === 0) {
    throw badRequest("Missing required parameter: 'input'.", 'input');
  }
  if (input.every((item: Json) => typeof item === 'number')) return [input.join(' ')];
  return input.map((item: Json) => (Array.isArray(item) ? item.join(' ') : requireText(item)));
}

function requireText(item: Json): string {
  if (typeof item === 'string' && item !== '') return item;
  throw badRequest("'$.input' is invalid: every text must have at least one character.", 'input');
}

function readDimensions(wanted: Json | undefined, model: string): number {
  if (wanted === undefined || wanted === null) return dimensionsByModel[model] ?? dimensionsDefault;
  if (typeof wanted === 'number' && Number.isInteger(wanted) && wanted >= 1) {
    if (wanted <= dimensionsMax) return wanted;
  }
  throw badRequest(`'dimensions' must be between 1 and ${dimensionsMax}.`, 'dimensions');
}

function toBase64(vector: readonly number[]): string {
  return Buffer.from(Float32Array.from(vector).buffer).toString('base64');
}
