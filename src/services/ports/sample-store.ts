import type { ProjectId } from '../../domain/ids.ts';
import type { Target } from '../../domain/model/target.ts';
import type { Fact } from '../metrics/facts/fact.ts';

/** Jobs of a project of which history has told that they wait for a runner. */
export type WaitingJobs = {
  readonly project: ProjectId;
  readonly jobs: number;
  /** Since when the first of them waits; null when there are none. */
  readonly oldestSinceMs: number | null;
};

/** What the samples of a minute need of what is stored. */
export type SampleStore = {
  /** Projects in which jobs wait, the longest wait first; then those in which none does any more since the sample of the minute before. */
  waiting(minuteMs: number, limit: number): Promise<readonly WaitingJobs[]>;
  /** The targets that were called or held back in the last minutes, the latest first. */
  usedTargets(minuteMs: number, limit: number): Promise<readonly Target[]>;
  /** Keeps what was seen in a minute. False when that minute has been sampled already: then nothing changes. */
  keep(minuteMs: number, seen: ReadonlyMap<ProjectId, readonly Fact[]>): Promise<boolean>;
};
