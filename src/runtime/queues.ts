import type { JobId } from '../domain/ids.ts';
import type { HistoryMessage, WakeMessage } from './messages.ts';

/** The platform takes this many messages in one call. */
const BATCH_MAX = 100;
/** … and this much; a batch is kept well below. */
const BATCH_BYTES_MAX = 200_000;

/** Sends wake hints, each to the queue that its job's hash chooses. */
export async function sendWakes(
  queues: readonly Queue[],
  messages: readonly WakeMessage[],
): Promise<void> {
  const byQueue = Map.groupBy(messages, (message) => queueIndex(message.job_id, queues.length));
  await Promise.all(
    [...byQueue].map(async ([index, chosen]) => {
      const queue = queues[index];
      if (queue === undefined) throw new Error('there is no queue for jobs: bind JOBS_0');
      for (let start = 0; start < chosen.length; start += BATCH_MAX) {
        await queue.sendBatch(chosen.slice(start, start + BATCH_MAX).map((body) => ({ body })));
      }
    }),
  );
}

/** A job stays with one queue; the digits before the shard's are random. */
function queueIndex(jobId: JobId, count: number): number {
  return count === 0 ? 0 : Number.parseInt(jobId.slice(-10, -2), 16) % count;
}

/** Sends history, in as few calls as its size allows. */
export async function sendHistory(
  queue: Queue,
  messages: readonly HistoryMessage[],
): Promise<void> {
  let batch: { body: HistoryMessage }[] = [];
  let bytes = 0;
  for (const body of messages) {
    const size = JSON.stringify(body).length;
    if (batch.length > 0 && (batch.length === BATCH_MAX || bytes + size > BATCH_BYTES_MAX)) {
      await queue.sendBatch(batch);
      batch = [];
      bytes = 0;
    }
    batch.push({ body });
    bytes += size;
  }
  if (batch.length > 0) await queue.sendBatch(batch);
}
