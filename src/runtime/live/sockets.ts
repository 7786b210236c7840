import { z } from 'zod';

import { isJobId } from '../../domain/ids.ts';
import type { ListenWish } from '../../services/ports/live.ts';
import type { Listener, Listeners } from '../job-shard/live/listeners.ts';

/**
 * Listeners as a Durable Object holds them: hibernatable sockets, which stay open while the object sleeps. What a
 * listener wants to hear is kept with its socket, and sockets are found by tags.
 */

/** What the Worker sends and the runtime answers by itself, so that a question wakes no object. */
export const PING = 'ping';
export const PONG = 'pong';

const PROJECT_TAG = 'project';

const wishSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('job'),
    jobId: z.string().refine(isJobId),
    afterSeq: z.int().nonnegative(),
  }),
  z.object({
    kind: z.literal('project'),
    filter: z.object({
      types: z.array(z.string()).nullable(),
      pipeline: z.string().nullable(),
      tag: z.string().nullable(),
    }),
  }),
]);

/** Where a wish stands in the address of a request for a socket. */
export function listenAddress(wish: ListenWish): string {
  return `https://shard/listen?wish=${encodeURIComponent(JSON.stringify(wish))}`;
}

/** The wish of such a request; null when it is none. */
export function wishOf(request: Request): ListenWish | null {
  if (request.headers.get('upgrade') !== 'websocket') return null;
  const text = new URL(request.url).searchParams.get('wish') ?? '';
  try {
    const parsed = wishSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

export function listenersOf(ctx: DurableObjectState): Listeners {
  return {
    count: () => ctx.getWebSockets().length,
    ofJob: (jobId) => ctx.getWebSockets(jobId).map(listenerOf),
    ofProject: () => ctx.getWebSockets(PROJECT_TAG).map(listenerOf),
  };
}

/** Takes a socket that outlives the object's memory. */
export function takeSocket(ctx: DurableObjectState, socket: WebSocket, wish: ListenWish): Listener {
  ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
  ctx.acceptWebSocket(socket, [wish.kind === 'job' ? wish.jobId : PROJECT_TAG]);
  socket.serializeAttachment(wish);
  return listenerOf(socket);
}

function listenerOf(socket: WebSocket): Listener {
  return {
    get wish() {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- attachments are written by takeSocket only
      return socket.deserializeAttachment() as ListenWish;
    },
    send: (text) => quietly(() => socket.send(text)),
    end: () => quietly(() => socket.close(1000, 'over')),
  };
}

/** A socket whose other end is gone hears nothing any more; its listener has noticed by itself. */
function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // There is nobody left to tell.
  }
}
