import type { Decision } from '../../engine/decide.ts';
import type { ShardContext } from './context.ts';
import { itemAttemptsOf } from './tables/items.ts';
import type { JobRow } from './tables/jobs.ts';

/** Measures what a commit has just written. */
export function measureCommit(
  { ports }: ShardContext,
  { state: before }: JobRow,
  { state }: JobRow,
  { events }: Decision,
): void {
  const itemAttempts = itemAttemptsOf(ports.sql, state.birth.id);
  ports.measure({ before, state, events, itemAttempts });
}
