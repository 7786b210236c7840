import { isJsonObject, type JsonObject } from '../../domain/json.ts';
import type {
  ChatCall,
  ChatResult,
  ClassifyCall,
  Spent,
  ToolCall,
} from '../../domain/model/model-call.ts';
import type { CallOutcome, WireReply } from '../port.ts';
import { classifyOutcome } from '../shared/classify-by-chat.ts';
import { ownWords } from '../shared/failures.ts';
import { isList, objectAt, objectsAt, textAt } from '../shared/json-fields.ts';
import { readBad, readDone, readNothing, saidSpent, type ReplyReading } from '../shared/reading.ts';
import { classify, isErrorReply, providerRequestId } from './errors.ts';
import { chatOf } from './request.ts';
import { askedOf, type AnthropicSettings } from './settings.ts';
import { usageOf } from './usage.ts';

/** A whole message, streamed or not, success or not, to an outcome. */
export function readMessage(
  settings: AnthropicSettings,
  reply: WireReply,
  call: ChatCall | ClassifyCall,
): CallOutcome {
  const body = isJsonObject(reply.body) ? reply.body : {};
  const asked = askedOf(settings, call.model);
  const spent = spentOn(settings, reply, body, call.model);
  if (isErrorReply(reply)) {
    const failure = classify(settings, { kind: 'reply', reply }, call.model);
    return { kind: 'failed', failure, ...saidSpent(spent) };
  }
  const outcome = readChat({ asked, reply, body, call, spent }, chatOf(call));
  return call.kind === 'classify' ? classifyOutcome(outcome, call, asked, reply) : outcome;
}

function spentOn(
  settings: AnthropicSettings,
  reply: WireReply,
  body: JsonObject,
  model: string,
): Spent {
  const asked = askedOf(settings, model);
  const requestId = providerRequestId(reply);
  return {
    usage: usageOf(objectAt(body, 'usage')),
    rawUsage: body['usage'] ?? null,
    returnedModel: ownWords(textAt(body, 'model') ?? model, asked),
    providerRequestId: requestId === null ? null : ownWords(requestId, asked),
  };
}

const finishReasons: Readonly<Record<string, ChatResult['finishReason']>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  tool_use: 'tool_calls',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  // A tool on the provider's side paused the turn; what there is of it is not the whole answer.
  pause_turn: 'other',
};
const unfinished: ReadonlySet<string> = new Set([
  'max_tokens',
  'model_context_window_exceeded',
  'pause_turn',
]);

/** A message that came through whole may still be none: refused, or JSON cut short. */
function readChat(reading: ReplyReading, call: ChatCall): CallOutcome {
  const { body } = reading;
  if (!isList(body['content'])) return readNothing(reading);
  const blocks = objectsAt(body, 'content');
  const text = textOf(blocks);
  const reason = textAt(body, 'stop_reason') ?? '';
  if (reason === 'refusal') return refused(reading, text);
  if (unfinished.has(reason) && call.output.kind === 'json') {
    return readBad(reading, 'output_truncated', reason);
  }
  const known = Object.hasOwn(finishReasons, reason) ? finishReasons[reason] : undefined;
  const toolCalls = blocks.flatMap(readToolCall);
  return readDone(reading, {
    kind: 'chat',
    text,
    finishReason: known ?? 'other',
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
  });
}

/** What the model had written before it was stopped is not an answer. */
function refused(reading: ReplyReading, text: string): CallOutcome {
  const details = objectAt(reading.body, 'stop_details');
  const said = textAt(details, 'explanation') ?? (text === '' ? null : text);
  const category = textAt(details, 'category');
  const code = category === null ? 'refusal' : `refusal.${category}`;
  return readBad(reading, 'content_blocked_output', code, said);
}

function textOf(blocks: readonly JsonObject[]): string {
  return blocks
    .filter(({ type }) => type === 'text')
    .flatMap((block) => textAt(block, 'text') ?? [])
    .join('');
}

function readToolCall(block: JsonObject): readonly ToolCall[] {
  if (block['type'] !== 'tool_use') return [];
  const id = textAt(block, 'id');
  const name = textAt(block, 'name');
  const input = block['input'] ?? {};
  const text = typeof input === 'string' ? input : JSON.stringify(input);
  return id === null || name === null ? [] : [{ id, name, arguments: text }];
}
