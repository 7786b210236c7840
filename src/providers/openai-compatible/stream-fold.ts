import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import type { StreamFold } from '../http/exchange.ts';
import type { ServerSentEvent } from '../http/sse.ts';
import { readProviderError } from './error-body.ts';

/** What has come in so far. */
type Folded = {
  head: JsonObject;
  readonly text: string[];
  readonly refusal: string[];
  usage: Json;
  finishReason: Json;
  choiceSeen: boolean;
  ended: boolean;
  failure: { readonly error: Json } | { readonly unreadable: string } | null;
};

/**
 * Folds a chat stream into the body of a reply that was not streamed. Only the first choice is read: no
 * more than one is asked for. An error event becomes the body's error, and an event that is not JSON
 * becomes the whole body, for the mapping of whole replies to judge.
 */
export function createChatFold(): StreamFold {
  const folded: Folded = {
    head: {},
    text: [],
    refusal: [],
    usage: null,
    finishReason: null,
    choiceSeen: false,
    ended: false,
    failure: null,
  };
  const isOver = (): boolean => folded.ended || folded.failure !== null;
  return {
    push: (event) => {
      if (!isOver()) takeEvent(folded, event);
    },
    isWhole: () => isOver() || folded.finishReason !== null,
    isOver,
    body: () => bodyOf(folded),
  };
}

function takeEvent(folded: Folded, { data }: ServerSentEvent): void {
  const content = data.trim();
  if (content === '') return;
  if (content === '[DONE]') {
    folded.ended = true;
    return;
  }
  const chunk = parse(content);
  if (chunk === null) {
    folded.failure = { unreadable: content };
    return;
  }
  takeChunk(folded, chunk);
  if (readProviderError(chunk) !== null) folded.failure = { error: chunk['error'] ?? chunk };
}

function takeChunk(folded: Folded, chunk: JsonObject): void {
  const { choices } = chunk;
  folded.head = { ...folded.head, ...pick(chunk, 'id', 'model') };
  folded.usage = chunk['usage'] ?? folded.usage;
  const first = Array.isArray(choices) ? choices.find(isFirstChoice) : undefined;
  if (first !== undefined) takeChoice(folded, first);
}

function takeChoice(folded: Folded, choice: JsonObject): void {
  const { delta, error } = choice;
  folded.choiceSeen = true;
  folded.finishReason = choice['finish_reason'] ?? folded.finishReason;
  if (error !== undefined && isJsonObject(error)) folded.failure = { error };
  if (delta === undefined || !isJsonObject(delta)) return;
  if (typeof delta['content'] === 'string') folded.text.push(delta['content']);
  if (typeof delta['refusal'] === 'string') folded.refusal.push(delta['refusal']);
}

function bodyOf({ failure, ...folded }: Folded): Json {
  if (failure !== null && 'unreadable' in failure) return failure.unreadable;
  const message = {
    role: 'assistant',
    content: folded.text.join(''),
    refusal: folded.refusal.length === 0 ? null : folded.refusal.join(''),
  };
  const choice = { index: 0, message, finish_reason: folded.finishReason };
  return {
    ...folded.head,
    choices: folded.choiceSeen ? [choice] : [],
    usage: folded.usage,
    ...failure,
  };
}

function parse(data: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(data);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isFirstChoice(choice: Json): choice is JsonObject {
  return isJsonObject(choice) && (choice['index'] ?? 0) === 0;
}

function pick(chunk: JsonObject, ...fields: readonly string[]): JsonObject {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = chunk[field];
      return typeof value === 'string' && value !== '' ? [[field, value]] : [];
    }),
  );
}
