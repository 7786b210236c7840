import { errorName, type Log } from '../../services/ports/log.ts';
import type { JobShards } from '../../services/ports/job-shard/job-shard.ts';
import { recordDeadLetters } from '../d1/history/dead-letters.ts';
import { writeHistory, type OwnedEntry, type WriteResult } from '../d1/history/write-history.ts';
import { historyMessage, markOf } from '../messages.ts';
import { tellReceivers, type TellDeps } from './tell-receivers.ts';

export type HistoryDeps = {
  readonly db: D1Database;
  readonly shards: JobShards;
  readonly log: Log;
  /** Whom to tell of what happened; absent where nobody is. */
  readonly receivers?: TellDeps;
  /** True in a deployment that measures nothing. */
  readonly unmeasured?: boolean;
  nowMs(): number;
};

/** After this many tries a row that D1 refuses while it takes others is set aside. */
const POISON_AFTER_ATTEMPTS = 3;

/**
 * Copies history into D1, then tells each shard once what is safe. What D1 cannot take now comes again; a row
 * that it will never take is set aside and told to the operator, and its neighbours are written. Answers with what was
 * written.
 */
export async function consumeHistory(
  deps: HistoryDeps,
  batch: MessageBatch,
): Promise<readonly OwnedEntry[]> {
  const readable = batch.messages.flatMap((message) => {
    const parsed = historyMessage.safeParse(message.body);
    if (parsed.success) return [{ message, body: parsed.data }];
    deps.log('error', 'history.unreadable', { message_id: message.id });
    message.retry();
    return [];
  });
  const entries = readable.flatMap(({ body }) =>
    body.entries.map((entry) => ({ project: body.project, shard: body.shard, entry })),
  );
  if (entries.length === 0) return [];
  const nowMs = deps.nowMs();
  const fresh = entries.filter((owned) => !isStale(owned, nowMs));
  const [result, told] = await Promise.all([
    writeHistory(deps.db, fresh, { unmeasured: deps.unmeasured === true }),
    deps.receivers === undefined ? fresh : tellReceivers(deps.receivers, fresh),
  ]);
  const attempts = Math.max(...readable.map(({ message }) => message.attempts));
  const poison = await poisonOf(deps, result, attempts);
  const expired = entries.filter((owned) => isStale(owned, nowMs) && isOver(owned));
  const heard = new Set(told);
  const safe = [...result.written, ...poison].filter((owned) => heard.has(owned));
  await confirmAll(deps, [...safe, ...expired]);
  if (result.refused.length > poison.length || told.length < fresh.length) {
    // Whatever was written or told is there; its repetition changes nothing.
    for (const { message } of readable) message.retry();
    return result.written;
  }
  for (const { message } of readable) message.ack();
  return result.written;
}

/**
 * True for a copy that comes so late that its job may be deleted already. Of a job that is over, nothing is to be kept
 * any more; of one that is not, its shard sends a new copy.
 */
function isStale({ entry: { job } }: OwnedEntry, nowMs: number): boolean {
  return nowMs >= (job.stale_at ?? job.expires_at ?? Number.POSITIVE_INFINITY);
}

function isOver({ entry: { job } }: OwnedEntry): boolean {
  return job.expires_at !== null;
}

/** Refused rows that are at fault themselves: D1 answers, and has refused them often enough. */
async function poisonOf(
  { db, log }: HistoryDeps,
  { refused, written }: WriteResult,
  attempts: number,
): Promise<OwnedEntry[]> {
  if (refused.length === 0) return [];
  const alive = written.length > 0 || (await answers(db));
  log('warn', 'history.refused', {
    jobs: refused.map(({ owned }) => owned.entry.job.id),
    reasons: refused.map(({ reason }) => reason),
    alive,
  });
  if (!alive || attempts < POISON_AFTER_ATTEMPTS) return [];
  await recordDeadLetters(
    db,
    refused.map(({ owned, reason }) => ({
      queue: 'history',
      project: owned.project,
      jobId: owned.entry.job.id,
      reason,
      summary: JSON.stringify({ seq: owned.entry.job.seq, calls: owned.entry.calls.length }),
    })),
  );
  return refused.map(({ owned }) => owned);
}

async function answers(db: D1Database): Promise<boolean> {
  try {
    await db.prepare('SELECT 1').first();
    return true;
  } catch {
    return false;
  }
}

async function confirmAll(
  { shards, log }: HistoryDeps,
  entries: readonly OwnedEntry[],
): Promise<void> {
  const byShard = Map.groupBy(entries, ({ project, shard }) => `${project}:${shard}`);
  await Promise.all(
    [...byShard.values()].map(async (owned) => {
      const [first] = owned;
      if (first === undefined) return;
      const marks = owned.map(({ entry }) => markOf(entry));
      try {
        await shards.of(first.project, first.shard).confirm(marks);
      } catch (error) {
        // Unconfirmed history is sent again; nothing is lost but the time.
        log('warn', 'history.not_confirmed', {
          project: first.project,
          shard: first.shard,
          error: errorName(error),
        });
      }
    }),
  );
}
