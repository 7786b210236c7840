import { isJsonObject, type Json, type JsonObject } from '../../../domain/json.ts';
import type { StreamFold } from '../../http/exchange.ts';
import type { ServerSentEvent } from '../../http/sse.ts';
import { numberAt, objectAt, objectsAt, textAt } from '../../shared/json-fields.ts';
import { readProviderError } from '../errors/error-body.ts';
import { contentText } from './reply.ts';

type ToolCallPieces = {
  readonly index: number | null;
  readonly id: string | null;
  readonly name: string;
  readonly text: string[];
};

/** What has come in so far. */
type Folded = {
  head: JsonObject;
  readonly text: string[];
  readonly refusal: string[];
  readonly toolCalls: ToolCallPieces[];
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
export function createChatFold(onText?: (piece: string) => void): StreamFold {
  const folded: Folded = {
    head: {},
    text: [],
    refusal: [],
    toolCalls: [],
    usage: null,
    finishReason: null,
    choiceSeen: false,
    ended: false,
    failure: null,
  };
  const isOver = (): boolean => folded.ended || folded.failure !== null;
  return {
    push: (event) => {
      if (!isOver()) takeEvent(folded, event, onText);
    },
    isWhole: () => isOver() || folded.finishReason !== null,
    isOver,
    body: () => bodyOf(folded),
  };
}

function takeEvent(
  folded: Folded,
  { data }: ServerSentEvent,
  onText: (piece: string) => void = () => undefined,
): void {
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
  const piecesBefore = folded.text.length;
  takeChunk(folded, chunk);
  for (const piece of folded.text.slice(piecesBefore)) onText(piece);
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
  const text = contentText(delta['content']);
  if (text !== '') folded.text.push(text);
  if (typeof delta['refusal'] === 'string') folded.refusal.push(delta['refusal']);
  for (const part of objectsAt(delta, 'tool_calls')) takeToolCall(folded.toolCalls, part);
}

/** The first piece of a call has its name; the others only add to its arguments. */
function takeToolCall(calls: ToolCallPieces[], part: JsonObject): void {
  const asked = objectAt(part, 'function');
  const index = numberAt(part, 'index');
  const id = textAt(part, 'id');
  const given = asked['arguments'] ?? '';
  const text = typeof given === 'string' ? given : JSON.stringify(given);
  const known = calls.findLast((call) => isSameCall(call, index, id));
  if (known === undefined)
    calls.push({ index, id, name: textAt(asked, 'name') ?? '', text: [text] });
  else known.text.push(text);
}

/** Some servers give every call the index 0, others none at all; then a new id begins a new call. */
function isSameCall(call: ToolCallPieces, index: number | null, id: string | null): boolean {
  return call.index === index && (id === null || id === call.id);
}

function bodyOf({ failure, ...folded }: Folded): Json {
  if (failure !== null && 'unreadable' in failure) return failure.unreadable;
  const message = {
    role: 'assistant',
    content: folded.text.join(''),
    refusal: folded.refusal.length === 0 ? null : folded.refusal.join(''),
    tool_calls: folded.toolCalls.map(({ id, name, text }) => ({
      id,
      function: { name, arguments: text.join('') },
    })),
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
