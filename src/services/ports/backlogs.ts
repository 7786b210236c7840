import type { ProjectId } from '../../domain/ids.ts';

/** Jobs of a shard that could go on and that no runner has taken. */
export type Backlog = {
  readonly jobs: number;
  /** Since when the first of them waits; null when there are none. */
  readonly oldestSinceMs: number | null;
};

/** How a queue stands. Null is what the platform does not tell here. */
export type QueueState = {
  readonly queue: string;
  readonly messages: number | null;
  readonly bytes: number | null;
  readonly oldestAtMs: number | null;
  /** Why nothing is told; null when it is. */
  readonly unavailable: string | null;
};

/** What waits at this moment. */
export type Backlogs = {
  /** Every queue that is bound. */
  queues(): Promise<readonly QueueState[]>;
  /** The shards that have ever had jobs, of a project or of all of them. A shard that did not answer is null. */
  shards(project: ProjectId | null): Promise<readonly (Backlog | null)[]>;
};
