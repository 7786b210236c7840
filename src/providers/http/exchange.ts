import type { Json } from '../../domain/json.ts';
import type { CallContext, ErrorEvidence, WireReply, WireRequest } from '../port.ts';
import { openBody, type BodyReader } from './body-reader.ts';
import { packBody } from './pack-body.ts';
import { createSseParser, type ServerSentEvent } from './sse.ts';
import { bytesToBase64, concatBytes } from '../../domain/bytes.ts';
import { evidenceFromThrown, replyTooLarge, streamIncomplete } from './thrown.ts';

export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

/** Where and how one provider is reached. */
export type Endpoint = {
  readonly fetch: FetchLike;
  /** Without a trailing slash. */
  readonly baseUrl: string;
  /** Credentials and whatever else the provider wants on every call; these win over all others. */
  readonly headers: Readonly<Record<string, string>>;
};

/** Collects the events of a streamed reply into the body that the same reply would have had in one piece. */
export type StreamFold = {
  push(event: ServerSentEvent): void;
  /** Is the answer complete? Then a connection that breaks afterwards changes nothing. */
  isWhole(): boolean;
  /** Has the provider said its last word? Then nothing that follows is waited for. */
  isOver(): boolean;
  body(): Json;
};

/** A reply larger than this is not a reply but an accident. */
const replyBytesMax = 8 * 1024 * 1024;
/** A picture or a sound in one reply. */
const mediaBytesMax = 25 * 1024 * 1024;
const binary = /^(?:image|audio|video)\/|^application\/octet-stream/;
/** Of an error's text the beginning is enough. */
const errorBytesMax = 64 * 1024;
/** How long a finished stream may take to end by itself, which saves its connection for the next call. */
const endGraceMs = 500;

/**
 * Makes one HTTP call and reads its answer to the end. Never throws for what the network or the provider
 * does, and never repeats anything. An event stream goes into `fold` if there is one; the reply's own
 * content type decides, not what was asked for. A reply in one piece may have `bytesMax` bytes.
 */
export async function exchange(
  endpoint: Endpoint,
  request: WireRequest,
  context: CallContext,
  fold: StreamFold | null,
  bytesMax: number = replyBytesMax,
): Promise<ErrorEvidence> {
  const { fetch, baseUrl } = endpoint;
  let response: Response;
  const packed = await packBody(request, context.media);
  if (!packed.ok) return packed.evidence;
  try {
    response = await fetch(`${baseUrl}${request.path}`, {
      method: request.method,
      headers: { ...context.headers, ...request.headers, ...endpoint.headers },
      ...(packed.body === null ? {} : { body: packed.body }),
      // Runtimes that follow the Fetch standard want this said of a body that is a stream.
      ...(packed.body instanceof ReadableStream ? { duplex: 'half' } : {}),
      // A redirect would turn the POST into a GET, or carry the key to another host.
      redirect: 'manual',
      signal: context.signal,
    });
  } catch (thrown) {
    return evidenceFromThrown(thrown, context.signal);
  }
  context.onHeaders();
  return readReply(response, context.signal, fold, bytesMax);
}

function readReply(
  response: Response,
  signal: AbortSignal,
  fold: StreamFold | null,
  bytesMax: number,
): Promise<ErrorEvidence> {
  const headers = headersOf(response);
  const contentType = headers['content-type']?.toLowerCase() ?? '';
  if (response.ok && binary.test(contentType)) return readBytes(response, headers, signal);
  const isStream = response.ok && contentType.startsWith('text/event-stream');
  return isStream && fold !== null
    ? readStream(response, headers, signal, fold)
    : readWhole(response, headers, signal, bytesMax);
}

type ReplyHeaders = WireReply['headers'];

async function readWhole(
  response: Response,
  headers: ReplyHeaders,
  signal: AbortSignal,
  bytesMax: number,
): Promise<ErrorEvidence> {
  const reader = openBody(response, response.ok ? bytesMax : errorBytesMax, signal);
  const decoder = new TextDecoder();
  let text = '';
  let next = await reader.next();
  for (; next.kind === 'bytes'; next = await reader.next()) {
    text += decoder.decode(next.bytes, { stream: true });
  }
  text += decoder.decode();
  // The status of an error says enough, whatever happened to its text.
  const enough = next.kind === 'end' || (!response.ok && !signal.aborted);
  if (!enough) return next.kind === 'too_large' ? tooLarge(bytesMax) : broken(next, signal);
  return { kind: 'reply', reply: { status: response.status, headers, body: parseOrText(text) } };
}

/** An image or a sound, as base64. */
async function readBytes(
  response: Response,
  headers: ReplyHeaders,
  signal: AbortSignal,
): Promise<ErrorEvidence> {
  const reader = openBody(response, mediaBytesMax, signal);
  const pieces: Uint8Array[] = [];
  let next = await reader.next();
  for (; next.kind === 'bytes'; next = await reader.next()) pieces.push(next.bytes);
  if (next.kind === 'too_large') return tooLarge(mediaBytesMax);
  if (next.kind !== 'end') return broken(next, signal);
  const body = bytesToBase64(concatBytes(pieces));
  return { kind: 'reply', reply: { status: response.status, headers, body } };
}

async function readStream(
  response: Response,
  headers: ReplyHeaders,
  signal: AbortSignal,
  fold: StreamFold,
): Promise<ErrorEvidence> {
  const reader = openBody(response, replyBytesMax, signal);
  const decoder = new TextDecoder();
  const parser = createSseParser();
  let next = await reader.next();
  for (; next.kind === 'bytes'; next = await reader.next()) {
    pushAll(fold, parser.push(decoder.decode(next.bytes, { stream: true })));
    if (fold.isOver()) break;
  }
  if (fold.isOver()) await endSoon(reader);
  else if (next.kind === 'end') pushAll(fold, [...parser.push(decoder.decode()), ...parser.end()]);

  if (fold.isWhole()) {
    return { kind: 'reply', reply: { status: response.status, headers, body: fold.body() } };
  }
  if (next.kind === 'too_large') return tooLarge(replyBytesMax);
  return next.kind === 'broken' ? broken(next, signal) : incomplete();
}

function pushAll(fold: StreamFold, events: readonly ServerSentEvent[]): void {
  for (const event of events) fold.push(event);
}

/** Reads a stream that has nothing more to say to its end, but does not wait long for that. */
async function endSoon(reader: BodyReader): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, endGraceMs);
  });
  const ended = (async () => {
    while ((await reader.next()).kind === 'bytes');
  })();
  await Promise.race([ended, patience]);
  if (timer !== undefined) clearTimeout(timer);
  reader.discard();
}

function headersOf(response: Response): ReplyHeaders {
  const headers: Record<string, string> = {};
  response.headers.forEach((value, name) => {
    headers[name.toLowerCase()] = value;
  });
  return headers;
}

function parseOrText(text: string): Json {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}

function broken(next: { readonly kind: string; readonly thrown?: unknown }, signal: AbortSignal) {
  return evidenceFromThrown(next.thrown, signal);
}

function tooLarge(bytesMax: number): ErrorEvidence {
  const message = `the reply is larger than ${bytesMax} bytes`;
  return { kind: 'exception', name: replyTooLarge, message, sent: true };
}

function incomplete(): ErrorEvidence {
  const message = 'the event stream ended before the answer was complete';
  return { kind: 'exception', name: streamIncomplete, message, sent: true };
}
