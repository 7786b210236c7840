import type { JsonObject } from '../../../domain/json.ts';
import type { ChatCall, ChatResult, ToolCall } from '../../../domain/model/model-call.ts';
import type { CallOutcome } from '../../port.ts';
import { objectAt, objectOf, objectsAt, textAt } from '../../shared/json-fields.ts';
import { readBad, readDone, readNothing, type ReplyReading } from '../../shared/reading.ts';

/** The filters that end an answer. */
const blockedReasons: ReadonlySet<string> = new Set([
  'SAFETY',
  'RECITATION',
  'LANGUAGE',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'MODEL_ARMOR',
  'IMAGE_SAFETY',
  'IMAGE_PROHIBITED_CONTENT',
  'IMAGE_RECITATION',
  'NO_IMAGE',
]);

/** The model wrote what is no answer; another try may do better. */
const invalidReasons: ReadonlySet<string> = new Set([
  'MALFORMED_FUNCTION_CALL',
  'MALFORMED_RESPONSE',
  'UNEXPECTED_TOOL_CALL',
  'TOO_MANY_TOOL_CALLS',
  'MISSING_THOUGHT_SIGNATURE',
  'IMAGE_OTHER',
]);

const finishReasons: Readonly<Record<string, ChatResult['finishReason']>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
};

/** The first candidate, or what stands in its place: a refused prompt, a filter, nothing at all. */
export function firstCandidate(
  reading: ReplyReading,
): { readonly candidate: JsonObject; readonly reason: string } | CallOutcome {
  const [candidate] = objectsAt(reading.body, 'candidates');
  if (candidate === undefined) return withoutCandidate(reading);
  const reason = textAt(candidate, 'finishReason') ?? '';
  const words = textAt(candidate, 'finishMessage');
  if (blockedReasons.has(reason)) return readBad(reading, 'content_blocked_output', reason, words);
  if (invalidReasons.has(reason)) return readBad(reading, 'output_invalid', reason, words);
  return { candidate, reason };
}

/**
 * A refused prompt is a success by its status.
 * UNVERIFIED: whether the tokens that it reports are charged; they are kept as spent.
 */
function withoutCandidate(reading: ReplyReading): CallOutcome {
  const feedback = objectAt(reading.body, 'promptFeedback');
  const blocked = textAt(feedback, 'blockReason');
  if (blocked === null) return readNothing(reading);
  const words = textAt(feedback, 'blockReasonMessage');
  const outcome = readBad(reading, 'content_blocked_input', blocked, words);
  if (outcome.kind !== 'failed') return outcome;
  const { spent, failure } = outcome;
  const isSaid = Object.keys(reading.spent.usage).length > 0 && spent !== undefined;
  const refused = { ...failure, phase: 'rejected' as const };
  return { kind: 'failed', failure: refused, ...(isSaid ? { spent } : {}) };
}

export function readChat(reading: ReplyReading, call: ChatCall): CallOutcome {
  const first = firstCandidate(reading);
  if ('kind' in first) return first;
  const { candidate, reason } = first;
  if (reason === 'MAX_TOKENS' && call.output.kind === 'json') {
    return readBad(reading, 'output_truncated', reason);
  }
  const parts = partsOf(candidate);
  const text = parts.flatMap((part) => (isThought(part) ? [] : (textAt(part, 'text') ?? [])));
  const toolCalls = parts.flatMap(readFunctionCall);
  const known = Object.hasOwn(finishReasons, reason) ? finishReasons[reason] : undefined;
  // Calls of functions end in `STOP` like everything else.
  const isAsking = toolCalls.length > 0 && known !== 'length';
  return readDone(reading, {
    kind: 'chat',
    text: text.join(''),
    finishReason: isAsking ? 'tool_calls' : (known ?? 'other'),
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
  });
}

export function partsOf(candidate: JsonObject): readonly JsonObject[] {
  return objectsAt(objectAt(candidate, 'content'), 'parts');
}

/** Older models give their calls no id. */
function readFunctionCall(part: JsonObject, position: number): readonly ToolCall[] {
  const asked = objectOf(part['functionCall']);
  const name = asked === null ? null : textAt(asked, 'name');
  if (asked === null || name === null) return [];
  const id = textAt(asked, 'id') ?? `call_${position}`;
  return [{ id, name, arguments: JSON.stringify(asked['args'] ?? {}) }];
}

/** Thoughts come as parts only where they were asked for by the provider's own options. */
export function isThought(part: JsonObject): boolean {
  return part['thought'] === true;
}
