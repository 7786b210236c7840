import type { ChatMessage, ChatPart } from '../../../domain/model/model-call.ts';
import { MediaSlot, type WireValue } from '../../http/wire-body.ts';
import { fileNameOf } from '../../openai-compatible/chat/messages.ts';

/** A message as items of a response's input: calls of tools and their outputs are items of their own. */
export function toItems(message: ChatMessage): readonly WireValue[] {
  if (message.role === 'tool') {
    const { toolCallId, content } = message;
    return [{ type: 'function_call_output', call_id: toolCallId, output: content }];
  }
  const { role, content, toolCalls = [] } = message;
  const said = content.length === 0 && toolCalls.length > 0 ? [] : [messageItem(role, content)];
  const calls = toolCalls.map(({ id, name, arguments: text }) => ({
    type: 'function_call',
    call_id: id,
    name,
    arguments: text,
  }));
  return [...said, ...calls];
}

function messageItem(role: string, content: string | readonly ChatPart[]): WireValue {
  if (typeof content === 'string') return { role, content };
  // What the model said itself goes back in under its own name.
  const textType = role === 'assistant' ? 'output_text' : 'input_text';
  return { role, content: content.map((part) => toPart(part, textType)) };
}

function toPart(part: ChatPart, textType: string): WireValue {
  switch (part.type) {
    case 'text':
      return { type: textType, text: part.text };
    case 'image': {
      const image_url = new MediaSlot(part.media, 'data_url');
      return { type: 'input_image', image_url, detail: part.detail ?? 'auto' };
    }
    case 'document': {
      const file_data = new MediaSlot(part.media, 'data_url');
      return { type: 'input_file', filename: fileNameOf(part.media), file_data };
    }
    // `unsupportedInResponses` has refused it.
    case 'audio':
      return { type: 'input_audio', input_audio: { data: new MediaSlot(part.media, 'base64') } };
  }
}
