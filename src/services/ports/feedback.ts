import type { Feedback, FeedbackGroup, FeedbackSum } from '../../domain/feedback.ts';
import type { JobId, ProjectId } from '../../domain/ids.ts';

type AddFeedback =
  | { readonly kind: 'added' }
  /** The same was said before under the same id. */
  | { readonly kind: 'known'; readonly feedback: Feedback }
  /** Something else was said before under the same id. */
  | { readonly kind: 'different' }
  /** So much has been said of the job that nothing is added. */
  | { readonly kind: 'full' };

export type FeedbackQuery = {
  readonly groupBy: FeedbackGroup;
  /** Only this pipeline; null for all. */
  readonly pipeline: string | null;
  readonly version: number | null;
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
};

/** What users say of jobs. */
export type FeedbackStore = {
  /** Adds it unless `most` have been said of its job already. `bodySha256` tells repetitions from mistakes. */
  add(
    project: ProjectId,
    feedback: Feedback,
    bodySha256: string,
    most: number,
  ): Promise<AddFeedback>;
  /** Of a job, the oldest first; without what is not to be kept at `nowMs`. */
  list(project: ProjectId, jobId: JobId, nowMs: number): Promise<readonly Feedback[]>;
  /** The largest groups first, at most `limit`. */
  sum(project: ProjectId, query: FeedbackQuery, limit: number): Promise<readonly FeedbackSum[]>;
};
