import { isJsonObject, type Json, type JsonObject } from '../../../../src/domain/json.ts';
import { errorAnswer, jsonAnswer } from '../error-answer.ts';
import type { Answer, Call, Scripted } from '../types.ts';
import { newWork, progressOf, type Work, type Works } from '../work.ts';
import { contentFor, type Content } from './chat-content.ts';
import {
  badRequest,
  objectOrEmpty,
  readChatRequest,
  tokensOf,
  type ChatRequest,
} from './chat-request.ts';

/** A response that was asked for in the background. */
export type ResponseWork = Work & { readonly request: ChatRequest; readonly metadata: Json };

const target = /^(GET|POST) \/v1\/responses\/([^/]+)(\/cancel)?$/;

/** Answers everything below `/v1/responses`; null for what is not there. */
export function answerResponses(
  call: Call,
  scripted: Scripted,
  works: Works<ResponseWork>,
  nowMs: number,
): Answer | null {
  const asked = `${call.method} ${call.path}`;
  if (asked === 'POST /v1/responses') return create(call, scripted, works, nowMs);
  const [, method, id, cancels] = target.exec(asked) ?? [];
  if (id === undefined || (method === 'POST') !== (cancels !== undefined)) return null;
  const work = works.get(id);
  if (work === null) return errorAnswer(404, { message: `Response with id '${id}' not found.` });
  return cancels === undefined ? tell(work, progressOf(work)) : cancel(work);
}

/** In the background the work is taken, and billed, at once; otherwise the whole is the answer. */
function create(call: Call, scripted: Scripted, works: Works<ResponseWork>, nowMs: number): Answer {
  const request = readChatRequest({ ...call, body: asChatBody(call) });
  const fields = objectOrEmpty(call.body);
  const work: ResponseWork = {
    ...newWork(`resp_sim_${call.seq}`, request.model, scripted, nowMs),
    request,
    metadata: fields['metadata'] ?? {},
  };
  if (fields['background'] !== true) return { ...tell(work, 'ended'), paid: true };
  works.add(work);
  return { ...tell(work, 'queued'), paid: true };
}

function cancel(work: ResponseWork): Answer {
  if (work.pollsLeft === 0 && !work.isCancelled) {
    return errorAnswer(400, { message: 'Cannot cancel a completed response.' });
  }
  work.isCancelled = true;
  return tell(work, 'cancelled');
}

function tell(work: ResponseWork, progress: ReturnType<typeof progressOf>): Answer {
  const head = {
    id: work.id,
    object: 'response',
    created_at: Math.floor(work.createdAtMs / 1000),
    background: true,
    model: work.model,
    metadata: work.metadata,
    error: null,
    incomplete_details: null,
    output: [],
    usage: null,
  };
  const end = progress === 'ended' ? endOf(work) : { status: progress };
  return jsonAnswer(200, { ...head, ...end }, { paid: false });
}

function endOf({ id, request, scripted }: ResponseWork): object {
  const { fault, reply } = scripted;
  if (fault.fails_later === true) {
    const message = fault.message ?? 'The simulated work failed.';
    return { status: 'failed', error: { code: fault.code ?? 'server_error', message } };
  }
  const content = contentFor(request, scripted);
  const isCut = content.finishReason === 'length';
  return {
    status: isCut ? 'incomplete' : 'completed',
    incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
    output: outputOf(id, content),
    usage: reply?.usage ?? usageOf(request, content),
  };
}

function outputOf(id: string, { text, refusal, toolCalls }: Content): readonly object[] {
  const part =
    refusal === null
      ? { type: 'output_text', text, annotations: [] }
      : { type: 'refusal', refusal };
  const message = { type: 'message', id: `msg_${id}`, role: 'assistant', status: 'completed' };
  const calls = toolCalls.map((asked) => ({
    type: 'function_call',
    id: `fc_${asked.id}`,
    call_id: asked.id,
    name: asked.name,
    arguments: asked.arguments,
  }));
  return calls.length > 0 ? calls : [{ ...message, content: [part] }];
}

function usageOf({ promptTokens, reasoningTokens }: ChatRequest, content: Content): object {
  const output = tokensOf((content.refusal ?? content.text).length) + reasoningTokens;
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: promptTokens + output,
  };
}

/** The request in the words of chat, which the pretended model understands. */
function asChatBody(call: Call): JsonObject {
  const body = objectOrEmpty(call.body);
  const { input, text, reasoning, tools } = body;
  if (input === undefined) throw badRequest("Missing required parameter: 'input'.", 'input');
  const { type, ...schema } = objectOrEmpty(objectOrEmpty(text)['format']);
  const list: readonly Json[] = Array.isArray(tools) ? tools : [];
  return {
    model: body['model'] ?? null,
    messages: messagesOf(input),
    ...(body['max_output_tokens'] === undefined ? {} : { max_tokens: body['max_output_tokens'] }),
    ...(type === 'json_schema' ? { response_format: { type, json_schema: schema } } : {}),
    reasoning_effort: objectOrEmpty(reasoning)['effort'] ?? null,
    tools: list.map((tool) => ({ type: 'function', function: tool })),
    tool_choice: asChatChoice(body['tool_choice']),
  };
}

function asChatChoice(choice: Json | undefined): Json {
  const name = objectOrEmpty(choice)['name'];
  return name === undefined ? (choice ?? null) : { type: 'function', function: { name } };
}

function messagesOf(input: Json): readonly Json[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  const items: readonly Json[] = Array.isArray(input) ? input : [];
  return items.map((item) =>
    isJsonObject(item) && item['type'] === 'function_call_output'
      ? { role: 'tool', content: item['output'] ?? '' }
      : { role: 'assistant', content: '', ...objectOrEmpty(item) },
  );
}
