import type { JobId } from '../../domain/ids.ts';
import { isTerminal, type JobState } from '../../domain/job/job.ts';
import { runnableCount } from '../../engine/due.ts';
import type { Plan } from '../../engine/plan/plan.ts';
import { wantsSlot } from '../../engine/slot.ts';
import type { FlowAsk, FlowSlot } from '../../services/ports/flow.ts';
import { errorName } from '../../services/ports/log.ts';
import {
  RESEND_MAX_MS,
  resendDelayMs,
  retentionDueAtMs,
  type Book,
  type BookFlow,
} from './book.ts';
import { choresDueAtMs } from './work/chores.ts';
import { confirmedSeq, type FlowSend, type ShardContext } from './context.ts';
import { loadJob, updateJob, type JobRow } from './tables/jobs.ts';

/**
 * A job under a limit asks the project's flow for a slot when it has something to do, works while it has one, and
 * gives it back when it is over or only waits. What it asked for and gave back lies in its book and is repeated until
 * it is answered; the flow knows repetitions and late messages by their `turn`. A job without limits has no part in
 * any of this.
 */

type Held = { readonly state: JobState; readonly book: Book };

/** True when the job's work may be handed out. */
export function mayWork({ birth }: JobState, flow: BookFlow | undefined): boolean {
  return birth.flow === undefined || flow?.status === 'granted';
}

/** How many attempts could start now if a runner came: none while the job has to wait for a slot. */
export function claimableCount({ state, book }: Held, plan: Plan, nowMs: number): number {
  return mayWork(state, book.flow) ? runnableCount(state, plan, nowMs) : 0;
}

/** True while nothing but other jobs keeps this one from moving. */
export function lacksSlot({ state, book }: Held, plan: Plan): boolean {
  return !mayWork(state, book.flow) && wantsSlot(state, plan);
}

/** What becomes of a job's slot with what was decided about it. */
export function nextFlow(
  context: ShardContext,
  before: BookFlow | undefined,
  state: JobState,
  plan: Plan,
): BookFlow | undefined {
  if (state.birth.flow === undefined) return undefined;
  const held = before?.status === 'asked' || before?.status === 'granted';
  if (wantsSlot(state, plan)) return held ? before : { status: 'asked', turn: state.seq };
  if (before === undefined) return undefined;
  if (held) return { status: 'releasing', turn: before.turn };
  return isAnswered(context, state.birth.id, before) ? undefined : before;
}

/** Notes what the flow has to be told of a job now; it leaves with the next flush. */
export function queueFlow(context: ShardContext, { birth }: JobState, flow: BookFlow): void {
  const send = sendOf(birth, flow);
  if (send === null) return;
  context.memory.flow.toSend.set(birth.id, send);
  startFlush(context);
}

function sendOf({ id, flow: limits }: JobState['birth'], flow: BookFlow): FlowSend | null {
  const slot = { jobId: id, turn: flow.turn };
  if (flow.status === 'releasing') return { kind: 'release', slot };
  if (flow.status !== 'asked' || limits === undefined) return null;
  return { kind: 'ask', ask: { ...slot, ...limits } };
}

/** Tells the flow of a job whose slot has changed hands with a commit. */
export function noteFlow(context: ShardContext, state: JobState, before: Book, after: Book): void {
  const { flow } = after;
  if (flow === undefined) return;
  if (flow.turn === before.flow?.turn && flow.status === before.flow.status) return;
  queueFlow(context, state, flow);
}

/** When the flow is told again; infinity when it need not be. */
export function flowDueAtMs(context: ShardContext, { state, book }: Held): number {
  const { flow } = book;
  if (flow === undefined || flow.status === 'granted') return Number.POSITIVE_INFINITY;
  const { memory, ports } = context;
  const jobId = state.birth.id;
  const sent = memory.flow.sent.get(jobId);
  if (memory.flow.toSend.has(jobId) || sent === undefined || !isAbout(sent, flow)) {
    return ports.nowMs() + resendDelayMs(0);
  }
  if (!sent.answered) return sent.atMs + resendDelayMs(sent.tries);
  // A job in line is asked for again now and then: nothing else would notice if the line had lost it.
  return flow.status === 'asked' ? sent.atMs + RESEND_MAX_MS : Number.POSITIVE_INFINITY;
}

