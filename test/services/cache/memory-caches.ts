import type { ProjectId } from '../../../src/domain/ids.ts';
import { CachePart } from '../../../src/runtime/result-cache/result-cache.ts';
import type {
  CacheKey,
  ResultCache,
  ResultCaches,
} from '../../../src/services/ports/values/result-cache.ts';
import type { Machine } from '../../../src/services/ports/runtime.ts';
import { NodeSqlite } from '../../support/node-sqlite.ts';

/** The real cache on Node's SQLite, across a process boundary that may be down. */
export class MemoryCaches implements ResultCaches {
  readonly db = new NodeSqlite();
  readonly asked: string[] = [];
  /** True while nobody answers. */
  isDown = false;
  readonly #part: CachePart;

  constructor(machine: Pick<Machine, 'nowMs' | 'wait'>) {
    this.#part = new CachePart(
      {
        sql: this.db.port(),
        setAlarm: () => {},
        wait: (ms, signal) => machine.wait(ms, signal),
        nowMs: () => machine.nowMs(),
        log: () => {},
      },
      null,
    );
  }

  of(_project: ProjectId, _key: CacheKey): ResultCache {
    const part = this.#part;
    return {
      find: async (request) => part.find(this.#arrive('find', request)),
      renew: async (request) => part.renew(this.#arrive('renew', request)),
      leave: async (mark) => part.leave(this.#arrive('leave', mark)),
      put: async (request) => part.put(this.#arrive('put', request)),
    };
  }

  #arrive<Message>(name: string, message: Message): Message {
    this.asked.push(name);
    if (this.isDown) throw new Error('the cache does not answer');
    return JSON.parse(JSON.stringify(message)) as Message;
  }
}
