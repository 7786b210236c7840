import { NOTHING_CLAIMED } from '../../engine/decide.ts';
import type { FlowSlot } from '../../services/ports/flow.ts';
import { commit } from './commit.ts';
import type { ShardContext } from './context.ts';
import { openBox } from './payload-box.ts';
import { guarded } from './quarantine.ts';
import { loadJob, type JobRow } from './tables/jobs.ts';

/**
 * Takes the slots that the flow gives to jobs of this shard, and answers with those that their jobs do not want:
 * they are over, or have given them back. A slot may be given several times; from then on the job's work goes out.
 */
export function takeGrants(context: ShardContext, slots: readonly FlowSlot[]): readonly FlowSlot[] {
  return slots.filter((slot) => !take(context, slot));
}

function take(context: ShardContext, { jobId, turn }: FlowSlot): boolean {
  const row = loadJob(context.ports.sql, jobId);
  if (row === null || row.book.flow?.turn !== turn) return false;
  if (row.book.flow.status !== 'asked') return row.book.flow.status === 'granted';
  return start(context, row);
}

function start(context: ShardContext, row: JobRow): boolean {
  const { state, inline, book } = row;
  return guarded(context, row, false, (plan) => {
    context.ports.sql.transaction(() =>
      commit(context, {
        row,
        plan,
        decision: {
          state,
          events: [],
          claimed: NOTHING_CLAIMED,
        },
        box: openBox(inline, book),
        requestId: null,
        wakes: book.wakes,
        returning: false,
        attended: false,
        objects: false,
        granted: true,
      }),
    );
    return true;
  });
}
