import type { JobId } from '../../domain/ids.ts';
import { isTerminal } from '../../domain/job/job.ts';
import { decide, type Decision, type Input } from '../../engine/decide.ts';
import { nextDueAtMs } from '../../engine/due.ts';
import type { Plan } from '../../engine/plan/plan.ts';
import { afterHints, hintsToSend, resendDelayMs, retentionDueAtMs } from './book.ts';
import { choresOf } from './work/chores.ts';
import { commit, jobDueAtMs, overDueAtMs } from './commit.ts';
import { measureCommit } from './measure-commit.ts';
import { confirmedSeq, forget, type ShardContext } from './context.ts';
import { claimableCount, sendFlowAgain } from './flow.ts';
import { expiredLeases, markUnheard } from './work/leases.ts';
import { makeWorld, NO_ARRIVALS, type Arrivals } from './work/make-world.ts';
import { openBox, putControl, putPayload } from './payload-box.ts';
import { guarded } from './quarantine.ts';
import { queueHistory, queueWakes } from './sending/sends.ts';
import { storeItems } from './work/reports.ts';
import { eraseItemOutputs } from './tables/items.ts';
import { deleteJob, loadJob, saveBook, updateJob, type JobRow } from './tables/jobs.ts';
import { deleteKey } from './tables/keys.ts';
import { erasePayloads } from './tables/payloads.ts';
import { tellWaiting } from './sending/tell-waiting.ts';

/** Asks the engine about something that happened to a job without a runner, and commits what it says. */
export function apply(
  context: ShardContext,
  row: JobRow,
  plan: Plan,
  input: Input,
  arrivals: Arrivals = NO_ARRIVALS,
): JobRow {
  const jobId = row.state.birth.id;
  const world = makeWorld(context, { jobId, inline: row.inline }, plan, arrivals);
  const decision: Decision = decide(row.state, plan, input, world);
  const after = context.ports.sql.transaction(() => {
    storeItems(context, jobId, decision.items, arrivals.payloads);
    const box = openBox(row.inline, row.book);
    for (const [key, { value }] of arrivals.payloads) {
      if (value !== undefined) putPayload(context.ports.sql, jobId, box, key, value);
    }
    putControl(box, arrivals.control);
    return commit(context, {
      row,
      plan,
      decision,
      box,
      requestId: null,
      wakes: row.book.wakes,
      returning: false,
      attended: false,
      objects: false,
    });
  });
  measureCommit(context, row, after, decision);
  return after;
}

/**
 * Does for one job what time asks for: lost runners, deadlines, back-offs that have ended, hints and history
 * that nobody answered, retention. Safe to call at any time and any number of times.
 */
export async function attend(context: ShardContext, jobId: JobId): Promise<void> {
  const row = loadJob(context.ports.sql, jobId);
  if (row === null) forget(context, jobId);
  else if (isTerminal(row.state.status)) await attendOver(context, row);
  else guarded(context, row, undefined, (plan) => attendRunning(context, row, plan));
}

function attendRunning(context: ShardContext, row: JobRow, plan: Plan): void {
  const nowMs = context.ports.nowMs();
  const attempts = expiredLeases(context, row);
  let after = row;
  if (attempts.length > 0) after = apply(context, row, plan, { kind: 'lost', attempts });
  else if (nextDueAtMs(row.state, plan, nowMs) <= nowMs || hintsDue(row, plan, nowMs)) {
    after = apply(context, row, plan, { kind: 'timer' });
  }
  after = noteUnheard(context, after);
  sendAgain(context, after);
  sendFlowAgain(context, after);
  tellWaiting(context, after);
  context.memory.dueAtMs.set(row.state.birth.id, jobDueAtMs(context, { ...after, plan }));
}

/** Writes down whose runner has not been heard of, so that it is missed even if this object is put away. */
function noteUnheard(context: ShardContext, row: JobRow): JobRow {
  const unheard = markUnheard(context, row);
  if (JSON.stringify(unheard) === JSON.stringify(row.book.unheard)) return row;
  return saveBook(context.ports.sql, row, { ...row.book, unheard });
}

function hintsDue(row: JobRow, plan: Plan, nowMs: number): boolean {
  const owed = choresOf(row) === null ? 0 : 1;
  const work = Math.max(owed, claimableCount(row, plan, nowMs));
  return hintsToSend(row.book.wakes, work, nowMs) > 0;
}

/** A job that is over needs no plan any more: only its history, and the day on which it is erased. */
async function attendOver(context: ShardContext, found: JobRow): Promise<void> {
  const row = remindOfChores(context, found);
  sendAgain(context, row);
  sendFlowAgain(context, row);
  context.memory.dueAtMs.set(row.state.birth.id, overDueAtMs(context, row));
  await attendRetention(context, row);
}

/** Calls a runner again for what is owed to other jobs. */
function remindOfChores(context: ShardContext, row: JobRow): JobRow {
  const { sql } = context.ports;
  const nowMs = context.ports.nowMs();
  const owed = choresOf(row) === null ? 0 : 1;
  const hints = hintsToSend(row.book.wakes, owed, nowMs);
  if (hints === 0) return row;
  const wakes = afterHints(row.book.wakes, hints, owed, nowMs);
  const after = saveBook(sql, row, { ...row.book, wakes });
  queueWakes(context, row.state.birth.id, hints);
  return after;
}

/** Sends history whose confirmation is overdue. */
function sendAgain(context: ShardContext, { state, book }: JobRow): void {
  const { memory, ports } = context;
  const jobId = state.birth.id;
  const confirmed = confirmedSeq(context, jobId, book);
  if (confirmed >= state.seq) return;
  const sent = memory.sent.get(jobId);
  const unanswered = sent !== undefined && sent.seq > confirmed;
  // What was not sent yet has a moment of its own.
  if (!unanswered && memory.unsent.has(jobId)) return;
  if (sent === undefined || ports.nowMs() >= sent.atMs + resendDelayMs(sent.tries)) {
    queueHistory(context, jobId);
  }
}

/** Erases payloads, and later the whole job, when their time has come and their history is safe. */
async function attendRetention(context: ShardContext, row: JobRow): Promise<void> {
  const { ports } = context;
  if (!isErasable(context, row)) return;
  const { id, project } = row.state.birth;
  // Objects first: once the rows are gone nobody would know of them.
  if (row.book.objects) await ports.deleteObjects(project, id);
  ports.sql.transaction(() => {
    // Others were served meanwhile: a late report may have brought a cost that is not in D1 yet.
    const now = loadJob(ports.sql, id);
    if (now === null || !isErasable(context, now) || now.book.objects !== row.book.objects) return;
    if (now.book.erased || now.book.historyMs <= now.book.payloadsMs) eraseJob(context, now);
    else erasePayloadsOf(context, now);
  });
}

function isErasable({ ports }: ShardContext, { state, book }: JobRow): boolean {
  if (choresOf({ state, book }) !== null) return false;
  return book.confirmedSeq >= state.seq && ports.nowMs() >= retentionDueAtMs(state, book);
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
