import type { Json, JsonObject } from '../../../../src/domain/json.ts';
import { errorAnswer, jsonAnswer } from '../error-answer.ts';
import { contentFor, type Content } from '../openai/chat-content.ts';
import { objectOrEmpty, tokensOf, type ChatRequest } from '../openai/chat-request.ts';
import { vectorOf } from '../openai/embeddings.ts';
import { pixel } from '../openai/images.ts';
import { eventFrame, splitText } from '../sse.ts';
import { RequestRefused, type Answer, type Call, type Fault, type Scripted } from '../types.ts';
import { basePathOf, errorBodyIn } from '../wire-dialect.ts';

const method = new RegExp(`^POST ${basePathOf.google}/(?:models|tunedModels)/[^/:]+:(\\w+)$`);
const dimensionsDefault = 3_072;

/** Answers everything below Google's base path; null for what is not there. */
export function answerGoogle(call: Call, scripted: Scripted): Answer | null {
  const [, asked] = method.exec(`${call.method} ${call.path}`) ?? [];
  switch (asked) {
    case 'generateContent':
      return generate(call, scripted, false);
    case 'streamGenerateContent':
      return generate(call, scripted, true);
    case 'batchEmbedContents':
      return embed(call);
    default:
      return null;
  }
}

function generate(call: Call, scripted: Scripted, isStreamed: boolean): Answer {
  const body = objectOrEmpty(call.body);
  const request = readRequest(body, call.model ?? 'unknown', isStreamed);
  const { fault } = scripted;
  const content = contentFor(request, scripted);
  const head = { modelVersion: request.model, responseId: `resp_sim_${call.seq}` };
  const usageMetadata = scripted.reply?.usage ?? usageOf(request, content);
  if (fault.stream_error !== undefined && !isStreamed) {
    return jsonAnswer(200, streamError(fault), { paid: false });
  }
  const parts = wantsImage(body) ? [{ inlineData: { mimeType: 'image/png', data: pixel } }] : null;
  const finishReason = content.refusal === null ? reasons[content.finishReason] : 'SAFETY';
  const pieces = parts === null ? partsOf(content, isStreamed) : [parts];
  if (!isStreamed) {
    const whole = pieceOf(pieces.flat(), finishReason);
    return jsonAnswer(200, { ...whole, usageMetadata, ...head }, { paid: true });
  }
  const frames = pieces.map((piece, at) =>
    eventFrame({
      ...pieceOf(piece, at === pieces.length - 1 ? finishReason : null),
      usageMetadata:
        at === pieces.length - 1 ? usageMetadata : { promptTokenCount: request.promptTokens },
      ...head,
    }),
  );
  const isWhole = fault.stream_error === undefined;
  const sent = isWhole
    ? frames
    : [...frames.slice(0, -1).slice(0, fault.stream_error), eventFrame(streamError(fault))];
  return {
    status: 200,
    contentType: 'text/event-stream',
    headers: {},
    pieces: sent,
    paid: isWhole,
  };
}

const reasons = { stop: 'STOP', length: 'MAX_TOKENS', tool_calls: 'STOP' } as const;

function pieceOf(parts: readonly object[], finishReason: string | null): object {
  const content = { role: 'model', parts };
  return {
    candidates: [{ content, index: 0, ...(finishReason === null ? {} : { finishReason }) }],
  };
}

/** The parts of an answer; of a stream one list for each piece. */
function partsOf({ text, refusal, toolCalls }: Content, isStreamed: boolean): readonly object[][] {
  if (refusal !== null) return [[]];
  if (toolCalls.length > 0) {
    return toolCalls.map(({ id, name, arguments: given }) => [
      { functionCall: { id, name, args: JSON.parse(given) as Json } },
    ]);
  }
  const texts = isStreamed ? splitText(text) : [text];
  return texts.length === 0 ? [[]] : texts.map((piece) => [{ text: piece }]);
}

