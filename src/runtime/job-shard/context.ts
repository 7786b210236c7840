import type { Target } from '../../domain/job/attempt.ts';
import type { JobId, ProjectId } from '../../domain/ids.ts';
import type { TargetMeasure } from '../../domain/model/target-measure.ts';
import type { TargetView } from '../../engine/world.ts';
import { makePlanCache, type PlanCache } from '../../services/pipelines/plan-cache.ts';
import type { FlowAnswer, FlowAsk, FlowMessage, FlowSlot } from '../../services/ports/flow.ts';
import type { Log } from '../../services/ports/log.ts';
import type { Change } from '../telemetry/change.ts';
import type { Traced } from '../traces/trace-settings.ts';
import type { HistoryMessage, WakeMessage } from '../messages.ts';
import type { Book, BookFlow } from './book.ts';
import { freshLiveMemory, type Listeners, type LiveMemory } from './live/listeners.ts';
import type { Sql } from './sql.ts';

/** What a shard needs of the world. In production a Durable Object, in the simulation a script. */
export type ShardPorts = {
  readonly sql: Sql;
  /** Replaces the object's one alarm. */
  setAlarm(atMs: number): void;
  /** Resolves once everything written so far is on disk. */
  sync(): Promise<void>;
  sendWakes(messages: readonly WakeMessage[]): Promise<void>;
  sendHistory(messages: readonly HistoryMessage[]): Promise<void>;
  /** Tells the project's flow of slots that jobs ask for and give back. */
  exchange(message: FlowMessage): Promise<FlowAnswer>;
  /** Deletes every R2 object of a job. */
  deleteObjects(project: ProjectId, jobId: JobId): Promise<void>;
  /** Measures what was just committed. Must not throw and must not wait. */
  measure(change: Change): void;
  /** Whether spans of a request's jobs are exported; absent where none are. */
  readonly traced?: Traced;
  readonly log: Log;
  nowMs(): number;
  random(): number;
  target(target: Target): TargetView;
  /** Remembers what a runner says of targets, for the decisions to come. Must not throw and must not wait. */
  hear?(measures: readonly TargetMeasure[]): void;
  /** Those who want to hear of events as they happen. */
  readonly listeners: Listeners;
  /** Lets work go on after the call that began it has answered. */
  background(work: Promise<void>): void;
  delay(ms: number): Promise<void>;
};

export type ShardSettings = {
  readonly project: ProjectId;
  readonly shard: number;
  /** How long history waits for more of its kind before it is sent, in milliseconds; longer in a shard that has just sent. */
  readonly historyWindowMs: number;
};

/**
 * What an instance of a shard remembers between calls. All of it may be lost at any moment: it only saves
 * reads and writes.
 */
export type ShardMemory = {
  readonly bootedAtMs: number;
  /** When the standing alarm fires; null when none is known to stand. */
  alarmAtMs: number | null;
  /** Compiled definitions. */
  readonly plans: PlanCache;
  /** When an attempt was claimed or last renewed, by job and attempt key. */
  readonly seenAtMs: Map<string, number>;
  /** What is really due when, for jobs whose stored lower bound is earlier. */
  readonly dueAtMs: Map<JobId, number>;
  /** History sent and not yet confirmed. */
  readonly sent: Map<JobId, Sent>;
  /** Confirmations of jobs that still run; written with their next commit. */
  readonly confirmedSeq: Map<JobId, number>;
  /** When a wait has to be told, by job; see `waiting.ts`. */
  readonly tell: Map<JobId, Telling>;
  /** When running jobs have to be told of, for events that were not sent yet; see `tell-progress.ts`. */
  readonly unsent: Map<JobId, number>;
  /** What the project's flow has to be told, and what it was told; see `flow.ts`. */
  readonly flow: {
    readonly toSend: Map<JobId, FlowSend>;
    readonly sent: Map<JobId, FlowSent>;
    flushing: boolean;
  };
  /** Jobs with events to send. */
  readonly toSend: Set<JobId>;
  readonly history: {
    /** When history leaves next; infinity when none is noted. */
    leavesAtMs: number;
    /** When it last left. */
    leftAtMs: number;
  };
  /** Hints to send with the next flush. */
  wakes: WakeMessage[];
  wakeFlush: boolean;
  readonly live: LiveMemory;
};

type Telling = { readonly sinceMs: number; readonly atMs: number; readonly tries: number };
export type FlowSend =
  | { readonly kind: 'ask'; readonly ask: FlowAsk }
  | { readonly kind: 'release'; readonly slot: FlowSlot };
type FlowSent = BookFlow & {
  readonly atMs: number;
  readonly tries: number;
  readonly answered: boolean;
};
type Sent = { readonly seq: number; readonly atMs: number; readonly tries: number };

export type ShardContext = {
  readonly ports: ShardPorts;
  readonly settings: ShardSettings;
  readonly memory: ShardMemory;
  /** Takes slots that the flow gives; answers with those that no job wants. */
  takeGrants(slots: readonly FlowSlot[]): readonly FlowSlot[];
};

/** Memory is shared with the other objects of an isolate: compiled definitions are bounded by their size. */
const PLAN_CHARACTERS_MAX = 1_000_000;

export function freshMemory(nowMs: number, alarmAtMs: number | null): ShardMemory {
  return {
    bootedAtMs: nowMs,
    alarmAtMs,
    plans: makePlanCache(PLAN_CHARACTERS_MAX),
    seenAtMs: new Map(),
    dueAtMs: new Map(),
    sent: new Map(),
    confirmedSeq: new Map(),
    tell: new Map(),
    unsent: new Map(),
    flow: { toSend: new Map(), sent: new Map(), flushing: false },
    toSend: new Set(),
    history: { leavesAtMs: Number.POSITIVE_INFINITY, leftAtMs: Number.NEGATIVE_INFINITY },
    wakes: [],
    wakeFlush: false,
    live: freshLiveMemory(),
  };
}

/** History up to this event is in D1, as far as is known; not all that is known is written yet. */
export function confirmedSeq({ memory }: ShardContext, jobId: JobId, book: Book): number {
  return Math.max(book.confirmedSeq, memory.confirmedSeq.get(jobId) ?? 0);
}

/** Forgets what was remembered of a job. */
export function forget({ memory }: ShardContext, jobId: JobId): void {
  memory.dueAtMs.delete(jobId);
  memory.sent.delete(jobId);
  memory.confirmedSeq.delete(jobId);
  memory.toSend.delete(jobId);
  memory.tell.delete(jobId);
  memory.unsent.delete(jobId);
  memory.flow.sent.delete(jobId);
}
