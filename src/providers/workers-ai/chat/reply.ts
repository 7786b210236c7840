import type { JsonObject } from '../../../domain/json.ts';
import type { ChatCall, ChatResult, ToolCall } from '../../../domain/model/model-call.ts';
import type { CallOutcome } from '../../port.ts';
import { countAt, objectAt, objectOf, objectsAt, textAt } from '../../shared/json-fields.ts';
import { readBad, readDone, readNothing, type ReplyReading } from '../../shared/reading.ts';
import { tokensMax } from './request.ts';
import { toolCallsOf } from './stream-fold.ts';

type Said = {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  /** OpenAI's word for why it ended; empty where nothing is said. */
  readonly reason: string;
};

export function readChat(reading: ReplyReading, call: ChatCall): CallOutcome {
  const said = saidIn(reading.body);
  if (said === null) return readNothing(reading);
  if (said.reason === 'content_filter') {
    return readBad(reading, 'content_blocked_output', said.reason);
  }
  const isCut = said.reason === 'length' || (said.reason === '' && isFull(reading.body, call));
  if (isCut && call.output.kind === 'json') {
    return readBad(reading, 'output_truncated', 'length');
  }
  const { text, toolCalls } = said;
  return readDone(reading, {
    kind: 'chat',
    text,
    finishReason: isCut ? 'length' : finishReasonOf(said),
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
  });
}

function finishReasonOf({ reason, toolCalls }: Said): ChatResult['finishReason'] {
  if (toolCalls.length > 0) return 'tool_calls';
  return reason === '' || reason === 'stop' ? 'stop' : 'other';
}

/** Without a reason, an answer of as many tokens as were allowed has been cut off. */
function isFull(body: JsonObject, call: ChatCall): boolean {
  return countAt(objectAt(body, 'usage'), 'completion_tokens') >= tokensMax(call);
}

/** The answer in either shape: `{response}`, where JSON may already be parsed, or a completion. */
function saidIn(body: JsonObject): Said | null {
  const [choice] = objectsAt(body, 'choices');
  if (choice !== undefined) {
    const message = objectAt(choice, 'message');
    const text = textAt(message, 'content') ?? '';
    return { text, toolCalls: readCalls(message), reason: textAt(choice, 'finish_reason') ?? '' };
  }
  const { response } = body;
  const toolCalls = readCalls(body);
  if (typeof response === 'string') return { text: response, toolCalls, reason: '' };
  if (objectOf(response) !== null || Array.isArray(response)) {
    return { text: JSON.stringify(response), toolCalls, reason: '' };
  }
  return toolCalls.length === 0 ? null : { text: '', toolCalls, reason: '' };
}

function readCalls(said: JsonObject): readonly ToolCall[] {
  return toolCallsOf(said).flatMap((call) => {
    const asked = objectAt(call, 'function');
    const id = textAt(call, 'id');
    const name = textAt(asked, 'name');
    if (id === null || name === null) return [];
    return [{ id, name, arguments: textAt(asked, 'arguments') ?? '' }];
  });
}
