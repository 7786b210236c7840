import { isJsonObject, type Json } from '../../domain/json.ts';
import type { ChatCall, ChatMessage } from '../../domain/model/model-call.ts';
import { cutList, cutText } from '../../domain/shown-request.ts';

/** The messages of a chat as the model would read them; files are their names. */
export function shownMessages({ messages }: ChatCall): Json {
  return messages.map((message) => ({
    role: message.role,
    content: shownContent(message.content),
    ...('toolCalls' in message && message.toolCalls !== undefined
      ? { tool_calls: message.toolCalls.map((called) => ({ ...called })) }
      : {}),
    ...('toolCallId' in message ? { tool_call_id: message.toolCallId } : {}),
  }));
}

function shownContent(content: ChatMessage['content']): Json {
  if (typeof content === 'string') return cutText(content);
  return content.map((part) =>
    part.type === 'text'
      ? { type: 'text', text: cutText(part.text) }
      : { type: part.type, file: part.media.file, name: part.media.name },
  );
}

/** Any value with its long texts cut. */
export function shownValue(value: Json): Json {
  if (typeof value === 'string') return cutText(value);
  if (Array.isArray(value)) return cutList(value, shownValue);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, shownValue(inner)]),
  );
}