/** Tells the flow again what it has not answered in time. */
export function sendFlowAgain(context: ShardContext, { state, book }: Held): void {
  const { flow } = book;
  if (flow === undefined) return;
  const sent = context.memory.flow.sent.get(state.birth.id);
  const known = sent !== undefined && isAbout(sent, flow);
  if (known && flowDueAtMs(context, { state, book }) > context.ports.nowMs()) return;
  queueFlow(context, state, flow);
}

/** The note to keep once a job is over and its history is safe: none, when its slot has been taken back. */
export function flowLeft(context: ShardContext, { state, book }: Held): BookFlow | undefined {
  const { flow } = book;
  return flow !== undefined && isAnswered(context, state.birth.id, flow) ? undefined : flow;
}

type Turn = { readonly turn: number; readonly status: BookFlow['status'] };

function isAbout(sent: Turn, flow: Turn): boolean {
  return sent.turn === flow.turn && sent.status === flow.status;
}

function isAnswered({ memory }: ShardContext, jobId: JobId, flow: BookFlow): boolean {
  const sent = memory.flow.sent.get(jobId);
  return sent !== undefined && isAbout(sent, flow) && sent.answered;
}

function startFlush(context: ShardContext): void {
  const { memory, ports } = context;
  if (memory.flow.flushing) return;
  memory.flow.flushing = true;
  ports.background(flush(context));
}

async function flush(context: ShardContext): Promise<void> {
  const { memory, ports, settings } = context;
  // One turn of the event loop, so that jobs committed together are told together.
  await Promise.resolve();
  memory.flow.flushing = false;
  const sends = [...memory.flow.toSend.values()];
  memory.flow.toSend.clear();
  for (const send of sends) noteSent(context, send);
  const asks = sends.flatMap((send): FlowAsk[] => (send.kind === 'ask' ? [send.ask] : []));
  const releases = sends.flatMap((send): FlowSlot[] =>
    send.kind === 'release' ? [send.slot] : [],
  );
  try {
    const { granted } = await ports.exchange({ shard: settings.shard, asks, releases });
    for (const send of sends) noteAnswered(context, send);
    giveBack(context, context.takeGrants(granted));
  } catch (error) {
    ports.log('warn', 'shard.flow_not_told', {
      count: sends.length,
      error: errorName(error),
    });
  }
}

/** Noted before it is sent: whatever becomes of it, the next try waits. */
function noteSent({ memory, ports }: ShardContext, send: FlowSend): void {
  const { jobId, turn } = send.kind === 'ask' ? send.ask : send.slot;
  const status = send.kind === 'ask' ? 'asked' : 'releasing';
  const before = memory.flow.sent.get(jobId);
  const tries = before !== undefined && isAbout(before, { turn, status }) ? before.tries + 1 : 0;
  memory.flow.sent.set(jobId, { turn, status, atMs: ports.nowMs(), tries, answered: false });
}

function noteAnswered(context: ShardContext, send: FlowSend): void {
  const { jobId, turn } = send.kind === 'ask' ? send.ask : send.slot;
  const sent = context.memory.flow.sent.get(jobId);
  const status = send.kind === 'ask' ? 'asked' : 'releasing';
  if (sent === undefined || !isAbout(sent, { turn, status })) return;
  context.memory.flow.sent.set(jobId, { ...sent, answered: true });
  if (send.kind === 'release') finishRelease(context, jobId, turn);
}

/** A job that is over and told of is written once more; for any other the note goes with its next write. */
function finishRelease(context: ShardContext, jobId: JobId, turn: number): void {
  const row = loadJob(context.ports.sql, jobId);
  if (row === null || !isSettled(context, row) || row.book.flow?.turn !== turn) return;
  const { state } = row;
  const book = { ...row.book, flow: undefined };
  const dueAtMs = Math.min(retentionDueAtMs(state, book), choresDueAtMs({ state, book }));
  updateJob(context.ports.sql, jobId, { state, book, inline: null, tail: null, dueAtMs });
  context.memory.flow.sent.delete(jobId);
}

function isSettled(context: ShardContext, { state, book }: JobRow): boolean {
  const told = confirmedSeq(context, state.birth.id, book) >= state.seq;
  return isTerminal(state.status) && told;
}

/** Slots that came for jobs which no longer want them. If this gets lost, the flow finds them by comparing. */
function giveBack(context: ShardContext, slots: readonly FlowSlot[]): void {
  for (const slot of slots) {
    if (context.memory.flow.toSend.has(slot.jobId)) continue;
    context.memory.flow.toSend.set(slot.jobId, { kind: 'release', slot });
    startFlush(context);
  }
}
