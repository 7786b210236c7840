import { DurableObject } from 'cloudflare:workers';

import { isProjectId, type JobId, type ProjectId } from '../domain/ids.ts';
import type { Backlog } from '../services/ports/backlogs.ts';
import type { FlowAnswer, FlowMessage, FlowSlot } from '../services/ports/flow.ts';
import type { DeltaAnswer, DeltaRequest } from '../services/ports/live.ts';
import type {
  CallbackAnswer,
  CallbackRequest,
  CancelAnswer,
  CancelledTickets,
  EventAnswer,
  EventRequest,
  SteerAnswer,
  SteerRequest,
} from '../services/ports/job-shard/steer.ts';
import type {
  EventsAnswer,
  EventsRequest,
  JobSnapshot,
  OutputRequest,
  ReadRequest,
} from '../services/ports/job-shard/snapshot.ts';
import type { HistoryMark } from '../services/ports/job-shard/job-shard.ts';
import type { KeyedJob, SubmitAnswer, SubmitRequest } from '../services/ports/job-shard/submit.ts';
import type {
  NextAnswer,
  NextRequest,
  RenewAnswer,
  RenewRequest,
} from '../services/ports/job-shard/turn.ts';
import type { PayloadOnTheWay } from '../services/ports/job-shard/payload.ts';
import { makeAlarmClock, type AlarmClock } from './alarm-clock.ts';
import type { ShardPorts } from './job-shard/context.ts';
import { ShardOfJobs } from './job-shard/job-shard.ts';
import { listenersOf, takeSocket, wishOf } from './live/sockets.ts';
import { sqlOf } from './object-sql.ts';

/** What a shard needs of the deployment. `index.ts` says where it comes from. */
export type ShardDeployment = Omit<
  ShardPorts,
  | 'sql'
  | 'setAlarm'
  | 'sync'
  | 'background'
  | 'delay'
  | 'nowMs'
  | 'random'
  | 'exchange'
  | 'listeners'
> & {
  readonly historyWindowMs: number;
  readonly exchange: (project: ProjectId, message: FlowMessage) => Promise<FlowAnswer>;
};

/**
 * The Durable Object around a shard: it provides storage, alarm and clock, and nothing else. `#` members only,
 * because TypeScript's `private` leaves a method callable over RPC.
 */
export class JobShardObject extends DurableObject<Env> {
  readonly #alarm: AlarmClock;
  #shard: ShardOfJobs | null = null;

  /** Set by the Worker's entry before any object is made; a class has no other way to its deployment. */
  static deployment: (env: Env) => ShardDeployment = () => {
    throw new Error('the entry has not told the shards where they are deployed');
  };

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#alarm = makeAlarmClock(ctx.storage);
    void ctx.blockConcurrencyWhile(async () => {
      const standingAlarmAtMs = await ctx.storage.getAlarm();
      const { historyWindowMs, exchange, ...deployment } = JobShardObject.deployment(env);
      const { project, shard } = parseName(ctx.id.name);
      const ports = {
        ...deployment,
        ...this.#localPorts(),
        exchange: (message: FlowMessage) => exchange(project, message),
      };
      this.#shard = new ShardOfJobs(ports, { project, shard, historyWindowMs }, standingAlarmAtMs);
    });
  }

  #localPorts() {
    const { ctx } = this;
    return {
      sql: sqlOf(ctx.storage),
      setAlarm: (atMs: number) => this.#alarm.set(atMs),
      sync: () => ctx.storage.sync(),
      background: (work: Promise<void>) => {
        ctx.waitUntil(work);
      },
      delay: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
      nowMs: () => Date.now(),
      random: () => Math.random(),
      listeners: listenersOf(ctx),
    };
  }

  get #jobs(): ShardOfJobs {
    if (this.#shard === null) throw new Error('a call came before the shard was open');
    return this.#shard;
  }

  submit(request: SubmitRequest): SubmitAnswer {
    return this.#jobs.submit(request);
  }

  next(request: NextRequest): NextAnswer {
    return this.#jobs.next(request);
  }

  renew(request: RenewRequest): RenewAnswer {
    return this.#jobs.renew(request);
  }

  cancel(request: SteerRequest): CancelAnswer {
    return this.#jobs.cancel(request);
  }

  pause(request: SteerRequest): SteerAnswer {
    return this.#jobs.pause(request);
  }

  resume(request: SteerRequest): SteerAnswer {
    return this.#jobs.resume(request);
  }

  receiveEvent(request: EventRequest): EventAnswer {
    return this.#jobs.receiveEvent(request);
  }

  read(request: ReadRequest): JobSnapshot | null {
    return this.#jobs.read(request);
  }

  readOutput(request: OutputRequest): PayloadOnTheWay | null {
    return this.#jobs.readOutput(request);
  }

  events(request: EventsRequest): EventsAnswer | null {
    return this.#jobs.events(request);
  }

  parentTold(request: { readonly jobId: JobId }): void {
    this.#jobs.parentTold(request);
  }

  ticketsCancelled(request: CancelledTickets): void {
    this.#jobs.ticketsCancelled(request);
  }

  callBack(request: CallbackRequest): CallbackAnswer {
    return this.#jobs.callBack(request);
  }

  findKey(keyHash: string): KeyedJob | null {
    return this.#jobs.findKey(keyHash);
  }

  backlog(): Backlog {
    return this.#jobs.backlog();
  }

  confirm(marks: readonly HistoryMark[]): void {
    this.#jobs.confirm(marks);
  }

  grant(slots: readonly FlowSlot[]): readonly FlowSlot[] {
    return this.#jobs.grant(slots);
  }

  ensureAlarm(): void {
    this.#jobs.ensureAlarm();
  }

  tellDelta(request: DeltaRequest): DeltaAnswer {
    return this.#jobs.tellDelta(request);
  }

  /** Gives a socket to somebody who wants to listen. Only the Worker can ask, after it has checked who does. */
  override fetch(request: Request): Response {
    const wish = wishOf(request);
    if (wish === null) return new Response(null, { status: 400 });
    const admission = this.#jobs.mayListen(wish);
    if (admission !== 'welcome') {
      return new Response(null, { status: admission === 'gone' ? 404 : 503 });
    }
    const { 0: theirs, 1: ours } = new WebSocketPair();
    this.#jobs.welcome(takeSocket(this.ctx, ours, wish));
    return new Response(null, { status: 101, webSocket: theirs });
  }

  override webSocketClose(): void {
    this.#jobs.left();
  }

  override webSocketError(): void {
    this.#jobs.left();
  }

  /** The platform passes the retry count; a test's helper passes nothing. */
  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    this.#alarm.fired(info);
    await this.#jobs.alarm(info?.retryCount ?? 0);
  }
}

function parseName(name: string | undefined) {
  const [project = '', shard = ''] = (name ?? '').split(':');
  if (!isProjectId(project) || !/^\d{1,3}$/.test(shard)) {
    throw new Error(`not the name of a shard: ${name ?? '(none)'}`);
  }
  return { project, shard: Number(shard) };
}
