import type { SettlementReport } from '../../ports/job-shard/turn.ts';
import { makeStop } from '../../stop.ts';
import type { Attempt, ExecuteDeps } from '../attempt.ts';
import { executeAttempt } from '../execute-attempt.ts';

/** Carries out an attempt and cuts it off at its deadline. */
export async function untilDeadline(
  deps: ExecuteDeps,
  attempt: Attempt,
  abort: AbortController,
): Promise<SettlementReport> {
  const timer = makeStop();
  const leftMs = attempt.work.deadlineAtMs - deps.machine.nowMs();
  const alarm = deps.machine.wait(Math.max(0, leftMs), timer.signal).then(() => {
    if (!timer.signal.aborted) abort.abort('deadline');
  });
  try {
    return await executeAttempt(deps, attempt);
  } finally {
    timer.stop();
    await alarm;
  }
}
