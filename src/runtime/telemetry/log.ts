import { logLevels, type Log, type LogLevel } from '../../services/ports/log.ts';

/** A line may be at most this long: the platform keeps 256 kB of log for an invocation. */
const TEXT_MAX = 2_000;

/** One JSON line a fact, for `wrangler tail` and every log store. */
export function makeLog(minimum: LogLevel): Log {
  const from = logLevels.indexOf(minimum);
  return (level, event, fields) => {
    if (logLevels.indexOf(level) < from) return;
    const line = JSON.stringify({ level, event, at: new Date().toISOString(), ...fields }, clip);
    // oxlint-disable-next-line no-console -- the one place that writes logs
    console[level](line);
  };
}

function clip(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.length > TEXT_MAX
    ? `${value.slice(0, TEXT_MAX)}…`
    : value;
}
