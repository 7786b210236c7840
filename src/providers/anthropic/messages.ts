import type { ChatMessage, ChatPart, ToolCall } from '../../domain/model/model-call.ts';
import type { MediaRef } from '../../domain/model/media.ts';
import { MediaSlot, type WireValue } from '../http/wire-body.ts';
import { argumentsFrom } from '../shared/json-text.ts';
import { joinTurns, type Turn } from '../shared/turns.ts';

/** What the conversation says beside the system messages, as the Messages API has it. */
export function toWireMessages(messages: readonly ChatMessage[]): readonly WireValue[] {
  const turns = messages.flatMap((message) => (message.role === 'system' ? [] : [toTurn(message)]));
  return joinTurns(turns).map(({ role, parts }) => ({ role, content: parts }));
}

/** All system messages as one text: the API has one place for them, before the conversation. */
export function systemText(messages: readonly ChatMessage[]): string {
  return messages
    .filter((message) => message.role === 'system')
    .map(({ content }) => textOf(content))
    .filter((text) => text !== '')
    .join('\n\n');
}

function textOf(content: string | readonly ChatPart[]): string {
  if (typeof content === 'string') return content;
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

function toTurn(message: ChatMessage): Turn {
  if (message.role === 'tool') {
    const { toolCallId, content } = message;
    return { role: 'user', parts: [{ type: 'tool_result', tool_use_id: toolCallId, content }] };
  }
  const { role, content, toolCalls = [] } = message;
  const said = typeof content === 'string' ? textBlocks(content) : content.flatMap(toBlocks);
  return { role, parts: [...said, ...toolCalls.map(toToolUse)] };
}

/** A block of text must not be empty. */
function textBlocks(text: string): readonly WireValue[] {
  return text === '' ? [] : [{ type: 'text', text }];
}

function toBlocks(part: ChatPart): readonly WireValue[] {
  switch (part.type) {
    case 'text':
      return textBlocks(part.text);
    case 'image':
      return [{ type: 'image', source: sourceOf(part.media) }];
    case 'document': {
      const { name } = part.media;
      const title = name === null ? {} : { title: name };
      return [{ type: 'document', source: sourceOf(part.media), ...title }];
    }
    // `unsupportedFields` has refused it.
    case 'audio':
      return [];
  }
}

function sourceOf(media: MediaRef): WireValue {
  return { type: 'base64', media_type: media.mimeType, data: new MediaSlot(media, 'base64') };
}

function toToolUse({ id, name, arguments: text }: ToolCall): WireValue {
  return { type: 'tool_use', id, name, input: argumentsFrom(text) };
}
