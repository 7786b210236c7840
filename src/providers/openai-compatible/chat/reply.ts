import { isJsonObject, type Json, type JsonObject } from '../../../domain/json.ts';
import type { ChatCall, ChatResult, ToolCall } from '../../../domain/model/model-call.ts';
import type { CallOutcome } from '../../port.ts';
import { isList, objectAt, objectOf, objectsAt, textAt } from '../../shared/json-fields.ts';
import { classify } from '../errors/classify.ts';
import type { Reading } from '../reading.ts';
import { readDone, readBad, saidSpent, readNothing } from '../../shared/reading.ts';

const finishReasons: Readonly<Record<string, ChatResult['finishReason']>> = {
  stop: 'stop',
  length: 'length',
  // Mistral's word for a prompt that filled the window.
  model_length: 'length',
  content_filter: 'content_filter',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
};

export function readChat(reading: Reading, call: ChatCall): CallOutcome {
  const choice = objectsAt(reading.body, 'choices')[0];
  const message = objectOf(choice?.['message']);
  if (choice === undefined || message === null) return readNothing(reading);
  const error = objectOf(choice['error']);
  const reason = textAt(choice, 'finish_reason') ?? '';
  if (error !== null || reason === 'error') return endedInError(reading, error);
  return judge(reading, call, message, reason);
}

function endedInError(reading: Reading, said: JsonObject | null): CallOutcome {
  const { settings, reply, call } = reading;
  const body = { ...reading.body, error: said ?? { message: 'the choice ended in an error' } };
  const failure = classify(settings, { kind: 'reply', reply: { ...reply, body } }, call.model);
  return { kind: 'failed', failure, ...saidSpent(reading.spent) };
}

/** A reply that came through whole may still be none: refused, filtered, or JSON cut short. */
function judge(reading: Reading, call: ChatCall, message: JsonObject, reason: string): CallOutcome {
  const refusal = textAt(message, 'refusal');
  if (refusal !== null) return readBad(reading, 'content_blocked_output', 'refusal', refusal);
  if (reason === 'content_filter') {
    return readBad(reading, 'content_blocked_output', reason);
  }
  const known = Object.hasOwn(finishReasons, reason) ? finishReasons[reason] : undefined;
  if (known === 'length' && call.output.kind === 'json') {
    return readBad(reading, 'output_truncated', reason);
  }
  const toolCalls = objectsAt(message, 'tool_calls').flatMap(readToolCall);
  const text = contentText(message['content']);
  if (toolCalls.length === 0) {
    return readDone(reading, { kind: 'chat', text, finishReason: known ?? 'other' });
  }
  // Some servers say `stop` although they ask for a tool.
  const finishReason = known === 'length' ? known : 'tool_calls';
  return readDone(reading, { kind: 'chat', text, finishReason, toolCalls });
}

/** Arguments are JSON text; some servers send the JSON itself. */
function readToolCall(item: JsonObject, position: number): readonly ToolCall[] {
  const asked = objectAt(item, 'function');
  const name = textAt(asked, 'name');
  if (name === null) return [];
  const given = asked['arguments'] ?? '';
  const text = typeof given === 'string' ? given : JSON.stringify(given);
  return [{ id: textAt(item, 'id') ?? `call_${position}`, name, arguments: text }];
}

/** Content is a text, or with some servers a list of parts. */
export function contentText(content: Json | undefined): string {
  if (typeof content === 'string') return content;
  if (!isList(content)) return '';
  return content
    .map((part) => (isJsonObject(part) ? part['text'] : undefined))
    .filter((text) => typeof text === 'string')
    .join('');
}
