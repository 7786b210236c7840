import { DurableObject } from 'cloudflare:workers';

import { isProjectId, type JobId, type ProjectId } from '../../domain/ids.ts';
import type { Delivery } from '../../domain/webhook.ts';
import type { Log } from '../../services/ports/log.ts';
import type {
  DeliveryOrder,
  DeliveryQuery,
  ReceiverSeen,
  RedeliveryOrder,
  ToldEvents,
} from '../../services/ports/webhooks.ts';
import { makeAlarmClock, type AlarmClock } from '../alarm-clock.ts';
import { sqlOf } from '../object-sql.ts';
import { machine } from '../machine.ts';
import type { DeliverMessage } from '../messages.ts';
import { DeliveriesOfReceiver } from './deliveries.ts';
import { replyTo, type NextCall, type NextReply } from './next-call.ts';
import { endpointOf } from './receivers.ts';

/** What a receiver's deliveries need of the deployment. `index.ts` says where it comes from. */
export type DeliveriesDeployment = {
  readonly log: Log;
  sendHint(message: DeliverMessage): Promise<void>;
};

/** The Durable Object around a receiver's deliveries: storage, alarm and clock, and nothing else. */
export class DeliveriesObject extends DurableObject<Env> {
  readonly #alarm: AlarmClock;
  #deliveries: DeliveriesOfReceiver | null = null;

  /** Set by the Worker's entry before any object is made; a class has no other way to its deployment. */
  static deployment: (env: Env) => DeliveriesDeployment = () => {
    throw new Error('the entry has not told the deliveries where they are deployed');
  };

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#alarm = makeAlarmClock(ctx.storage);
    void ctx.blockConcurrencyWhile(async () => {
      const standingAlarmAtMs = await ctx.storage.getAlarm();
      const deployment = DeliveriesObject.deployment(env);
      const { project, receiver } = parseName(ctx.id.name);
      const ports = {
        sql: sqlOf(ctx.storage),
        setAlarm: (atMs: number) => this.#alarm.set(atMs),
        hint: () => deployment.sendHint({ kind: 'deliver', project, receiver }),
        log: deployment.log,
        nowMs: () => Date.now(),
        random: () => Math.random(),
        sha256: (text: string) => machine.sha256(text),
        background: (work: Promise<void>) => {
          ctx.waitUntil(work);
        },
      };
      const whose = { name: receiver, endpointId: endpointOf(receiver) };
      this.#deliveries = new DeliveriesOfReceiver(ports, whose, standingAlarmAtMs);
    });
  }

  get #own(): DeliveriesOfReceiver {
    if (this.#deliveries === null) throw new Error('a call came before the deliveries were open');
    return this.#deliveries;
  }

  accept(
    orders: readonly DeliveryOrder[],
    seen: ReceiverSeen,
    told?: readonly ToldEvents[],
  ): Promise<void> {
    return this.#own.accept(orders, seen, told);
  }

  next(call: NextCall): NextReply {
    return replyTo(call, this.#own.next(call));
  }

  list(query: DeliveryQuery): readonly Delivery[] {
    return this.#own.list(query);
  }

  get(id: string): Delivery | null {
    return this.#own.get(id);
  }

  redeliver(which: RedeliveryOrder): number {
    return this.#own.redeliver(which);
  }

  changed(seen: ReceiverSeen): void {
    this.#own.changed(seen);
  }

  forget(jobId: JobId): void {
    this.#own.forget(jobId);
  }

  override alarm(info?: AlarmInvocationInfo): void {
    this.#alarm.fired(info);
    this.#own.alarm();
  }
}

function parseName(name = ''): { readonly project: ProjectId; readonly receiver: string } {
  const [project = '', receiver = ''] = name.split(':');
  if (!isProjectId(project) || receiver === '') {
    throw new Error(`not the name of a receiver's deliveries: ${name || '(none)'}`);
  }
  return { project, receiver };
}
