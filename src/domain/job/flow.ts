/**
 * Flow control: how many jobs may be under way at once, and which of those that wait goes first.
 */
export const priorities = ['high', 'normal', 'low'] as const;
export type Priority = (typeof priorities)[number];

export const CONCURRENCY_MAX = 10_000;
/** The most characters of a concurrency key's value. */
export const CONCURRENCY_KEY_CHARACTERS_MAX = 200;

/** The limits that a job is born under. PERSISTED CONTRACT: part of the job's birth. */
export type JobFlow = {
  /** What its pipeline's limit is counted by, the pipeline's name in front; null without such a limit. */
  readonly key: string | null;
  /** The most jobs under way at once under this key. */
  readonly keyLimit: number | null;
  /** The most jobs under way at once in the project, of those that are under a limit. */
  readonly projectLimit: number | null;
  readonly priority: Priority;
};
