import { DurableObject } from 'cloudflare:workers';

import { isProjectId, type ProjectId } from '../../domain/ids.ts';
import type { FlowAnswer, FlowMessage, FlowSlot } from '../../services/ports/flow.ts';
import type { Log } from '../../services/ports/log.ts';
import { makeAlarmClock, type AlarmClock } from '../alarm-clock.ts';
import { FlowOfProject } from './flow.ts';
import { sqlOf } from '../object-sql.ts';

/** What a flow needs of the deployment. `index.ts` says where it comes from. */
export type FlowDeployment = {
  readonly log: Log;
  grant(
    project: ProjectId,
    shard: number,
    slots: readonly FlowSlot[],
  ): Promise<readonly FlowSlot[]>;
};

/** The Durable Object around a project's flow control: storage, alarm and clock, and nothing else. */
export class FlowObject extends DurableObject<Env> {
  readonly #alarm: AlarmClock;
  #flow: FlowOfProject | null = null;

  /** Set by the Worker's entry before any object is made; a class has no other way to its deployment. */
  static deployment: (env: Env) => FlowDeployment = () => {
    throw new Error('the entry has not told the flows where they are deployed');
  };

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#alarm = makeAlarmClock(ctx.storage);
    void ctx.blockConcurrencyWhile(async () => {
      const standingAlarmAtMs = await ctx.storage.getAlarm();
      const { name = '' } = ctx.id;
      if (!isProjectId(name)) throw new Error(`not the name of a flow: ${name}`);
      const deployment = FlowObject.deployment(env);
      const ports = {
        sql: sqlOf(ctx.storage),
        setAlarm: (atMs: number) => this.#alarm.set(atMs),
        grant: (shard: number, slots: readonly FlowSlot[]) => deployment.grant(name, shard, slots),
        log: deployment.log,
        nowMs: () => Date.now(),
        random: () => Math.random(),
        background: (work: Promise<void>) => {
          ctx.waitUntil(work);
        },
      };
      this.#flow = new FlowOfProject(ports, standingAlarmAtMs);
    });
  }

  get #slots(): FlowOfProject {
    if (this.#flow === null) throw new Error('a call came before the flow was open');
    return this.#flow;
  }

  exchange(message: FlowMessage): FlowAnswer {
    return this.#slots.exchange(message);
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    this.#alarm.fired(info);
    await this.#slots.alarm();
  }
}
