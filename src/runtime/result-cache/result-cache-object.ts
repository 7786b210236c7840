import { DurableObject } from 'cloudflare:workers';

import type {
  FindAnswer,
  FindRequest,
  FlightMark,
  PutRequest,
} from '../../services/ports/values/result-cache.ts';
import type { Log } from '../../services/ports/log.ts';
import { makeAlarmClock, type AlarmClock } from '../alarm-clock.ts';
import { sqlOf } from '../object-sql.ts';
import { machine } from '../machine.ts';
import { CachePart } from './result-cache.ts';

/** The Durable Object around a part of a project's cache: storage, alarm and clock, and nothing else. */
export class ResultCacheObject extends DurableObject<Env> {
  readonly #alarm: AlarmClock;
  #part: CachePart | null = null;

  /** Set by the Worker's entry before any object is made; a class has no other way to its deployment. */
  static deployment: (env: Env) => { readonly log: Log } = () => {
    throw new Error('the entry has not told the caches where they are deployed');
  };

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#alarm = makeAlarmClock(ctx.storage);
    void ctx.blockConcurrencyWhile(async () => {
      const standingAlarmAtMs = await ctx.storage.getAlarm();
      const ports = {
        sql: sqlOf(ctx.storage),
        setAlarm: (atMs: number) => this.#alarm.set(atMs),
        wait: (ms: number, signal: AbortSignal) => machine.wait(ms, signal),
        nowMs: () => Date.now(),
        log: ResultCacheObject.deployment(env).log,
      };
      this.#part = new CachePart(ports, standingAlarmAtMs);
    });
  }

  get #calls(): CachePart {
    if (this.#part === null) throw new Error('a call came before the cache was open');
    return this.#part;
  }

  async find(request: FindRequest): Promise<FindAnswer> {
    return this.#calls.find(request);
  }

  renew(request: FlightMark & { readonly forMs: number }): void {
    this.#calls.renew(request);
  }

  leave(mark: FlightMark): void {
    this.#calls.leave(mark);
  }

  put(request: PutRequest): void {
    this.#calls.put(request);
  }

  override alarm(info?: AlarmInvocationInfo): void {
    this.#alarm.fired(info);
    this.#calls.alarm();
  }
}
