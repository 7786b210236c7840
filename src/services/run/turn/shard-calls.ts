import type { JobId } from '../../../domain/ids.ts';
import type { JobShard } from '../../ports/job-shard/job-shard.ts';
import type { NextAnswer, NextRequest } from '../../ports/job-shard/turn.ts';
import { errorName, type Log } from '../../ports/log.ts';
import type { Machine } from '../../ports/runtime.ts';
import type { StopSignal } from '../../stop.ts';

/** A runner's calls to a shard, repeated where that is safe. */
type Deps = { readonly shard: JobShard; readonly log: Log; readonly machine: Machine };

/** Renewal keeps a lease of 35 s alive and carries cancels: one is heard of within this time. */
const RENEW_EVERY_MS = 20_000;
/** A renewal that fails is repeated after this time. */
const RENEW_RETRY_MS = 4_000;
/**
 * A report may carry a paid result, and leases only end while the shard is alive: a runner waits long for it,
 * about a minute and a half in all.
 */
const NEXT_RETRIES = 8;
const NEXT_RETRY_MS = 250;
const NEXT_RETRY_MAX_MS = 20_000;

/** One hop's call, repeated with the same `requestId` when no answer came. Null when there is none at all. */
export async function askNext(
  { shard, log, machine }: Deps,
  request: NextRequest,
): Promise<NextAnswer | null> {
  for (let tries = 0; tries <= NEXT_RETRIES; tries += 1) {
    try {
      return await shard.next(request);
    } catch (error) {
      log('warn', 'turn.next_failed', { job_id: request.jobId, tries, error: errorName(error) });
      await machine.wait(Math.min(NEXT_RETRY_MAX_MS, NEXT_RETRY_MS * 2 ** tries));
    }
  }
  return null;
}

type Abortable = ReadonlyMap<string, { readonly abort: AbortController }>;

/** Tells the shard that this runner lives, and stops the attempts that it asks to stop. */
export async function renewWhileRunning(
  { shard, log, machine }: Deps,
  jobId: JobId,
  running: Abortable,
  signal: StopSignal,
): Promise<void> {
  let pauseMs = RENEW_EVERY_MS;
  for (;;) {
    await machine.wait(pauseMs, signal);
    if (signal.aborted) return;
    const keys = [...running.keys()];
    if (keys.length === 0) continue;
    try {
      const { cancel } = await shard.renew({ jobId, keys });
      for (const key of cancel) running.get(key)?.abort.abort('cancel');
      pauseMs = RENEW_EVERY_MS;
    } catch (error) {
      pauseMs = RENEW_RETRY_MS;
      log('warn', 'turn.renew_failed', { job_id: jobId, error: errorName(error) });
    }
  }
}
