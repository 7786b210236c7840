/** What tests of adapters call with, and what is answered. */
import type { MediaRef } from '../../src/domain/model/media.ts';
import type { ModelCall } from '../../src/domain/model/model-call.ts';
import { isFileId } from '../../src/domain/file.ts';
import type { FetchLike } from '../../src/providers/http/exchange.ts';
import type {
  CallContext,
  CallOutcome,
  ProviderAdapter,
  Ticket,
  WireReply,
} from '../../src/providers/port.ts';

export const noFetch: FetchLike = () => Promise.reject(new Error('this test makes no call'));

/** A context whose files all hold the bytes 1, 2, 3. */
export function contextOf(overrides: Partial<CallContext> = {}): CallContext {
  const bytes = Uint8Array.of(1, 2, 3);
  return {
    signal: new AbortController().signal,
    idempotencyKey: 'att_1',
    headers: {},
    onHeaders: () => undefined,
    media: {
      read: async () => bytes.slice(),
      stream: async () => new Blob([bytes]).stream(),
      url: async () => null,
    },
    callbackUrl: null,
    ...overrides,
  };
}
/** A file as a call names it. */
export function someFile(mimeType: string, overrides: Partial<MediaRef> = {}): MediaRef {
  const file = `file_${'0123456789abcdef'.repeat(2)}`;
  if (!isFileId(file)) throw new Error(`${file} is no id of a file`);
  return { file, mimeType, bytes: 3, sha256: 'ab'.repeat(32), name: null, ...overrides };
}
/** A reply with JSON. */
export function reply(status: number, body: unknown, headers = {}): WireReply {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.parse(JSON.stringify(body)),
  };
}

/** A call whose answer is streamed in these pieces, after which the connection may break; what was heard of its text. */
export async function submitStreamed(
  make: (fetch: FetchLike) => ProviderAdapter,
  call: ModelCall,
  pieces: readonly (string | Uint8Array)[],
  { breaks = false, ...context }: Partial<CallContext> & { readonly breaks?: boolean } = {},
) {
  const encoder = new TextEncoder();
  const left = [...pieces];
  const heard: string[] = [];
  const adapter = make(async () => {
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const next = left.shift();
        if (next !== undefined) {
          controller.enqueue(typeof next === 'string' ? encoder.encode(next) : next);
        } else if (breaks) controller.error(new Error('Network connection lost.'));
        else controller.close();
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  });
  const listening = contextOf({ onText: (text) => void heard.push(text), ...context });
  return { outcome: await adapter.submitJob(call, listening), heard };
}

export function ticketIn(outcome: CallOutcome): Ticket {
  if (outcome.kind !== 'pending') throw new Error(`expected a ticket, got ${outcome.kind}`);
  return outcome.ticket;
}

/** Asks for the status until the work has ended. */
export async function askToTheEnd(
  adapter: ProviderAdapter,
  ticket: Ticket,
  call: ModelCall,
  context: CallContext = contextOf(),
): Promise<CallOutcome | undefined> {
  for (let asked = 0; asked < 10; asked += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each question moves the work on
    const outcome = await adapter.getJobStatus?.(ticket, call, context);
    if (outcome?.kind !== 'pending') return outcome;
  }
  throw new Error('the work never ended');
}