function usageOf(request: ChatRequest, { text }: Content): JsonObject {
  const candidates = tokensOf(text.length);
  return {
    promptTokenCount: request.promptTokens,
    candidatesTokenCount: candidates,
    thoughtsTokenCount: request.reasoningTokens,
    totalTokenCount: request.promptTokens + candidates + request.reasoningTokens,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: request.promptTokens }],
  };
}

function readRequest(body: JsonObject, model: string, stream: boolean): ChatRequest {
  const { contents, systemInstruction } = body;
  if (!Array.isArray(contents) || contents.length === 0) throw refused('contents is not specified');
  const texts = contents.map((turn: Json) => {
    const { role = 'user' } = objectOrEmpty(turn);
    if (role !== 'user' && role !== 'model') throw refused('Please use a valid role: user, model.');
    return { role, text: textOf(turn) };
  });
  const characters = texts.reduce(
    (sum, { text }) => sum + text.length,
    textOf(systemInstruction).length,
  );
  const config = objectOrEmpty(body['generationConfig']);
  const { maxOutputTokens, stopSequences, responseMimeType, responseJsonSchema: schema } = config;
  const isJson = responseMimeType === 'application/json';
  return {
    model,
    lastUserText: texts.findLast(({ role }) => role === 'user')?.text ?? '',
    promptTokens: tokensOf(characters),
    stream,
    includeUsage: true,
    schema: isJson && schema !== undefined ? schema : null,
    wantsJson: isJson,
    charactersMax: typeof maxOutputTokens === 'number' ? maxOutputTokens * 4 : Infinity,
    stop: Array.isArray(stopSequences) ? (stopSequences as string[]) : [],
    reasoningTokens: config['thinkingConfig'] === undefined ? 0 : 64,
    forcedTool: forcedTool(body),
  };
}

function forcedTool(body: JsonObject): ChatRequest['forcedTool'] {
  const config = objectOrEmpty(objectOrEmpty(body['toolConfig'])['functionCallingConfig']);
  if (config['mode'] !== 'ANY') return null;
  const allowed = config['allowedFunctionNames'];
  const { tools } = body;
  const declared = (Array.isArray(tools) ? tools : [])
    .flatMap((tool: Json) => objectOrEmpty(tool)['functionDeclarations'] ?? [])
    .map((declaration: Json) => objectOrEmpty(declaration));
  const tool = declared.find(({ name = '' }) => !Array.isArray(allowed) || allowed.includes(name));
  if (typeof tool?.['name'] !== 'string') throw refused('allowed_function_names is invalid');
  return { name: tool['name'], parameters: tool['parametersJsonSchema'] ?? {} };
}

function wantsImage(body: JsonObject): boolean {
  const { responseModalities } = objectOrEmpty(body['generationConfig']);
  return Array.isArray(responseModalities) && responseModalities.includes('IMAGE');
}

function textOf(turn: Json | undefined): string {
  const { parts } = objectOrEmpty(turn);
  return (Array.isArray(parts) ? parts : [])
    .map((part: Json) => objectOrEmpty(part)['text'])
    .filter((text) => typeof text === 'string')
    .join(' ');
}

/** Answers `:batchEmbedContents`. */
function embed(call: Call): Answer {
  const { requests } = objectOrEmpty(call.body);
  if (!Array.isArray(requests) || requests.length === 0) throw refused('requests is not specified');
  const embeddings = requests.map((request: Json) => {
    const { content, outputDimensionality: wanted, model } = objectOrEmpty(request);
    if (typeof model !== 'string' || !model.startsWith('models/'))
      throw refused('model is required');
    const dimensions = typeof wanted === 'number' ? wanted : dimensionsDefault;
    return { values: vectorOf(textOf(content), dimensions) };
  });
  return jsonAnswer(200, { embeddings }, { paid: true });
}

function streamError({
  type = 'UNAVAILABLE',
  message = 'The model is overloaded.',
}: Fault): object {
  return errorBodyIn('google', 503, message, { type, code: null }) ?? {};
}

function refused(message: string): RequestRefused {
  return new RequestRefused(errorAnswer(400, { message }, 'google'));
}
