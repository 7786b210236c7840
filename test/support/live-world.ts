import type { LiveFrame, LiveShards } from '../../src/services/ports/live.ts';
import type { LiveMessage, Outlet } from '../../src/services/live/outlet.ts';
import { FakeSocket } from './fake-listeners.ts';
import { throughJson, type ShardDriver } from './shard-driver.ts';

/** Sockets between a shard and those who listen to it; frames travel, and are lost with a socket that breaks. */
export type LiveWorld = LiveShards & {
  /** Sockets that were opened so far. */
  readonly opened: number;
  /** True to let nobody in. */
  refuses: boolean;
  /** Breaks all sockets, with what is on its way over them. */
  breakAll(): void;
};

type Line = { readonly socket: FakeSocket; readonly ended: () => void };

export function liveWorld(driver: ShardDriver): LiveWorld {
  let lines: Line[] = [];
  const world = {
    count: 1,
    opened: 0,
    refuses: false,
    async listen(_project, _shard, wish, heard) {
      await Promise.resolve();
      if (world.refuses || driver.shard.mayListen(wish) !== 'welcome') throw new Error('refused');
      const socket = new FakeSocket(throughJson(wish));
      const deliver = (frame: LiveFrame): void => {
        setImmediate(() => {
          if (lines.some((line) => line.socket === socket)) heard.frame(frame);
        });
      };
      socket.onFrame = deliver;
      lines.push({ socket, ended: () => heard.ended() });
      driver.listeners.add(socket);
      driver.shard.welcome(socket);
      world.opened += 1;
      return {
        close() {
          socket.end();
          lines = lines.filter((line) => line.socket !== socket);
          driver.shard.left();
        },
        ping: () => heard.pong(),
      };
    },
    async tell(_project, request) {
      return driver.shard.tellDelta(throughJson(request));
    },
    breakAll() {
      const broken = lines;
      lines = [];
      for (const { socket, ended } of broken) {
        socket.end();
        ended();
      }
    },
  } satisfies LiveWorld;
  return world;
}

/** Somebody who reads a stream, until they leave. */
export type Reader = Outlet & {
  readonly messages: LiveMessage[];
  leave(): void;
};

export function newReader(): Reader {
  const leaving = new AbortController();
  const messages: LiveMessage[] = [];
  return {
    signal: leaving.signal,
    messages,
    send: (message) => void messages.push(message),
    room: async () => {},
    leave: () => leaving.abort(),
  };
}
