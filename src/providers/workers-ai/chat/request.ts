import type { JsonObject } from '../../../domain/json.ts';
import type { ChatCall, ChatMessage, ChatPart, Tool } from '../../../domain/model/model-call.ts';
import type { WireValue } from '../../http/wire-body.ts';
import { toWireMessage } from '../../openai-compatible/chat/messages.ts';

/** The models' own limit is 256, and nothing in their replies says that it was reached. */
const MAX_TOKENS_DEFAULT = 2_048;

/** After so many tokens an answer breaks off. */
export function tokensMax({ parameters }: ChatCall): number {
  return parameters.maxOutputTokens ?? MAX_TOKENS_DEFAULT;
}

/** The input of a model that writes. JSON cannot be streamed, and what is queued is not. */
export function chatInput(call: ChatCall): { readonly [name: string]: WireValue } {
  const { stream: _stream, ...options } = call.options ?? {};
  const { temperature, topP, seed } = call.parameters;
  const isStreamed = call.output.kind === 'text' && call.execution !== 'batch';
  return {
    ...options,
    messages: call.messages.map((message) => toWireMessage(plain(message))),
    max_tokens: tokensMax(call),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(seed === undefined ? {} : { seed }),
    ...toolFields(call),
    ...formatFields(call),
    ...(isStreamed ? { stream: true } : {}),
  };
}

/** Only models with eyes know parts; for text alone a text will do. */
function plain(message: ChatMessage): ChatMessage {
  if (message.role === 'tool' || typeof message.content === 'string') return message;
  const texts = message.content.flatMap((part: ChatPart) =>
    part.type === 'text' ? [part.text] : [],
  );
  return texts.length === message.content.length
    ? { ...message, content: texts.join('') }
    : message;
}

function toolFields({ tools = [] }: ChatCall): JsonObject {
  return tools.length === 0 ? {} : { tools: tools.map(toolOf) };
}

function toolOf({ name, description, parameters }: Tool): JsonObject {
  const said = description === undefined ? {} : { description };
  return { type: 'function', function: { name, ...said, parameters } };
}

/** Unlike with OpenAI, the schema stands there without a name around it. */
function formatFields({ output }: ChatCall): JsonObject {
  return output.kind === 'text'
    ? {}
    : { response_format: { type: 'json_schema', json_schema: output.schema } };
}
