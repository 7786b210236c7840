import type { JobId } from '../../domain/ids.ts';
import { isTerminal } from '../../domain/job.ts';
import { decide, type Decision, type Input } from '../../engine/decide.ts';
import { nextDueAtMs } from '../../engine/due.ts';
import type { Plan } from '../../engine/plan.ts';
import type { CancelAnswer, CancelRequest } from '../../services/ports/job-shard.ts';
import { hintsToSend, resendDelayMs, retentionDueAtMs } from './book.ts';
import { commit, jobDueAtMs } from './commit.ts';
import { forget, type ShardContext } from './context.ts';
import { runnableCount } from '../../engine/due.ts';
import { expiredLeases } from './leases.ts';
import { makeWorld, NO_ARRIVALS } from './make-world.ts';
import { openBox } from './payload-box.ts';
import { guarded } from './quarantine.ts';
import { snapshot } from './read.ts';
import { queueHistory } from './sends.ts';
import { storeItems } from './turn.ts';
import { eraseItemOutputs } from './tables/items.ts';
import { deleteJob, loadJob, updateJob, type JobRow } from './tables/jobs.ts';
import { deleteKey } from './tables/keys.ts';
import { erasePayloads } from './tables/payloads.ts';

/** Asks the engine about something that happened to a job without a runner, and commits what it says. */
function apply(context: ShardContext, row: JobRow, plan: Plan, input: Input): JobRow {
  const jobId = row.state.birth.id;
  const world = makeWorld(context, { jobId, inline: row.inline }, plan, NO_ARRIVALS);
  const decision: Decision = decide(row.state, plan, input, world);
  const after = context.ports.sql.transaction(() => {
    storeItems(context, jobId, decision.items, NO_ARRIVALS.payloads);
    const box = openBox(row.inline, row.book);
    return commit(context, {
      row,
      plan,
      decision,
      box,
      requestId: null,
      wakes: row.book.wakes,
      returning: false,
    });
  });
  context.ports.measure({ before: row.state, state: after.state, events: decision.events });
  return after;
}

/** Stops a job: nothing new starts; what runs is told to stop at its next renewal. */
export function cancel(context: ShardContext, { jobId, by }: CancelRequest): CancelAnswer {
  const row = loadJob(context.ports.sql, jobId);
  if (row === null) return { kind: 'gone' };
  return guarded<CancelAnswer>(context, row, { kind: 'gone' }, (plan) => {
    const after = isTerminal(row.state.status)
      ? row
      : apply(context, row, plan, { kind: 'cancel', by });
    return { kind: 'done', snapshot: snapshot(context, after, plan, []) };
  });
}

/**
 * Does for one job what time asks for: lost runners, deadlines, back-offs that have ended, hints and history
 * that nobody answered, retention. Safe to call at any time and any number of times.
 */
export async function attend(context: ShardContext, jobId: JobId): Promise<void> {
  const row = loadJob(context.ports.sql, jobId);
  if (row === null) {
    forget(context, jobId);
    return;
  }
  const after = guarded(context, row, row, (plan) => attendPlanned(context, row, plan));
  await attendRetention(context, after);
}

function attendPlanned(context: ShardContext, row: JobRow, plan: Plan): JobRow {
  const nowMs = context.ports.nowMs();
  let after = row;
  if (!isTerminal(row.state.status)) {
    const attempts = expiredLeases(context, row.state);
    if (attempts.length > 0) after = apply(context, row, plan, { kind: 'lost', attempts });
    else if (nextDueAtMs(row.state, plan, nowMs) <= nowMs || hintsDue(row, plan, nowMs)) {
      after = apply(context, row, plan, { kind: 'timer' });
    }
  }
  if (historyOverdue(context, after, nowMs)) queueHistory(context, after.state.birth.id);
  context.memory.dueAtMs.set(after.state.birth.id, jobDueAtMs(context, { ...after, plan }));
  return after;
}

function hintsDue({ state, book }: JobRow, plan: Plan, nowMs: number): boolean {
  return hintsToSend(book.wakes, runnableCount(state, plan, nowMs), nowMs) > 0;
}

function historyOverdue({ memory }: ShardContext, { state, book }: JobRow, nowMs: number): boolean {
  const confirmed = Math.max(book.confirmedSeq, memory.confirmedSeq.get(state.birth.id) ?? 0);
  if (confirmed >= state.seq) return false;
  const sent = memory.sent.get(state.birth.id);
  return sent === undefined || nowMs >= sent.atMs + resendDelayMs(sent.tries);
}

/** Erases payloads, and later the whole job, when their time has come and their history is safe. */
async function attendRetention(context: ShardContext, row: JobRow): Promise<void> {
  const { ports } = context;
  const { state, book } = row;
  const due = isTerminal(state.status) && book.confirmedSeq >= state.seq;
  if (!due || ports.nowMs() < retentionDueAtMs(state, book)) return;
  const jobId = state.birth.id;
  // Objects first: once the rows are gone nobody would know of them.
  if (book.objects && !book.erased) await ports.deleteObjects(state.birth.project, jobId);
  ports.sql.transaction(() => {
    if (book.erased || book.historyMs <= book.payloadsMs) eraseJob(context, row);
    else erasePayloadsOf(context, row);
  });
}

function erasePayloadsOf(context: ShardContext, { state, book }: JobRow): void {
  const { sql } = context.ports;
  const jobId = state.birth.id;
  const after = { ...book, erased: true, objects: false, inlineLength: 0 };
  erasePayloads(sql, jobId);
  eraseItemOutputs(sql, jobId);
  updateJob(sql, jobId, {
    state,
    book: after,
    inline: { values: {}, control: {} },
    tail: null,
    dueAtMs: retentionDueAtMs(state, after),
  });
  forget(context, jobId);
}

/** Removes all trace of a job from the shard. */
function eraseJob(context: ShardContext, { state, book }: JobRow): void {
  const { sql } = context.ports;
  deleteJob(sql, state.birth.id);
  if (book.keyHash !== null) deleteKey(sql, book.keyHash);
  forget(context, state.birth.id);
}
