import type { JobFlow } from '../../domain/job/flow.ts';
import type { JobId } from '../../domain/ids.ts';

/**
 * A place among the jobs under way. A job may ask several times in its life; `turn` rises with each, so that
 * what comes late is told from what is meant now.
 */
export type FlowSlot = { readonly jobId: JobId; readonly turn: number };

export type FlowAsk = FlowSlot & JobFlow;

/** What a shard tells of its jobs. Everything in it may come twice or late. */
export type FlowMessage = {
  readonly shard: number;
  readonly asks: readonly FlowAsk[];
  readonly releases: readonly FlowSlot[];
};

/** Slots that jobs of the telling shard have from now on. One that asked and is not here waits. */
export type FlowAnswer = { readonly granted: readonly FlowSlot[] };

/** A project's flow control: it decides which jobs are under way. Code of the release before may call it. */
export type Flow = { exchange(message: FlowMessage): Promise<FlowAnswer> };
