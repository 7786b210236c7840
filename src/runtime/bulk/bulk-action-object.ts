import { DurableObject } from 'cloudflare:workers';

import { bulkSchema, type Bulk } from '../../domain/bulk.ts';
import { makeAlarmClock, type AlarmClock } from '../alarm-clock.ts';
import { BulkRunner, type BulkPorts } from './bulk-runner.ts';

/** What a bulk action needs of the deployment. `index.ts` says where it comes from. */
export type BulkDeployment = Pick<BulkPorts, 'jobIndex' | 'bulkIndex' | 'act' | 'log'>;

const KEY = 'bulk';

/** The Durable Object around one bulk action: it provides storage, alarm and clock, and nothing else. */
export class BulkActionObject extends DurableObject<Env> {
  readonly #alarm: AlarmClock;
  readonly #runner: BulkRunner;

  /** Set by the Worker's entry before any object is made; a class has no other way to its deployment. */
  static deployment: (env: Env) => BulkDeployment = () => {
    throw new Error('the entry has not told the bulk actions where they are deployed');
  };

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { storage } = ctx;
    this.#alarm = makeAlarmClock(storage);
    this.#runner = new BulkRunner({
      ...BulkActionObject.deployment(env),
      load() {
        const stored = storage.kv.get(KEY);
        return stored === undefined ? null : bulkSchema.parse(stored);
      },
      save: (bulk) => storage.kv.put(KEY, bulk),
      async erase() {
        await storage.deleteAlarm();
        await storage.deleteAll();
      },
      setAlarm: (atMs) => this.#alarm.set(atMs),
      nowMs: () => Date.now(),
    });
    void ctx.blockConcurrencyWhile(async () => {
      if ((await storage.getAlarm()) === null) this.#runner.ensureAlarm();
    });
  }

  start(bulk: Bulk): Promise<Bulk> {
    return this.#runner.start(bulk);
  }

  read(): Bulk | null {
    return this.#runner.read();
  }

  abort(): Promise<Bulk | null> {
    return this.#runner.abort();
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    this.#alarm.fired(info);
    await this.#runner.alarm();
  }
}
