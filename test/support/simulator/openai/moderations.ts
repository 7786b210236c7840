import { isJsonObject, type Json } from '../../../../src/domain/json.ts';
import { jsonAnswer } from '../error-answer.ts';
import type { Answer, Call } from '../types.ts';
import { badRequest, requireModel, requireObject } from './chat-request.ts';

/** Words that the pretended model objects to, by category. */
const patterns: Readonly<Record<string, RegExp>> = {
  violence: /\b(?:kill|attack)\b/i,
  harassment: /\bidiot\b/i,
  hate: /\bvermin\b/i,
};

/** Answers `POST /v1/moderations`, which costs nothing. */
export function answerModeration(call: Call): Answer {
  const body = requireObject(call.body);
  const model = requireModel(body);
  const text = textOf(body['input']);
  const found = Object.entries(patterns).map(
    ([name, pattern]) => [name, pattern.test(text)] as const,
  );
  const result = {
    flagged: found.some(([, isFound]) => isFound),
    categories: Object.fromEntries(found),
    category_scores: Object.fromEntries(
      found.map(([name, isFound]) => [name, isFound ? 0.9 : 0.01]),
    ),
  };
  return jsonAnswer(200, { id: `modr-sim-${call.seq}`, model, results: [result] }, { paid: false });
}

function textOf(input: Json | undefined): string {
  if (typeof input === 'string') return input;
  if (!Array.isArray(input) || input.length === 0) {
    throw badRequest("Missing required parameter: 'input'.", 'input');
  }
  return input
    .map((part: Json) => (isJsonObject(part) ? part['text'] : part))
    .filter((text) => typeof text === 'string')
    .join('\n');
}
