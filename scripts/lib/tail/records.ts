import { logLevels, type LogLevel } from '../../../src/services/ports/log.ts';
import { isRecord, objectOf, type Piece } from './cut-output.ts';
import { jsonText } from './printable.ts';

/** One fact, whatever it was printed by. */
export type LogRecord = {
  readonly level: LogLevel;
  readonly event: string;
  /** ISO 8601 in UTC; empty when it is not known. */
  readonly at: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

/** The facts in a piece of output: a line of ours, or what `wrangler tail` tells of one invocation. */
export function recordsOf(piece: Piece): LogRecord[] {
  if (piece.kind === 'text') return [];
  return ownRecord(piece.value) ?? invocationRecords(piece.value);
}

function ownRecord({ level, event, at, ...fields }: Readonly<Record<string, unknown>>) {
  const known = logLevels.find((name) => name === level);
  if (known === undefined || typeof event !== 'string') return null;
  return [{ level: known, event, at: typeof at === 'string' ? at : '', fields }];
}

/** An invocation as the platform tells it: its lines, what it threw, and how it ended unless well. */
function invocationRecords(told: Readonly<Record<string, unknown>>): LogRecord[] {
  const { logs, exceptions, outcome, eventTimestamp, truncated } = told;
  if (!Array.isArray(logs)) return [];
  const at = timeOf(eventTimestamp);
  const thrown = (Array.isArray(exceptions) ? exceptions : []).filter(isRecord);
  return [
    ...logs.filter(isRecord).flatMap(consoleRecords),
    ...thrown.map(({ name, timestamp }) =>
      platformRecord('error', 'worker.exception', timeOf(timestamp), { error: name ?? null }),
    ),
    ...(outcome === 'ok' || outcome === undefined || outcome === null
      ? []
      : [platformRecord('error', 'worker.outcome', at, { outcome })]),
    ...(truncated === true ? [platformRecord('warn', 'worker.log_truncated', at, {})] : []),
  ];
}

/** What one call of `console` has written. */
function consoleRecords({
  message,
  level,
  timestamp,
}: Readonly<Record<string, unknown>>): LogRecord[] {
  const parts: readonly unknown[] = Array.isArray(message) ? message : [message];
  const [first] = parts;
  const ours = typeof first === 'string' ? ownRecord(objectOf(first) ?? {}) : null;
  if (ours !== null) return ours;
  const text = parts.map((part) => (typeof part === 'string' ? part : jsonText(part)));
  const known = logLevels.find((name) => name === level) ?? 'info';
  return [platformRecord(known, 'console', timeOf(timestamp), { text: text.join(' ') })];
}

function platformRecord(
  level: LogLevel,
  event: string,
  at: string,
  fields: LogRecord['fields'],
): LogRecord {
  return { level, event, at, fields };
}

/** The last moment that a date can tell, in milliseconds (ECMA-262, 21.4.1.1). */
const TIME_MAX_MS = 8.64e15;

function timeOf(ms: unknown): string {
  const isTold = typeof ms === 'number' && Math.abs(ms) <= TIME_MAX_MS;
  return isTold ? new Date(ms).toISOString() : '';
}
