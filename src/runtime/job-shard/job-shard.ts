import type { JobId } from '../../domain/ids.ts';
import type {
  CallbackAnswer,
  CallbackRequest,
  CancelAnswer,
  CancelledTickets,
  EventAnswer,
  EventRequest,
  SteerAnswer,
  SteerRequest,
} from '../../services/ports/job-shard/steer.ts';
import type {
  EventsAnswer,
  EventsRequest,
  JobSnapshot,
  OutputRequest,
  ReadRequest,
} from '../../services/ports/job-shard/snapshot.ts';
import type { HistoryMark } from '../../services/ports/job-shard/job-shard.ts';
import type {
  KeyedJob,
  SubmitAnswer,
  SubmitRequest,
} from '../../services/ports/job-shard/submit.ts';
import type {
  NextAnswer,
  NextRequest,
  RenewAnswer,
  RenewRequest,
} from '../../services/ports/job-shard/turn.ts';
import type { PayloadOnTheWay } from '../../services/ports/job-shard/payload.ts';
import type { Backlog } from '../../services/ports/backlogs.ts';
import type { FlowSlot } from '../../services/ports/flow.ts';
import type { DeltaAnswer, DeltaRequest, ListenWish } from '../../services/ports/live.ts';
import { ensureAlarm, fireAlarm } from './alarm.ts';
import { readBacklog } from './reading/backlog.ts';
import { cancel, pause, receiveEvent, resume } from './control.ts';
import { parentTold } from './work/chores.ts';
import { confirmHistory } from './sending/confirm.ts';
import { takeGrants } from './grants.ts';
import { freshMemory, type ShardContext, type ShardPorts, type ShardSettings } from './context.ts';
import { tellDelta } from './live/deltas.ts';
import { left, mayListen, welcome, type Admission } from './live/listen.ts';
import type { Listener } from './live/listeners.ts';
import { callBack, ticketsCancelled } from './work/provider-calls.ts';
import { readOutput } from './reading/read-output.ts';
import { read, readEvents } from './reading/read.ts';
import { migrate } from './schema.ts';
import { submit } from './submit.ts';
import { findKey } from './tables/keys.ts';
import { rememberingRows } from './tables/recent-rows.ts';
import { next, renew } from './work/turn.ts';

/**
 * The home of many jobs of one project: their state, their payloads, and what is still to be told of them.
 * A plain class over ports, so that the simulation runs it as it is; the Durable Object around it only
 * provides the ports. Every method answers in one synchronous run.
 */
export class ShardOfJobs {
  readonly #context: ShardContext;

  constructor(given: ShardPorts, settings: ShardSettings, standingAlarmAtMs: number | null) {
    const ports = { ...given, sql: rememberingRows(given.sql) };
    this.#context = {
      ports,
      settings,
      memory: freshMemory(ports.nowMs(), standingAlarmAtMs),
      takeGrants: (slots) => takeGrants(this.#context, slots),
    };
    migrate(ports.sql);
    ensureAlarm(this.#context);
  }

  submit(request: SubmitRequest): SubmitAnswer {
    this.#hear(request.turn?.measures);
    return submit(this.#context, request);
  }

  next(request: NextRequest): NextAnswer {
    this.#hear(request.measures);
    return next(this.#context, request);
  }

  /** Before it is decided which target is asked. */
  #hear(measures: NextRequest['measures']): void {
    if (measures !== undefined) this.#context.ports.hear?.(measures);
  }

  renew(request: RenewRequest): RenewAnswer {
    return renew(this.#context, request);
  }

  cancel(request: SteerRequest): CancelAnswer {
    return cancel(this.#context, request);
  }

  pause(request: SteerRequest): SteerAnswer {
    return pause(this.#context, request);
  }

  resume(request: SteerRequest): SteerAnswer {
    return resume(this.#context, request);
  }

  receiveEvent(request: EventRequest): EventAnswer {
    return receiveEvent(this.#context, request);
  }

  read(request: ReadRequest): JobSnapshot | null {
    return read(this.#context, request);
  }

  readOutput(request: OutputRequest): PayloadOnTheWay | null {
    return readOutput(this.#context, request);
  }

  events(request: EventsRequest): EventsAnswer | null {
    return readEvents(this.#context, request);
  }

  parentTold({ jobId }: { readonly jobId: JobId }): void {
    parentTold(this.#context, jobId);
  }

  ticketsCancelled(request: CancelledTickets): void {
    ticketsCancelled(this.#context, request);
  }

  callBack(request: CallbackRequest): CallbackAnswer {
    return callBack(this.#context, request);
  }

  findKey(keyHash: string): KeyedJob | null {
    return findKey(this.#context.ports.sql, keyHash);
  }

  backlog(): Backlog {
    const { ports } = this.#context;
    return readBacklog(ports.sql, ports.nowMs());
  }

  confirm(marks: readonly HistoryMark[]): void {
    confirmHistory(this.#context, marks);
  }

  grant(slots: readonly FlowSlot[]): readonly FlowSlot[] {
    return takeGrants(this.#context, slots);
  }

  ensureAlarm(): void {
    ensureAlarm(this.#context);
  }

  mayListen(wish: ListenWish): Admission {
    return mayListen(this.#context, wish);
  }

  welcome(listener: Listener): void {
    welcome(this.#context, listener);
  }

  /** A listener has gone. */
  left(): void {
    left(this.#context);
  }

  tellDelta(request: DeltaRequest): DeltaAnswer {
    return tellDelta(this.#context, request);
  }

  async alarm(retryCount: number): Promise<void> {
    await fireAlarm(this.#context, retryCount);
  }
}
