import type { Json, JsonObject } from '../../../../src/domain/json.ts';
import { errorAnswer, jsonAnswer } from '../error-answer.ts';
import { contentFor, type Content } from '../openai/chat-content.ts';
import { objectOrEmpty, tokensOf, type ChatRequest } from '../openai/chat-request.ts';
import { splitText } from '../sse.ts';
import { RequestRefused, type Answer, type Call, type Fault, type Scripted } from '../types.ts';
import { errorBodyIn } from '../wire-dialect.ts';

/** Answers `POST /messages`. */
export function answerMessages(call: Call, scripted: Scripted): Answer {
  const body = objectOrEmpty(call.body);
  const request = readMessagesRequest(body);
  const message = messageOf(`msg_sim_${call.seq}`, request, scripted);
  const { fault } = scripted;
  if (!request.stream) {
    return fault.stream_error === undefined
      ? jsonAnswer(200, message, { paid: true })
      : jsonAnswer(200, streamError(fault), { paid: false });
  }
  const frames = framesOf(message);
  const pieces =
    fault.stream_error === undefined
      ? frames
      : [
          ...frames.slice(0, 2 + fault.stream_error),
          frame({ ...streamError(fault), type: 'error' }),
        ];
  const paid = fault.stream_error === undefined;
  return { status: 200, contentType: 'text/event-stream', headers: {}, pieces, paid };
}

/** Reads what is asked of the model; refuses what Anthropic would refuse. */
export function readMessagesRequest(body: JsonObject): ChatRequest {
  const { model, messages, max_tokens: tokensMax, system } = body;
  if (typeof model !== 'string' || model === '') throw refused('model: Field required');
  if (typeof tokensMax !== 'number' || tokensMax < 1) throw refused('max_tokens: Field required');
  if (!Array.isArray(messages) || messages.length === 0) throw refused('messages: Field required');
  const texts = messages.map((message: Json) => {
    const { role, content } = objectOrEmpty(message);
    if (role !== 'user' && role !== 'assistant') throw refused('messages: Unexpected role');
    return { role, text: textOf(content) };
  });
  const characters = texts.reduce((sum, { text }) => sum + text.length, textOf(system).length);
  const config = objectOrEmpty(body['output_config']);
  const format = objectOrEmpty(config['format']);
  return {
    model,
    lastUserText: texts.findLast(({ role }) => role === 'user')?.text ?? '',
    promptTokens: tokensOf(characters),
    stream: body['stream'] === true,
    includeUsage: true,
    schema: format['type'] === 'json_schema' ? (format['schema'] ?? {}) : null,
    wantsJson: false,
    charactersMax: tokensMax * 4,
    stop: textsOf(body['stop_sequences']),
    reasoningTokens: config['effort'] === 'high' ? 256 : 0,
    forcedTool: forcedTool(body),
  };
}

/** The whole message, as it is answered without a stream and in a batch. */
export function messageOf(id: string, request: ChatRequest, scripted: Scripted): JsonObject {
  const content = contentFor(request, scripted);
  return {
    id,
    type: 'message',
    role: 'assistant',
    model: request.model,
    content: blocksOf(content),
    stop_reason: content.refusal === null ? stopReasons[content.finishReason] : 'refusal',
    stop_sequence: null,
    usage: scripted.reply?.usage ?? usageOf(request, content),
  };
}

const stopReasons = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' } as const;

function blocksOf({ text, toolCalls, refusal }: Content): readonly JsonObject[] {
  if (refusal !== null) return [];
  if (toolCalls.length === 0) return [{ type: 'text', text }];
  return toolCalls.map(({ id, name, arguments: given }) => ({
    type: 'tool_use',
    id,
    name,
    input: JSON.parse(given) as Json,
  }));
}

function usageOf(request: ChatRequest, { text }: Content): JsonObject {
  const thinking = request.reasoningTokens;
  return {
    input_tokens: request.promptTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: tokensOf(text.length) + thinking,
    output_tokens_details: { thinking_tokens: thinking },
    service_tier: 'standard',
  };
}

/** The stream as Anthropic sends it: the head with the usage of the input, the blocks in pieces, the end. */
function framesOf(message: JsonObject): string[] {
  const { content, stop_reason, stop_sequence, usage } = message;
  const counted = objectOrEmpty(usage);
  const head = {
    ...message,
    content: [],
    stop_reason: null,
    usage: { ...counted, output_tokens: 1 },
  };
  const blocks = content as readonly JsonObject[];
  return [
    frame({ type: 'message_start', message: head }),
    ...blocks.flatMap(blockFrames),
    frame({ type: 'message_delta', delta: { stop_reason, stop_sequence }, usage: counted }),
    frame({ type: 'message_stop' }),
  ];
}

function blockFrames(block: JsonObject, index: number): string[] {
  const { text } = block;
  const isText = typeof text === 'string';
  const empty = isText ? { ...block, text: '' } : { ...block, input: {} };
  const whole = isText ? text : JSON.stringify(block['input']);
  const deltas = splitText(whole).map((piece) =>
    isText
      ? { type: 'text_delta', text: piece }
      : { type: 'input_json_delta', partial_json: piece },
  );
  return [
    frame({ type: 'content_block_start', index, content_block: empty }),
    ...deltas.map((delta) => frame({ type: 'content_block_delta', index, delta })),
    frame({ type: 'content_block_stop', index }),
  ];
}

function frame(event: { readonly type: string; readonly [field: string]: unknown }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function streamError({ type = 'overloaded_error', message = 'Overloaded' }: Fault): object {
  return errorBodyIn('anthropic', 529, message, { type, code: null }) ?? {};
}

function forcedTool({ tools, tool_choice: choice }: JsonObject): ChatRequest['forcedTool'] {
  const { type, name } = objectOrEmpty(choice);
  if (type !== 'any' && type !== 'tool') return null;
  const list = (Array.isArray(tools) ? tools : []).map((tool: Json) => objectOrEmpty(tool));
  const tool = list.find((known) => type === 'any' || known['name'] === name);
  if (typeof tool?.['name'] !== 'string') throw refused('tool_choice: no such tool');
  return { name: tool['name'], parameters: tool['input_schema'] ?? {} };
}

/** A message's content is a text or a list of blocks, results of tools among them. */
function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((block: Json) => {
      const { text, content: result } = objectOrEmpty(block);
      return typeof text === 'string' ? text : result;
    })
    .filter((text) => typeof text === 'string')
    .join(' ');
}

function textsOf(list: Json | undefined): readonly string[] {
  return Array.isArray(list) ? list.filter((item: Json) => typeof item === 'string') : [];
}

export function refused(message: string): RequestRefused {
  return new RequestRefused(errorAnswer(400, { message }, 'anthropic'));
}
