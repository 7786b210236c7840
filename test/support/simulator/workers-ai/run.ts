import type { Json, JsonObject } from '../../../../src/domain/json.ts';
import { jsonAnswer } from '../error-answer.ts';
import { contentFor, type Content } from '../openai/chat-content.ts';
import { objectOrEmpty, readChatRequest } from '../openai/chat-request.ts';
import { vectorOf } from '../openai/embeddings.ts';
import { pixel } from '../openai/images.ts';
import { doneFrame, eventFrame, splitText } from '../sse.ts';
import { RequestRefused, type Answer, type Call, type Scripted } from '../types.ts';
import { errorBodyIn } from '../wire-dialect.ts';
import { newWork, progressOf, type Work, type Works } from '../work.ts';

/** A request in the queue. */
export type QueuedRun = Work & { readonly input: JsonObject };

const dimensions = 1_024;

/** Answers `POST …/ai/run/{model}`; what is asked for shows in the fields of the input, as with the real models. */
export function answerWorkersAi(
  call: Call,
  scripted: Scripted,
  queue: Works<QueuedRun>,
  nowMs: number,
): Answer | null {
  if (call.method !== 'POST' || call.model === null) return null;
  // The bytes of a sound are no JSON.
  const input = call.body === undefined ? { audio: 'bytes' } : objectOrEmpty(call.body);
  if (Array.isArray(input['requests']))
    return enqueue(call, input['requests'], scripted, queue, nowMs);
  if (typeof input['request_id'] === 'string') return askQueue(input['request_id'], queue);
  return input['stream'] === true
    ? stream(call, scripted)
    : jsonAnswer(200, wrapped(resultOf(call, input, scripted)), { paid: true });
}

function enqueue(
  call: Call,
  requests: readonly Json[],
  scripted: Scripted,
  queue: Works<QueuedRun>,
  nowMs: number,
): Answer {
  const model = call.model ?? 'unknown';
  const run: QueuedRun = {
    ...newWork(`queued-sim-${call.seq}`, model, scripted, nowMs),
    input: objectOrEmpty(requests[0]),
  };
  queue.add(run);
  const result = { status: 'queued', request_id: run.id, model };
  return jsonAnswer(200, wrapped(result), { paid: true });
}

function askQueue(id: string, queue: Works<QueuedRun>): Answer {
  const run = queue.get(id);
  if (run === null) throw refused('5004: no such request');
  const progress = progressOf(run);
  if (progress !== 'ended') {
    const status = progress === 'queued' ? 'queued' : 'running';
    return jsonAnswer(200, wrapped({ status, request_id: id }), { paid: false });
  }
  const { scripted, model, input } = run;
  const call = { seq: 0, method: 'POST', path: '', model, body: input, bodyText: '' };
  const response =
    scripted.fault.fails_later === true
      ? { success: false, error: scripted.fault.message ?? 'AiError: 3040: no capacity' }
      : { success: true, result: resultOf(call, input, scripted) };
  return jsonAnswer(200, wrapped({ responses: [{ id: 0, ...response }] }), { paid: false });
}

function resultOf(call: Call, input: JsonObject, scripted: Scripted): Json {
  const { text, query, contexts, prompt } = input;
  if (input['messages'] !== undefined) return answered(call, scripted);
  if (Array.isArray(text)) {
    const data = text.map((item: Json) => vectorOf(textOf(item), dimensions));
    return { shape: [data.length, dimensions], data };
  }
  if (typeof text === 'string') return labelled(text);
  if (query !== undefined) return ranked(textOf(query), contexts);
  if (typeof prompt === 'string') return { image: pixel };
  if (input['audio'] !== undefined)
    return { text: scripted.reply?.text ?? 'Simulated transcript.' };
  throw refused('5004: the input is invalid');
}

function contentOf(call: Call, scripted: Scripted) {
  const body = objectOrEmpty(call.body);
  const format = objectOrEmpty(body['response_format']);
  const named = {
    type: 'json_schema',
    json_schema: { name: 'x', schema: format['json_schema'] ?? {} },
  };
  const isJson = format['type'] === 'json_schema';
  const asked = { ...body, model: call.model, ...(isJson ? { response_format: named } : {}) };
  const request = readChatRequest({ ...call, body: asked });
  const content = contentFor(request, scripted);
  const completion = Math.ceil(content.text.length / 4);
  const usage = scripted.reply?.usage ?? {
    prompt_tokens: request.promptTokens,
    completion_tokens: completion,
    total_tokens: request.promptTokens + completion,
  };
  return { content, usage };
}

/** A refusal is a text like any other here. */
function answered(call: Call, scripted: Scripted): JsonObject {
  const { content, usage } = contentOf(call, scripted);
  const isGuard = call.model?.includes('llama-guard') === true && scripted.reply === undefined;
  const response = isGuard ? 'safe' : (content.refusal ?? content.text);
  return { response, tool_calls: callsOf(content), usage };
}

function callsOf({ toolCalls }: Content): readonly JsonObject[] {
  return toolCalls.map(({ name, arguments: given }) => ({
    name,
    arguments: JSON.parse(given) as Json,
  }));
}

function stream(call: Call, scripted: Scripted): Answer {
  const { content, usage } = contentOf(call, scripted);
  const { fault } = scripted;
  const texts = splitText(content.refusal ?? content.text).map((response) =>
    eventFrame({ response }),
  );
  const tools = callsOf(content);
  const asked = tools.length === 0 ? [] : [eventFrame({ response: null, tool_calls: tools })];
  const end = [eventFrame({ response: '', usage }), doneFrame];
  const isWhole = fault.stream_error === undefined;
  const failed = eventFrame({ error: fault.message ?? 'AiError: 3040: no capacity' });
  const pieces = isWhole
    ? [...texts, ...asked, ...end]
    : [...texts.slice(0, fault.stream_error), failed];
  return { status: 200, contentType: 'text/event-stream', headers: {}, pieces, paid: isWhole };
}

function labelled(text: string): Json {
  const score = text.includes('!') ? 0.9 : 0.4;
  return [
    { label: 'NEGATIVE', score: 1 - score },
    { label: 'POSITIVE', score },
  ];
}

/** By how near the vectors are. */
function ranked(query: string, contexts: Json | undefined): Json {
  const wanted = vectorOf(query, dimensions);
  const list = Array.isArray(contexts) ? contexts : [];
  const response = list.map((context: Json, id) => {
    const vector = vectorOf(textOf(objectOrEmpty(context)['text']), dimensions);
    const near = vector.reduce((sum, value, at) => sum + value * (wanted[at] ?? 0), 0);
    return { id, score: (near + 1) / 2 };
  });
  return { response };
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function wrapped(result: Json): JsonObject {
  return { result, success: true, errors: [], messages: [] };
}

function refused(message: string): RequestRefused {
  const body = errorBodyIn('workers-ai', 400, message, { type: null, code: 5004 });
  return new RequestRefused(jsonAnswer(400, body, { paid: false }));
}
