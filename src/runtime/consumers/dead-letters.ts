import { z } from 'zod';

import type { Log } from '../../services/ports/log.ts';
import { recordDeadLetters, type DeadLetter } from '../d1/history/dead-letters.ts';

/** What can be told of a message without its payload; any part may be missing. */
const anyMessage = z.object({
  kind: z.string().max(40).optional(),
  project: z.string().max(80).optional(),
  job_id: z.string().max(80).optional(),
  entries: z.array(z.object({ job: z.object({ id: z.string(), seq: z.number() }) })).optional(),
});

/**
 * Records what no consumer could take. Nothing is lost with it: wakes are hints, and history is sent again by
 * the shard that has it. But somebody should know.
 */
export async function consumeDeadLetters(
  { db, log }: { readonly db: D1Database; readonly log: Log },
  batch: MessageBatch,
): Promise<void> {
  const letters = batch.messages.map((message) => letterOf(batch.queue, message));
  for (const { queue, jobId, summary } of letters) {
    log('error', 'queue.dead_letter', { queue, job_id: jobId, summary });
  }
  await recordDeadLetters(db, letters);
}

function letterOf(queue: string, { body, id }: Message): DeadLetter {
  const parsed = anyMessage.safeParse(body);
  const { kind = null, project = null, job_id: jobId, entries = [] } = parsed.data ?? {};
  const jobs = entries.slice(0, 20).map(({ job }) => `${job.id}@${job.seq}`);
  return {
    queue,
    project,
    jobId: jobId ?? entries[0]?.job.id ?? null,
    reason: parsed.success ? 'retries were used up' : 'the message is not one of ours',
    summary: JSON.stringify({ kind, message_id: id, jobs }),
  };
}
