import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import type { LanguageModel } from 'ai';

import type { Json, JsonObject } from '../../../src/domain/json.ts';
import type { ChatCall } from '../../../src/domain/model/model-call.ts';
import { objectOrEmpty } from '../../support/simulator/openai/chat-request.ts';
import { apiKey, baseAt, type Base } from './base.ts';
import type { Question, Said } from './question.ts';
import { askAnthropic } from './sdk/anthropic.ts';
import { askGoogle } from './sdk/google.ts';
import { askOpenAi } from './sdk/openai.ts';
import { askResponses } from './sdk/responses.ts';

export type Vendor = {
  readonly name: string;
  readonly provider: string;
  readonly model: string;
  readonly execution?: ChatCall['execution'];
  /** The usage of an answer in the vendor's own words, with something in every bucket that the vendor has. */
  readonly usage: JsonObject;
  /** Tokens in it that were written to a cache; none unless said. */
  readonly cacheWrites?: number;
  sdk(base: Base, model: string, question: Question, streamed: boolean): Promise<Said>;
  aiSdk(base: Base, model: string): LanguageModel;
  /** What must be the same in everyone's request, whatever else they say. */
  essence(body: JsonObject): JsonObject;
};

function firstOf(value: Json | undefined): JsonObject {
  return objectOrEmpty(Array.isArray(value) ? value[0] : undefined);
}

function last(value: Json | undefined): JsonObject {
  return objectOrEmpty(Array.isArray(value) ? value.at(-1) : undefined);
}

/** A message's text, whether it stands alone or in parts. */
function textOf(content: Json | undefined): Json {
  if (typeof content === 'string') return content;
  return firstOf(content)['text'] ?? null;
}

const openAiUsage = {
  prompt_tokens: 1_000,
  completion_tokens: 300,
  total_tokens: 1_300,
  prompt_tokens_details: { cached_tokens: 600 },
  completion_tokens_details: { reasoning_tokens: 100 },
};

const openAiChat: Vendor = {
  name: 'OpenAI chat',
  provider: 'openai',
  model: 'gpt-4.1-mini',
  usage: openAiUsage,
  sdk: askOpenAi,
  aiSdk: (base, model) => createOpenAI({ baseURL: `${base.url}/v1`, apiKey }).chat(model),
  essence: (body) => {
    const tool = objectOrEmpty(firstOf(body['tools'])['function']);
    const format = objectOrEmpty(objectOrEmpty(body['response_format'])['json_schema']);
    return {
      system: textOf(firstOf(body['messages'])['content']),
      user: textOf(last(body['messages'])['content']),
      limit: body['max_completion_tokens'] ?? body['max_tokens'] ?? null,
      temperature: body['temperature'] ?? null,
      tool: [tool['name'] ?? null, tool['description'] ?? null, tool['parameters'] ?? null],
      choice: body['tool_choice'] ?? null,
      schema: [format['schema'] ?? null, format['strict'] ?? null],
    };
  },
};

const openAiResponses: Vendor = {
  name: 'OpenAI Responses',
  provider: 'openai',
  model: 'gpt-4.1-mini',
  execution: 'background',
  usage: {
    input_tokens: 1_000,
    output_tokens: 300,
    total_tokens: 1_300,
    input_tokens_details: { cached_tokens: 600 },
    output_tokens_details: { reasoning_tokens: 100 },
  },
  sdk: askResponses,
  aiSdk: (base, model) => createOpenAI({ baseURL: `${base.url}/v1`, apiKey }).responses(model),
  essence: (body) => {
    const tool = firstOf(body['tools']);
    const format = objectOrEmpty(objectOrEmpty(body['text'])['format']);
    return {
      user: textOf(last(body['input'])['content']),
      limit: body['max_output_tokens'] ?? null,
      temperature: body['temperature'] ?? null,
      tool: [tool['name'] ?? null, tool['description'] ?? null, tool['parameters'] ?? null],
      choice: body['tool_choice'] ?? null,
      schema: [format['schema'] ?? null, format['strict'] ?? null],
    };
  },
};

const anthropic: Vendor = {
  name: 'Anthropic messages',
  provider: 'anthropic',
  model: 'claude-haiku-4-5',
  cacheWrites: 50,
  usage: {
    input_tokens: 400,
    cache_creation_input_tokens: 50,
    cache_read_input_tokens: 600,
    output_tokens: 300,
    output_tokens_details: { thinking_tokens: 100 },
  },
  sdk: askAnthropic,
  aiSdk: (base, model) =>
    createAnthropic({ baseURL: `${baseAt(base, 'anthropic')}/v1`, apiKey })(model),
  essence: (body) => {
    const tool = firstOf(body['tools']);
    const format = objectOrEmpty(objectOrEmpty(body['output_config'])['format']);
    return {
      system: textOf(body['system']),
      user: textOf(last(body['messages'])['content']),
      limit: body['max_tokens'] ?? null,
      temperature: body['temperature'] ?? null,
      tool: [tool['name'] ?? null, tool['description'] ?? null, tool['input_schema'] ?? null],
      choice: objectOrEmpty(body['tool_choice'])['type'] ?? null,
      schema: format['schema'] ?? null,
    };
  },
};

const google: Vendor = {
  name: 'Google generateContent',
  provider: 'google',
  model: 'gemini-2.5-flash',
  usage: {
    promptTokenCount: 1_000,
    cachedContentTokenCount: 600,
    candidatesTokenCount: 200,
    thoughtsTokenCount: 100,
    totalTokenCount: 1_300,
  },
  sdk: askGoogle,
  aiSdk: (base, model) =>
    createGoogleGenerativeAI({ baseURL: `${baseAt(base, 'google')}/v1beta`, apiKey })(model),
  essence: (body) => {
    const config = objectOrEmpty(body['generationConfig']);
    const tools = Array.isArray(body['tools'])
      ? firstOf(body['tools'])
      : objectOrEmpty(body['tools']);
    const tool = firstOf(tools['functionDeclarations']);
    const calling = objectOrEmpty(objectOrEmpty(body['toolConfig'])['functionCallingConfig']);
    return {
      system: textOf(objectOrEmpty(body['systemInstruction'])['parts']),
      user: textOf(last(body['contents'])['parts']),
      limit: config['maxOutputTokens'] ?? null,
      temperature: config['temperature'] ?? null,
      tool: [tool['name'] ?? null, tool['description'] ?? null],
      choice: calling['mode'] ?? null,
      json: config['responseMimeType'] ?? null,
    };
  },
};

export const vendors: readonly Vendor[] = [openAiChat, openAiResponses, anthropic, google];
