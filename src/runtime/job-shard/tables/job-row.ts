import type { JobState } from '../../../domain/job/job.ts';
import type { Json } from '../../../domain/json.ts';
import type { Book } from '../book.ts';

/** Small payloads that live in the job's own row. */
export type Inline = {
  readonly values: Readonly<Record<string, Json>>;
  /** What control expressions read, by control key. */
  readonly control: Readonly<Record<string, Json>>;
};

/** A job's row, parsed. */
export type JobRow = {
  readonly state: JobState;
  readonly book: Book;
  readonly inline: Inline;
  /** A lower bound of the next moment at which the job needs attention. */
  readonly dueAtMs: number;
};
