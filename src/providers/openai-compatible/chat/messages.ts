import type { ChatMessage, ChatPart, ToolCall } from '../../../domain/model/model-call.ts';
import type { MediaRef } from '../../../domain/model/media.ts';
import { MediaSlot, type WireValue } from '../../http/wire-body.ts';

/** A message as the chat API has it. */
export function toWireMessage(message: ChatMessage): WireValue {
  if (message.role === 'tool') {
    return { role: 'tool', tool_call_id: message.toolCallId, content: message.content };
  }
  const { role, content, toolCalls = [] } = message;
  const said = typeof content === 'string' ? content : content.map(toWirePart);
  if (toolCalls.length === 0) return { role, content: said };
  return { role, content: said.length === 0 ? null : said, tool_calls: toolCalls.map(toWireCall) };
}

function toWirePart(part: ChatPart): WireValue {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'image': {
      const url = new MediaSlot(part.media, 'data_url');
      const detail = part.detail === undefined ? {} : { detail: part.detail };
      return { type: 'image_url', image_url: { url, ...detail } };
    }
    case 'audio': {
      const data = new MediaSlot(part.media, 'base64');
      // `unsupportedFields` has refused any other format.
      return { type: 'input_audio', input_audio: { data, format: audioFormatOf(part.media) } };
    }
    case 'document': {
      const file_data = new MediaSlot(part.media, 'data_url');
      return { type: 'file', file: { filename: fileNameOf(part.media), file_data } };
    }
  }
}

function toWireCall({ id, name, arguments: text }: ToolCall): WireValue {
  return { id, type: 'function', function: { name, arguments: text } };
}

const audioFormats: Readonly<Record<string, 'wav' | 'mp3'>> = {
  'audio/wav': 'wav',
  'audio/wave': 'wav',
  'audio/x-wav': 'wav',
  'audio/mpeg': 'mp3',
  'audio/mp3': 'mp3',
};

/** Chat takes two formats of sound; null for every other. */
export function audioFormatOf({ mimeType }: MediaRef): 'wav' | 'mp3' | null {
  return Object.hasOwn(audioFormats, mimeType) ? (audioFormats[mimeType] ?? null) : null;
}

/** A name is wanted even where there is none; its ending tells the format. */
export function fileNameOf({ name, mimeType }: MediaRef): string {
  if (name !== null) return name;
  return mimeType === 'application/pdf' ? 'document.pdf' : 'document';
}
