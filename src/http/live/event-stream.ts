import type { Context } from 'hono';

import type { LiveMessage, Outlet } from '../../services/live/outlet.ts';
import { errorName } from '../../services/ports/log.ts';
import type { AppEnv } from '../deps.ts';

/** A comment this often shows that the stream lives, to the client and to what stands between. */
const HEARTBEAT_MS = 15_000;
/** How long a client is asked to wait before it resumes. */
const RETRY_MS = 1_000;
/** What waits for a slow client, in bytes; with more it is cut off, and resumes when it can. */
const WAITING_BYTES_MAX = 1_048_576;
/** Below this there is room for more. */
const ROOM_BYTES = 65_536;
/** After this long a stream ends and is to be resumed, so that a key that was deleted reads no longer than this. */
const LASTS_MS = 3_600_000;

const encoder = new TextEncoder();

/** Answers with an event stream (text/event-stream), which `follow` fills; it ends when `follow` does. */
export function eventStream(
  c: Context<AppEnv>,
  about: Readonly<Record<string, string>>,
  follow: (outlet: Outlet) => Promise<string>,
) {
  const stream = openStream();
  void run(c, stream, about, follow);
  c.header('content-type', 'text/event-stream; charset=utf-8');
  c.header('cache-control', 'no-cache, no-transform');
  // Asks proxies of the nginx kind not to collect what is to be read at once.
  c.header('x-accel-buffering', 'no');
  return c.body(stream.body, 200);
}

async function run(
  c: Context<AppEnv>,
  { outlet, write, end, leave }: Stream,
  about: Readonly<Record<string, string>>,
  follow: (outlet: Outlet) => Promise<string>,
): Promise<void> {
  const { machine, log } = c.env.deps;
  const { requestId, traceId } = c.var.correlation;
  const over = new AbortController();
  const fields = { ...about, request_id: requestId, trace_id: traceId };
  write(`retry: ${RETRY_MS}\n\n`);
  void beat(c, write, over.signal);
  void machine.wait(LASTS_MS, over.signal).then(leave);
  try {
    const reason = await follow(outlet);
    log('info', 'stream.ended', { ...fields, reason });
  } catch (error) {
    log('error', 'stream.defect', { ...fields, error: errorName(error) });
  } finally {
    over.abort();
    end();
  }
}

async function beat(
  c: Context<AppEnv>,
  write: (text: string) => void,
  over: AbortSignal,
): Promise<void> {
  for (;;) {
    await c.env.deps.machine.wait(HEARTBEAT_MS, over);
    if (over.aborted) return;
    write(': still here\n\n');
  }
}

type Stream = {
  readonly body: ReadableStream<Uint8Array>;
  readonly outlet: Outlet;
  readonly write: (text: string) => void;
  readonly end: () => void;
  /** Tells whoever fills the stream that it is to end. */
  readonly leave: () => void;
};

function openStream(): Stream {
  const leaving = new AbortController();
  let isOpen = true;
  let wanted = Promise.withResolvers<void>();
  const leave = (): void => {
    leaving.abort();
    wanted.resolve();
  };
  const close = (): void => {
    isOpen = false;
    leave();
  };
  const source: { controller?: ReadableStreamDefaultController<Uint8Array> } = {};
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        source.controller = controller;
      },
      pull() {
        wanted.resolve();
        wanted = Promise.withResolvers();
      },
      // The client is gone.
      cancel: close,
    },
    { highWaterMark: ROOM_BYTES, size: (chunk) => chunk?.byteLength ?? 0 },
  );
  const room = (): number => source.controller?.desiredSize ?? 0;
  const write = (text: string): void => {
    if (!isOpen) return;
    source.controller?.enqueue(encoder.encode(text));
    if (room() >= ROOM_BYTES - WAITING_BYTES_MAX) return;
    close();
    source.controller?.error(new Error('the client is too slow'));
  };
  const end = (): void => {
    if (isOpen) source.controller?.close();
    close();
  };
  const outlet: Outlet = {
    signal: leaving.signal,
    send: (message) => write(textOf(message)),
    async room() {
      if (room() <= 0 && !leaving.signal.aborted) await wanted.promise;
    },
  };
  return { body, outlet, write, end, leave };
}

function textOf({ event, id, data }: LiveMessage): string {
  const head = id === undefined ? '' : `id: ${id}\n`;
  return `${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
