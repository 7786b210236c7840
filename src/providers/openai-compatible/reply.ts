import type { Failure } from '../../domain/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import type {
  ChatCall,
  ChatResult,
  EmbedCall,
  ModelCall,
  ModelResult,
  Spent,
} from '../../domain/model-call.ts';
import type { ProviderFailureClass } from '../http/failure-sentence.ts';
import type { CallOutcome, WireReply } from '../port.ts';
import { finishedFailure, ownWords, unreadableFailure } from '../shared/failures.ts';
import { numbersOf } from '../shared/json-fields.ts';
import { askedOf, classify, isErrorReply, providerRequestId } from './classify.ts';
import type { OpenAiCompatibleSettings } from './settings.ts';
import { usageOf } from './usage.ts';

/** One whole reply on its way to an outcome. */
type Reading = {
  readonly settings: OpenAiCompatibleSettings;
  readonly reply: WireReply;
  readonly body: JsonObject;
  readonly call: ModelCall;
};

/** Maps a whole reply, success or not, to an outcome. */
export function toOutcome(
  settings: OpenAiCompatibleSettings,
  reply: WireReply,
  call: ModelCall,
): CallOutcome {
  if (isErrorReply(reply)) {
    return failed(classify(settings, { kind: 'reply', reply }, call.model));
  }
  const body = isJsonObject(reply.body) ? reply.body : {};
  const reading: Reading = { settings, reply, body, call };
  if (call.kind === 'chat') return readChat(reading, call);
  if (call.kind === 'embed') return readEmbeddings(reading, call);
  return unreadable(reading);
}

const finishReasons: Readonly<Record<string, ChatResult['finishReason']>> = {
  stop: 'stop',
  length: 'length',
  content_filter: 'content_filter',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
};

function readChat(reading: Reading, call: ChatCall): CallOutcome {
  const choice = firstObject(reading.body['choices']);
  const message = choice?.['message'];
  if (choice === null || message === undefined || !isJsonObject(message)) {
    return unreadable(reading);
  }
  const { error, finish_reason: reason } = choice;
  if ((error !== undefined && isJsonObject(error)) || reason === 'error') {
    const body = { ...reading.body, error: error ?? { message: 'the choice ended in an error' } };
    return failed(
      classify(reading.settings, { kind: 'reply', reply: { ...reading.reply, body } }, call.model),
    );
  }
  return judgeChat(reading, call, message, typeof reason === 'string' ? reason : '');
}

/** A reply that came through whole may still be none: refused, filtered, or JSON cut short. */
function judgeChat(
  reading: Reading,
  call: ChatCall,
  message: JsonObject,
  reason: string,
): CallOutcome {
  const { refusal } = message;
  if (typeof refusal === 'string' && refusal !== '') {
    return finishedBadly(reading, 'content_blocked_output', 'refusal', refusal);
  }
  if (reason === 'content_filter') {
    return finishedBadly(reading, 'content_blocked_output', reason, null);
  }
  if (reason === 'length' && call.output.kind === 'json') {
    return finishedBadly(reading, 'output_truncated', reason, null);
  }
  const finishReason = Object.hasOwn(finishReasons, reason) ? finishReasons[reason] : undefined;
  const text = textOf(message['content']);
  return done(reading, { kind: 'chat', text, finishReason: finishReason ?? 'other' });
}

function readEmbeddings(reading: Reading, call: EmbedCall): CallOutcome {
  const { data } = reading.body;
  if (!Array.isArray(data) || data.length !== call.texts.length) return unreadable(reading);
  const vectors = new Map<number, readonly number[]>();
  data.forEach((item: Json, position) => {
    if (!isJsonObject(item)) return;
    const index = typeof item['index'] === 'number' ? item['index'] : position;
    const vector = numbersOf(item['embedding']);
    if (vector !== null) vectors.set(index, vector);
  });
  const ordered = call.texts.map((_text, index) => vectors.get(index) ?? []);
  if (ordered.some((vector) => vector.length === 0)) return unreadable(reading);
  return done(reading, { kind: 'embed', vectors: ordered });
}

function done(reading: Reading, result: ModelResult): CallOutcome {
  return { kind: 'done', reply: { ...spentOn(reading), result } };
}

function spentOn({ settings, body, call, reply }: Reading): Spent {
  const requestId = providerRequestId(reply);
  const { model } = body;
  const asked = askedOf(settings, call.model);
  return {
    usage: usageOf(body['usage']),
    rawUsage: body['usage'] ?? null,
    returnedModel: typeof model === 'string' ? ownWords(model, asked) : call.model,
    providerRequestId: requestId === null ? null : ownWords(requestId, asked),
  };
}

/** The work was done, and charged, but there is no result to use. */
function finishedBadly(
  reading: Reading,
  failureClass: ProviderFailureClass,
  code: string,
  words: string | null,
): CallOutcome {
  const { settings, reply, call } = reading;
  const asked = askedOf(settings, call.model);
  const failure = finishedFailure(asked, reply, failureClass, { code, words });
  return { kind: 'failed', failure, spent: spentOn(reading) };
}

function unreadable({ settings, reply, call }: Reading): CallOutcome {
  return failed(unreadableFailure(askedOf(settings, call.model), reply));
}

function failed(failure: Failure): CallOutcome {
  return { kind: 'failed', failure };
}

/** Content is a text, or with some servers a list of parts. */
function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: Json) => (isJsonObject(part) ? part['text'] : undefined))
    .filter((text) => typeof text === 'string')
    .join('');
}

function firstObject(value: Json | undefined): JsonObject | null {
  const first: Json | undefined = Array.isArray(value) ? value[0] : undefined;
  return first !== undefined && isJsonObject(first) ? first : null;
}
