import type { Definition } from '../../../domain/definition/definition.ts';
import type { JobId } from '../../../domain/ids.ts';
import type { JobEvent } from '../../../domain/job/event.ts';
import type { Correlation, JobState } from '../../../domain/job/job.ts';
import type { WaitingKind } from '../../../domain/job/waiting.ts';
import type { Json } from '../../../domain/json.ts';
import type { ResolvedRead } from './payload.ts';

/** How a job and its history are read. */

export type ReadRequest = {
  readonly jobId: JobId;
  /** Payloads wanted beside the output. */
  readonly include: readonly ('input' | 'step_outputs')[];
  /** Only these steps' outputs; all of them when absent. */
  readonly steps?: readonly string[] | undefined;
};

/** A job as its shard sees it now. */
export type JobSnapshot = {
  readonly state: JobState;
  readonly definition: Definition;
  /** What the output mapping reads; empty until the job has succeeded. */
  readonly outputReads: readonly ResolvedRead[];
  /** Wanted payloads: `input`, and a step's output by step id. */
  readonly payloads: {
    readonly input?: ResolvedRead;
    readonly steps?: Readonly<Record<string, ResolvedRead>>;
  };
  /** What providers said of failed attempts, by attempt key; kept with the payloads. */
  readonly details: Readonly<Record<string, Json>>;
  readonly payloadsErased: boolean;
  /** What nothing but time and others can change now; null while something moves or when the job is over. */
  readonly waitingOn: WaitingOn | null;
};

export type WaitingOn = {
  readonly kind: WaitingKind;
  readonly key: string | null;
  readonly untilAtMs: number | null;
};

/** The output of a step, or of an item of its map, if it still is the one with this hash. */
export type OutputRequest = {
  readonly jobId: JobId;
  readonly step: string;
  readonly item: number | null;
  readonly sha256: string;
};

export type EventsRequest = {
  readonly jobId: JobId;
  readonly afterSeq: number;
  readonly limit: number;
};

export type EventsAnswer = {
  readonly events: readonly JobEvent[];
  readonly correlation: Correlation;
  /** The number of the job's last event. */
  readonly seq?: number;
  /** True once the job is over: hardly an event follows, other than costs that came late. */
  readonly over?: boolean;
};
