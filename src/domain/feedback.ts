import type { JobId } from './ids.ts';

/** What a user says of a job that is over, or of one of its steps. */
export type Feedback = {
  readonly id: string;
  readonly jobId: JobId;
  readonly pipeline: string;
  readonly version: number;
  /** The step that is judged; null for the whole job. */
  readonly step: string | null;
  /** From 0, bad, to 1, good; null without one. */
  readonly score: number | null;
  readonly label: string | null;
  /** Like a payload: null once the job's payloads are erased. */
  readonly comment: string | null;
  /** The user as the caller names them; erased with the comment. */
  readonly user: string | null;
  /** Until when comment and user are kept; null without either. */
  readonly personalUntilMs: number | null;
  /** What answered in what is judged: `provider/model`, each once. */
  readonly models: readonly string[];
  /** What it was asked with: the step and a hash of its prompt, `triage:1f2e3d4c5b6a`. */
  readonly prompts: readonly string[];
  /** The API key, by its id. */
  readonly by: string;
  readonly atMs: number;
};

/** What feedback is counted by. */
export const feedbackGroups = ['pipeline', 'version', 'step', 'model', 'prompt', 'by'] as const;
export type FeedbackGroup = (typeof feedbackGroups)[number];

/** What was said of one pipeline, version, step, model, prompt, or by one key. */
export type FeedbackSum = {
  readonly pipeline: string | null;
  /** What the rows are grouped by; the pipeline's name when that is the pipeline itself. */
  readonly group: string;
  readonly count: number;
  readonly scores: number;
  /** Null when there is no score among them. */
  readonly meanScore: number | null;
  readonly minScore: number | null;
  readonly maxScore: number | null;
  readonly comments: number;
  /** How often each label was given, the most frequent first. */
  readonly labels: readonly (readonly [label: string, count: number])[];
};
