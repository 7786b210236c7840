import type { JobId } from '../../domain/ids.ts';
import { errorName, framesOf } from '../../services/ports/log.ts';
import { attend } from './attend.ts';
import { arm } from './commit.ts';
import type { ShardContext } from './context.ts';
import { quarantine } from './quarantine.ts';
import { deleteDefinitionsBefore } from './tables/definitions.ts';
import { dueJobs, nextDueAfter, type DueJob } from './tables/jobs.ts';
import { readMeta, writeMeta } from './tables/meta.ts';
import { nextProgressAtMs, tellProgress } from './sending/tell-progress.ts';
import { nextTellAtMs, tellWaits } from './sending/tell-waiting.ts';

/** Jobs attended in one firing; what is left over re-arms the alarm at once. */
const JOBS_PER_FIRING = 50;
const PAGE = 200;
/** After this many failed firings in a row the alarm takes one job at a time, marked beforehand. */
const CAUTIOUS_AFTER_RETRIES = 2;
const SUSPECT = 'alarm_suspect';

/**
 * One firing of the shard's alarm. It may come twice, late, and again after a kill in the middle; it never
 * throws, because the platform gives an alarm up after six failures. A defect met in one job is that job's
 * end, not its neighbours'.
 */
export async function fireAlarm(context: ShardContext, retryCount: number): Promise<void> {
  const { ports, memory } = context;
  memory.alarmAtMs = null;
  try {
    const cautious = retryCount >= CAUTIOUS_AFTER_RETRIES;
    tellWaits(context);
    tellProgress(context);
    const overdue = overdueRows(context);
    const due = reallyDue(context, overdue);
    for (const { jobId } of due.slice(0, cautious ? 1 : JOBS_PER_FIRING)) {
      await attendGuarded(context, jobId, cautious);
    }
    deleteDefinitionsBefore(ports.sql, ports.nowMs());
    // Without anything attended to, nothing has moved.
    arm(context, nextAlarmAtMs(context, due.length === 0 ? overdue : overdueRows(context)));
  } catch (error) {
    ports.log('error', 'shard.alarm_failed', {
      error: errorName(error),
      stack: framesOf(error),
    });
    arm(context, ports.nowMs() + 1_000);
  }
}

async function attendGuarded(
  context: ShardContext,
  jobId: JobId,
  cautious: boolean,
): Promise<void> {
  const { ports } = context;
  if (cautious && (await isPoison(context, jobId))) {
    quarantine(context, jobId, new Error('it stopped the alarm twice'));
    writeMeta(ports.sql, SUSPECT, null);
    return;
  }
  try {
    await attend(context, jobId);
  } catch (error) {
    ports.log('error', 'shard.attend_failed', {
      job_id: jobId,
      error: errorName(error),
      stack: framesOf(error),
    });
    context.memory.dueAtMs.set(jobId, ports.nowMs() + 60_000);
  }
  if (cautious) writeMeta(ports.sql, SUSPECT, null);
}

/**
 * try/catch does not survive a CPU or memory kill. So before a job is touched it is marked on disk; one found
 * marked already has killed the alarm before.
 */
async function isPoison({ ports }: ShardContext, jobId: JobId): Promise<boolean> {
  const marked = readMeta(ports.sql, SUSPECT);
  if (marked === jobId) return true;
  writeMeta(ports.sql, SUSPECT, jobId);
  await ports.sync();
  return false;
}

/** Jobs whose stored lower bound has passed, without those known to be due later. */
function reallyDue({ ports, memory }: ShardContext, overdue: readonly DueJob[]): DueJob[] {
  const nowMs = ports.nowMs();
  return overdue.filter(({ jobId }) => (memory.dueAtMs.get(jobId) ?? 0) <= nowMs);
}

/** All jobs whose stored lower bound has passed. */
function overdueRows({ ports }: ShardContext): DueJob[] {
  const found: DueJob[] = [];
  const nowMs = ports.nowMs();
  let after: DueJob | null = null;
  for (;;) {
    const page = dueJobs(ports.sql, nowMs, after, PAGE);
    found.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return found;
    after = last;
  }
}

/** The earliest moment at which any job needs attention; infinity when none does. */
function nextAlarmAtMs(context: ShardContext, rows: readonly DueJob[]): number {
  const { ports, memory } = context;
  const nowMs = ports.nowMs();
  const overdue = rows.map(({ jobId }) => memory.dueAtMs.get(jobId) ?? nowMs);
  const later = nextDueAfter(ports.sql, nowMs) ?? Number.POSITIVE_INFINITY;
  const tellAtMs = Math.min(nextTellAtMs(context), nextProgressAtMs(context));
  return Math.max(nowMs, Math.min(later, tellAtMs, ...overdue));
}

/** An alarm that should have fired this long ago never will. */
const OVERDUE_MS = 60_000;

/** Puts back an alarm that is missing, stands too late, or was given up by the platform. */
export function ensureAlarm(context: ShardContext): void {
  const { memory, ports } = context;
  const standsSince = memory.alarmAtMs ?? Number.POSITIVE_INFINITY;
  if (standsSince < ports.nowMs() - OVERDUE_MS) memory.alarmAtMs = null;
  arm(context, nextAlarmAtMs(context, overdueRows(context)));
}
