import { drizzle } from 'drizzle-orm/d1';
import { v7 } from 'uuid';

import { deadLetters } from '../job-schema.ts';

export type DeadLetter = {
  readonly queue: string;
  readonly project: string | null;
  readonly jobId: string | null;
  readonly reason: string;
  /** What is known of the message, without payloads. */
  readonly summary: string;
};

/** Columns of a row, to stay below D1's 100 bound parameters. */
const ROWS_PER_STATEMENT = 10;

/** Keeps what fell out of a queue for the operator. */
export async function recordDeadLetters(
  d1: D1Database,
  letters: readonly DeadLetter[],
): Promise<void> {
  const db = drizzle(d1);
  const at = Date.now();
  for (let start = 0; start < letters.length; start += ROWS_PER_STATEMENT) {
    const rows = letters
      .slice(start, start + ROWS_PER_STATEMENT)
      .map((letter) => ({ ...letter, id: `dl_${v7()}`, at }));
    await db.insert(deadLetters).values(rows);
  }
}
