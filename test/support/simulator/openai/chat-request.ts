import { isJsonObject, type Json, type JsonObject } from '../../../../src/domain/json.ts';
import { errorAnswer } from '../error-answer.ts';
import { RequestRefused, type Call } from '../types.ts';

/** What the simulator needs to know of a chat request. */
export type ChatRequest = {
  readonly model: string;
  readonly lastUserText: string;
  readonly promptTokens: number;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** The schema of a `json_schema` response format. */
  readonly schema: Json | null;
  readonly wantsJson: boolean;
  readonly charactersMax: number;
  readonly stop: readonly string[];
  readonly reasoningTokens: number;
  /** The tool that the model has to call, with the schema of its arguments. */
  readonly forcedTool: { readonly name: string; readonly parameters: Json } | null;
};

const reasoningTokensByEffort: Readonly<Record<string, number>> = {
  minimal: 0,
  low: 16,
  medium: 64,
  high: 256,
};

/** The measure of all usage numbers here: a quarter of the characters, rounded up. */
export function tokensOf(characters: number): number {
  return Math.ceil(characters / 4);
}

/** Reads the body of a chat request; refuses what OpenAI would refuse. */
export function readChatRequest(call: Call): ChatRequest {
  const body = requireObject(call.body);
  const texts = readMessages(body['messages']);
  const format = objectOrEmpty(body['response_format']);
  const characters = texts.reduce((sum, message) => sum + message.text.length, 0);
  const effort = body['reasoning_effort'];
  return {
    model: requireModel(body),
    lastUserText: texts.findLast((message) => message.role === 'user')?.text ?? '',
    promptTokens: tokensOf(characters),
    stream: body['stream'] === true,
    includeUsage: objectOrEmpty(body['stream_options'])['include_usage'] === true,
    schema: readSchema(format),
    wantsJson: format['type'] === 'json_object',
    charactersMax: readTokensMax(body) * 4,
    stop: readStop(body['stop']),
    forcedTool: readForcedTool(body),
    reasoningTokens: typeof effort === 'string' ? (reasoningTokensByEffort[effort] ?? 0) : 0,
  };
}

/** The model's name; a missing one is refused. */
export function requireModel(body: JsonObject): string {
  const { model } = body;
  if (typeof model === 'string' && model !== '') return model;
  throw badRequest('you must provide a model parameter', 'model');
}

export function requireObject(body: Json | undefined): JsonObject {
  if (body !== undefined && isJsonObject(body)) return body;
  throw badRequest('We could not parse the JSON body of your request.');
}

export function badRequest(message: string, param?: string): RequestRefused {
  return new RequestRefused(
    errorAnswer(400, { message, ...(param === undefined ? {} : { param }) }),
  );
}

function readMessages(messages: Json | undefined): { role: string; text: string }[] {
  if (!Array.isArray(messages) || messages.length === 0) {
    throw badRequest("Missing required parameter: 'messages'.", 'messages');
  }
  return messages.map((message: Json, index) => {
    const { role, content } = objectOrEmpty(message);
    if (typeof role !== 'string') {
      throw badRequest(`Missing required parameter: 'messages[${index}].role'.`, 'messages');
    }
    return { role, text: textOf(content) };
  });
}

/** A message's content is a text or a list of parts. */
function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: Json) => objectOrEmpty(part)['text'])
    .filter((text) => typeof text === 'string')
    .join(' ');
}

function readSchema(format: JsonObject): Json | null {
  if (format['type'] !== 'json_schema') return null;
  const wrapper = objectOrEmpty(format['json_schema']);
  if (typeof wrapper['name'] !== 'string') {
    throw badRequest(
      "Missing required parameter: 'response_format.json_schema.name'.",
      'response_format.json_schema.name',
    );
  }
  return wrapper['schema'] ?? {};
}

/** The tool that `tool_choice` names, or the first one where any must be called. */
function readForcedTool({ tools, tool_choice: choice }: JsonObject): ChatRequest['forcedTool'] {
  const list: readonly Json[] = Array.isArray(tools) ? tools : [];
  const functions = list.map((tool) => objectOrEmpty(objectOrEmpty(tool)['function']));
  const wanted = objectOrEmpty(objectOrEmpty(choice)['function'])['name'];
  if (choice !== 'required' && wanted === undefined) return null;
  const tool = functions.find(({ name }) => wanted === undefined || name === wanted);
  if (typeof tool?.['name'] !== 'string') {
    throw badRequest("Invalid value for 'tool_choice': no such tool in 'tools'.", 'tool_choice');
  }
  return { name: tool['name'], parameters: tool['parameters'] ?? {} };
}

function readTokensMax(body: JsonObject): number {
  const limit = body['max_completion_tokens'] ?? body['max_tokens'];
  return typeof limit === 'number' && limit > 0 ? limit : Infinity;
}

function readStop(stop: Json | undefined): readonly string[] {
  const list = Array.isArray(stop) ? stop : [stop];
  return list.filter(
    (item: Json | undefined) => typeof item === 'string' && item !== '',
  ) as string[];
}

export function objectOrEmpty(value: Json | undefined): JsonObject {
  return value !== undefined && isJsonObject(value) ? value : {};
}
