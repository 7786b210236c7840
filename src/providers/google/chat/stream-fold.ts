import type { Json, JsonObject } from '../../../domain/json.ts';
import type { StreamFold } from '../../http/exchange.ts';
import type { ServerSentEvent } from '../../http/sse.ts';
import { listAt, objectAt, objectOf, objectsAt, textAt } from '../../shared/json-fields.ts';
import { objectFrom } from '../../shared/json-text.ts';

/** What has come in so far. Every piece is a whole reply in small. */
type Folded = {
  head: JsonObject;
  candidate: JsonObject;
  candidateSeen: boolean;
  readonly parts: Json[];
  failure: { readonly error: Json } | { readonly unreadable: string } | null;
};

/**
 * Folds the pieces of a streamed reply into the reply it would have been; the last word of each field counts, and
 * parts add up. There is no word for the end: the connection closes. An error becomes the body's `error`, a piece that
 * is not JSON the whole body.
 */
export function createContentFold(onText: (piece: string) => void = () => undefined): StreamFold {
  const folded: Folded = {
    head: {},
    candidate: {},
    candidateSeen: false,
    parts: [],
    failure: null,
  };
  const isOver = (): boolean => folded.failure !== null;
  return {
    push: (event) => {
      if (!isOver()) takeEvent(folded, event, onText);
    },
    isWhole: () => isOver() || hasEnded(folded),
    isOver,
    body: () => bodyOf(folded),
  };
}

function hasEnded({ head, candidate }: Folded): boolean {
  const isBlocked = textAt(objectAt(head, 'promptFeedback'), 'blockReason') !== null;
  return isBlocked || textAt(candidate, 'finishReason') !== null;
}

function takeEvent(
  folded: Folded,
  { data }: ServerSentEvent,
  onText: (piece: string) => void,
): void {
  if (data.trim() === '') return;
  const piece = objectFrom(data);
  if (piece === null) {
    folded.failure = { unreadable: data };
    return;
  }
  if (objectOf(piece['error']) !== null) {
    folded.failure = { error: piece['error'] ?? null };
    return;
  }
  takePiece(folded, piece, onText);
}

function takePiece(folded: Folded, piece: JsonObject, onText: (piece: string) => void): void {
  const { candidates: _candidates, ...head } = piece;
  folded.head = { ...folded.head, ...head };
  const candidate = objectsAt(piece, 'candidates').find(({ index = 0 }) => index === 0);
  if (candidate === undefined) return;
  const { content: _content, ...others } = candidate;
  folded.candidateSeen = true;
  folded.candidate = { ...folded.candidate, ...others };
  const content = objectAt(candidate, 'content');
  folded.parts.push(...listAt(content, 'parts'));
  for (const part of objectsAt(content, 'parts')) {
    const text = part['thought'] === true ? null : textAt(part, 'text');
    if (text !== null) onText(text);
  }
}

function bodyOf({ failure, head, candidate, candidateSeen, parts }: Folded): Json {
  if (failure !== null && 'unreadable' in failure) return failure.unreadable;
  const whole = { ...candidate, content: { role: 'model', parts } };
  return { ...head, ...(candidateSeen ? { candidates: [whole] } : {}), ...failure };
}
