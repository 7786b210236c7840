import type { JobId } from '../ids.ts';

/** The attempt of another job that a job was made for. */
export type ParentLink = {
  readonly jobId: JobId;
  readonly step: string;
  readonly item: number | null;
  readonly attempt: number;
  /** The pipelines from the first ancestor down to the parent: none of them may be met again below. */
  readonly lineage: readonly string[];
};

/** How many jobs may stand one below the other, the first one included. */
export const LINEAGE_MAX = 5;
