import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import type { StreamFold } from '../http/exchange.ts';
import type { ServerSentEvent } from '../http/sse.ts';
import { numberAt, objectAt } from '../shared/json-fields.ts';
import { jsonFrom, objectFrom } from '../shared/json-text.ts';

type Block = {
  readonly index: number;
  readonly start: JsonObject;
  readonly text: string[];
  /** The input of a tool, in pieces of JSON. */
  readonly input: string[];
};

/** What has come in so far. */
type Folded = {
  head: JsonObject;
  end: JsonObject;
  usage: JsonObject;
  readonly blocks: Block[];
  ended: boolean;
  failure: { readonly error: Json } | { readonly unreadable: string } | null;
};

/**
 * Folds the events of a streamed message into the message it would have been. An error event becomes the body's
 * `error` beside what had come before it, and an event that is not JSON becomes the whole body.
 */
export function createMessageFold(onText: (piece: string) => void = () => undefined): StreamFold {
  const folded: Folded = {
    head: {},
    end: {},
    usage: {},
    blocks: [],
    ended: false,
    failure: null,
  };
  const isOver = (): boolean => folded.ended || folded.failure !== null;
  return {
    push: (event) => {
      if (!isOver()) takeEvent(folded, event, onText);
    },
    isWhole: () => isOver() || typeof folded.end['stop_reason'] === 'string',
    isOver,
    body: () => bodyOf(folded),
  };
}

type Take = (folded: Folded, event: JsonObject, onText: (piece: string) => void) => void;

const takers: Readonly<Record<string, Take>> = {
  message_start(folded, event) {
    const message = objectAt(event, 'message');
    folded.head = message;
    takeUsage(folded, objectAt(message, 'usage'));
  },
  content_block_start: startBlock,
  content_block_delta: takeDelta,
  message_delta(folded, event) {
    folded.end = { ...folded.end, ...objectAt(event, 'delta') };
    takeUsage(folded, objectAt(event, 'usage'));
  },
  message_stop(folded) {
    folded.ended = true;
  },
  error(folded, event) {
    folded.failure = { error: event['error'] ?? event };
  },
};

function takeEvent(
  folded: Folded,
  { event: name, data }: ServerSentEvent,
  onText: (piece: string) => void,
): void {
  if (data.trim() === '') return;
  const event = objectFrom(data);
  if (event === null) {
    folded.failure = { unreadable: data };
    return;
  }
  const type = typeof event['type'] === 'string' ? event['type'] : name;
  const take = Object.hasOwn(takers, type) ? takers[type] : undefined;
  take?.(folded, event, onText);
}

/** Counts grow: the last word of each counts, and what a later event leaves out stays. */
function takeUsage(folded: Folded, usage: JsonObject): void {
  const said = Object.entries(usage).filter(([, value]) => value !== null);
  folded.usage = { ...folded.usage, ...Object.fromEntries(said) };
}

function startBlock(folded: Folded, event: JsonObject, onText: (piece: string) => void): void {
  const start = objectAt(event, 'content_block');
  const index = numberAt(event, 'index') ?? folded.blocks.length;
  const { text } = start;
  const said = typeof text === 'string' && text !== '' ? [text] : [];
  folded.blocks.push({ index, start, text: said, input: [] });
  for (const piece of said) onText(piece);
}

function takeDelta(folded: Folded, event: JsonObject, onText: (piece: string) => void): void {
  const delta = objectAt(event, 'delta');
  const index = numberAt(event, 'index');
  const block = folded.blocks.findLast((known) => index === null || known.index === index);
  const { text, partial_json: input } = delta;
  if (typeof input === 'string') block?.input.push(input);
  if (typeof text !== 'string' || text === '' || block === undefined) return;
  block.text.push(text);
  onText(text);
}

function bodyOf({ failure, ...folded }: Folded): Json {
  if (failure !== null && 'unreadable' in failure) return failure.unreadable;
  return {
    ...folded.head,
    ...folded.end,
    content: folded.blocks.map(blockOf),
    usage: folded.usage,
    ...failure,
  };
}

/** Arguments that are no JSON stay the text that the model wrote. */
function blockOf({ start, text, input }: Block): JsonObject {
  const whole = input.join('');
  const value = whole === '' ? undefined : jsonFrom(whole);
  return {
    ...start,
    ...(text.length === 0 ? {} : { text: text.join('') }),
    ...(whole === '' ? {} : { input: value !== undefined && isJsonObject(value) ? value : whole }),
  };
}
