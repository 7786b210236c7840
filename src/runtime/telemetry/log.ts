import type { LogFields } from '../../services/ports/log-fields.ts';
import { logLevels, type Log, type LogLevel } from '../../services/ports/log.ts';
import type { Sample } from './sampling.ts';

/** A line may be at most this long: the platform keeps 256 kB of log for an invocation. */
const TEXT_MAX = 2_000;
/** From this level on every line is written, in the sample or not. */
const ALWAYS_FROM: LogLevel = 'warn';

/**
 * One JSON line a fact, for `wrangler tail` and every log store. Lines below `warn` are sampled by their job, or
 * by their request where they have none: of a job there is every line or none.
 */
export function makeLog(minimum: LogLevel, sample: Sample = () => true): Log {
  return (level, event, fields) => {
    if (isBelow(level, minimum)) return;
    if (isBelow(level, ALWAYS_FROM) && !isSampled(sample, fields)) return;
    const line = JSON.stringify({ level, event, at: new Date().toISOString(), ...fields }, clip);
    // oxlint-disable-next-line no-console -- the one place that writes logs
    console[level](line);
  };
}

function isBelow(level: LogLevel, other: LogLevel): boolean {
  return logLevels.indexOf(level) < logLevels.indexOf(other);
}

function isSampled(sample: Sample, { job_id: jobId, request_id: requestId }: LogFields): boolean {
  const key = jobId ?? requestId;
  return typeof key === 'string' ? sample(key) : true;
}

function clip(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.length > TEXT_MAX
    ? `${value.slice(0, TEXT_MAX)}…`
    : value;
}
