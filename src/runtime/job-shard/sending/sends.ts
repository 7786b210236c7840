import type { JobId } from '../../../domain/ids.ts';
import type { HistoryEntry } from '../../messages.ts';
import { errorName } from '../../../services/ports/log.ts';
import { historyEntries, packHistory } from './history.ts';
import type { ShardContext } from '../context.ts';
import { loadJob } from '../tables/jobs.ts';

/**
 * Sending happens after the commit and outside it. Whatever fails or is lost here is found again by the alarm:
 * the row says what is unconfirmed. Sends of several jobs go out together.
 */

/** Notes hints for a job; they leave with the next flush. */
export function queueWakes(context: ShardContext, jobId: JobId, count: number): void {
  const { memory, settings, ports } = context;
  for (let sent = 0; sent < count; sent += 1) {
    memory.wakes.push({ kind: 'wake', project: settings.project, job_id: jobId });
  }
  if (memory.wakes.length === 0 || memory.wakeFlush) return;
  memory.wakeFlush = true;
  ports.background(flushWakes(context));
}

async function flushWakes({ memory, ports }: ShardContext): Promise<void> {
  // One turn of the event loop, so that jobs committed together are told together.
  await Promise.resolve();
  memory.wakeFlush = false;
  const messages = memory.wakes;
  memory.wakes = [];
  try {
    await ports.sendWakes(messages);
  } catch (error) {
    ports.log('warn', 'shard.wakes_not_sent', { count: messages.length, error: errorName(error) });
  }
}

/** History for which nobody waits leaves this often at most: each sending costs a message, an invocation and a commit. */
const UNHURRIED_EVERY_MS = 1_000;

/**
 * Notes that a job has history to send. It leaves after the window, with all of its kind that have come by then; where
 * nobody waits for it and something has just been sent, some hundred milliseconds later.
 */
export function queueHistory(
  context: ShardContext,
  jobId: JobId,
  { isAwaited }: { readonly isAwaited: boolean } = { isAwaited: false },
): void {
  const { memory, ports, settings } = context;
  memory.toSend.add(jobId);
  const nowMs = ports.nowMs();
  const soonMs = nowMs + settings.historyWindowMs;
  const spacedMs = Math.min(nowMs, memory.history.leftAtMs) + UNHURRIED_EVERY_MS;
  const atMs = isAwaited ? soonMs : Math.max(soonMs, spacedMs);
  if (memory.history.leavesAtMs <= atMs) return;
  memory.history.leavesAtMs = atMs;
  ports.background(flushHistoryAt(context, atMs));
}

async function flushHistoryAt(context: ShardContext, atMs: number): Promise<void> {
  const { memory, ports } = context;
  await ports.delay(atMs - ports.nowMs());
  // Something that was waited for has left before, and has taken the others along.
  if (memory.history.leavesAtMs !== atMs) return;
  memory.history.leavesAtMs = Number.POSITIVE_INFINITY;
  memory.history.leftAtMs = ports.nowMs();
  await flushHistory(context);
}

/** Sends the unsent history of all noted jobs. */
async function flushHistory(context: ShardContext): Promise<void> {
  const { memory, ports, settings } = context;
  const jobIds = [...memory.toSend];
  memory.toSend.clear();
  const messages = packHistory(
    settings,
    jobIds.flatMap((jobId) => takeHistory(context, jobId)),
  );
  try {
    if (messages.length > 0) await ports.sendHistory(messages);
  } catch (error) {
    ports.log('warn', 'shard.history_not_sent', { jobs: jobIds.length, error: errorName(error) });
  }
}

/**
 * What has to be sent of a job. Noted as sent before it is: whatever becomes of it, the next try waits, and the
 * alarm repeats what stays unconfirmed.
 */
function takeHistory(context: ShardContext, jobId: JobId): HistoryEntry[] {
  const { memory, ports } = context;
  try {
    const row = loadJob(ports.sql, jobId);
    if (row === null) return [];
    const { seq } = row.state;
    const entries = historyEntries(context, row);
    const before = memory.sent.get(jobId);
    const tries = before === undefined || before.seq < seq ? 0 : before.tries + 1;
    memory.sent.set(jobId, { seq, atMs: ports.nowMs(), tries });
    memory.unsent.delete(jobId);
    return entries;
  } catch (error) {
    // Its neighbours' history is sent all the same.
    ports.log('error', 'shard.history_unreadable', { job_id: jobId, error: errorName(error) });
    return [];
  }
}
