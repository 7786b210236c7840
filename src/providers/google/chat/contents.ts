import { isJsonObject, type JsonObject } from '../../../domain/json.ts';
import type { ChatMessage, ChatPart, ToolCall } from '../../../domain/model/model-call.ts';
import type { MediaRef } from '../../../domain/model/media.ts';
import { MediaSlot, type WireValue } from '../../http/wire-body.ts';
import { argumentsFrom, jsonFrom } from '../../shared/json-text.ts';
import { joinTurns, type Turn } from '../../shared/turns.ts';

/** What the conversation says beside the system messages, as `generateContent` has it. */
export function toContents(messages: readonly ChatMessage[], model: string): readonly WireValue[] {
  const names = toolNames(messages);
  const turns = messages.flatMap((message) =>
    message.role === 'system' ? [] : [toTurn(message, names, model)],
  );
  return joinTurns(turns).map(({ role, parts }) => ({ role, parts }));
}

/** The texts of all system messages: there is one place for them, beside the conversation. */
export function systemParts(messages: readonly ChatMessage[]): readonly JsonObject[] {
  return messages
    .filter((message) => message.role === 'system')
    .flatMap(({ content }) => (typeof content === 'string' ? [content] : content.map(textOf)))
    .flatMap((text) => (text === '' ? [] : [{ text }]));
}

export function inlinePart(media: MediaRef): WireValue {
  return { inlineData: { mimeType: media.mimeType, data: new MediaSlot(media, 'base64') } };
}

/** Results name their function; here they only have the id of the call. */
function toolNames(messages: readonly ChatMessage[]): ReadonlyMap<string, string> {
  const calls = messages.flatMap((message) =>
    message.role === 'tool' ? [] : (message.toolCalls ?? []),
  );
  return new Map(calls.map(({ id, name }) => [id, name]));
}

function toTurn(message: ChatMessage, names: ReadonlyMap<string, string>, model: string): Turn {
  if (message.role === 'tool') {
    const { toolCallId, content } = message;
    const name = names.get(toolCallId) ?? toolCallId;
    return {
      role: 'user',
      parts: [{ functionResponse: { name, response: responseOf(content) } }],
    };
  }
  const { role, content, toolCalls = [] } = message;
  const said = typeof content === 'string' ? textParts(content) : content.flatMap(toParts);
  const calls = toolCalls.map((call, at) => toFunctionCall(call, at, model));
  return { role: role === 'assistant' ? 'model' : 'user', parts: [...said, ...calls] };
}

function textParts(text: string): readonly WireValue[] {
  return text === '' ? [] : [{ text }];
}

function toParts(part: ChatPart): readonly WireValue[] {
  return part.type === 'text' ? textParts(part.text) : [inlinePart(part.media)];
}

function textOf(part: ChatPart): string {
  return part.type === 'text' ? part.text : '';
}

/** A result must be an object. */
function responseOf(content: string): JsonObject {
  const value = jsonFrom(content);
  return value !== undefined && isJsonObject(value) ? value : { result: value ?? content };
}

/**
 * From version 3 on a call that the model made has to come back with the signature of the thought behind it. A neutral
 * call has no place for one; this word, which Google documents for calls from elsewhere, takes the place of the first.
 */
const unsigned = { thoughtSignature: 'skip_thought_signature_validator' };
const signingModels = /gemini-(?:[3-9]|\d\d)/;

function toFunctionCall({ name, arguments: text }: ToolCall, at: number, model: string): WireValue {
  const signed = at === 0 && signingModels.test(model) ? unsigned : {};
  return { functionCall: { name, args: argumentsFrom(text) }, ...signed };
}
