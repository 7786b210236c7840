import type { JobEvent } from '../../domain/event.ts';
import { isTerminal, type JobState } from '../../domain/job.ts';
import type { Log } from '../../services/ports/log.ts';
import { pointsOf, type Change, type Point } from './measurements.ts';

/** The platform takes this many points of one invocation. */
const POINTS_MAX = 250;

/** Tells the outside of what was just committed: measurement points, and a log line for what ended or was lost. */
export function observe(dataset: AnalyticsEngineDataset, log: Log, change: Change): void {
  writePoints(dataset, pointsOf(change));
  for (const event of change.events) {
    if (event.type === 'attempt.lost') log('warn', 'attempt.lost', lostFields(change.state, event));
  }
  const justEnded =
    isTerminal(change.state.status) &&
    (change.before === null || !isTerminal(change.before.status));
  if (justEnded) log('info', 'job.ended', endFields(change.state));
}

/** Never throws: a job must not fail on its measurement. */
function writePoints(dataset: AnalyticsEngineDataset, points: readonly Point[]): void {
  for (const point of points.slice(0, POINTS_MAX)) {
    try {
      dataset.writeDataPoint(point);
    } catch {
      return;
    }
  }
}

function identity({ birth }: JobState) {
  return {
    job_id: birth.id,
    project: birth.project,
    pipeline: `${birth.pipeline}@${birth.version}`,
    request_id: birth.correlation.requestId,
    trace_id: birth.correlation.traceId,
  };
}

function lostFields(state: JobState, { step, item, attempt }: JobEvent) {
  return { ...identity(state), step: step ?? null, item: item ?? null, attempt: attempt ?? null };
}

function endFields(state: JobState) {
  const { birth, startedAtMs, finishedAtMs, cost } = state;
  const endMs = finishedAtMs ?? birth.createdAtMs;
  return {
    ...identity(state),
    status: state.status,
    reason: state.reason?.code ?? null,
    latency_ms: endMs - birth.createdAtMs,
    queue_ms: (startedAtMs ?? endMs) - birth.createdAtMs,
    events: state.seq,
    cost_nano_usd: cost.nanoUsd,
    unpriced_attempts: cost.unpricedAttempts,
  };
}
