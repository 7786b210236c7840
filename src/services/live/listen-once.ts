import type { ProjectId } from '../../domain/ids.ts';
import type { Channel, Heard, LiveShards, ListenWish } from '../ports/live.ts';
import type { Machine } from '../ports/runtime.ts';
import { within } from '../within.ts';

/** How long opening a socket may take. */
const OPEN_MS = 10_000;
/** How often a socket is asked whether it still leads anywhere. The runtime answers; the object sleeps on. */
const PING_EVERY_MS = 60_000;

export type ListenDeps = { readonly live: LiveShards; readonly machine: Machine };

/** How a socket came to its end: it could not be opened, it broke, or whoever listened had heard enough. */
export type ListenEnd = 'refused' | 'broken' | 'enough';

export type Ears = {
  readonly project: ProjectId;
  readonly shard: number;
  readonly wish: ListenWish;
  readonly signal: AbortSignal;
  /** Called once the socket is open. */
  readonly opened?: () => void;
  /** False once nothing more is to be heard. */
  readonly frame: (frame: Parameters<Heard['frame']>[0]) => boolean;
};

/** Listens over one socket until that ends, or nothing more is to be heard. Never rejects; leaves no socket open. */
export async function listenOnce(deps: ListenDeps, ears: Ears): Promise<ListenEnd> {
  const { project, shard, wish, signal } = ears;
  const over = new AbortController();
  const { promise: end, resolve } = Promise.withResolvers<ListenEnd>();
  const stop = (): void => resolve('enough');
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  let ponged = true;
  const opening = deps.live.listen(project, shard, wish, {
    frame: (frame) => {
      if (!over.signal.aborted && !ears.frame(frame)) stop();
    },
    pong: () => {
      ponged = true;
    },
    ended: () => resolve('broken'),
  });
  const channel = await Promise.race([opened(deps, opening), end.then(() => null)]);
  try {
    if (channel === null) return signal.aborted ? 'enough' : 'refused';
    ears.opened?.();
    void ping(deps, channel, over.signal, () => {
      if (!ponged) resolve('broken');
      ponged = false;
    });
    return await end;
  } finally {
    over.abort();
    signal.removeEventListener('abort', stop);
    // One that opens only now is closed again.
    void opening.then(
      (late) => late.close(),
      () => undefined,
    );
  }
}

/** The open socket; null when it does not open in time. */
async function opened({ machine }: ListenDeps, opening: Promise<Channel>): Promise<Channel | null> {
  try {
    return await within(machine, OPEN_MS, opening);
  } catch {
    return null;
  }
}

async function ping(
  { machine }: ListenDeps,
  channel: Channel,
  over: AbortSignal,
  before: () => void,
): Promise<void> {
  for (;;) {
    await machine.wait(PING_EVERY_MS, over);
    if (over.aborted) return;
    before();
    channel.ping();
  }
}
