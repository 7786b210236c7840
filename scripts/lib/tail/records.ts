import { framesIn, logLevels, type LogLevel } from '../../../src/services/ports/log.ts';
import { isRecord, objectOf, type Piece } from './cut-output.ts';
import { invoked, jobsNamed, wasLeft, type Told } from './invocation.ts';
import { jsonText } from './printable.ts';

/** A line that is not one of ours. */
const CONSOLE = 'console';
/** What the tail itself has to say; it concerns whatever is looked for. */
export const TALK_OF_TAIL = 'tail.says';

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
  const own = ownRecord(piece.value);
  return own === null ? invocationRecords(piece.value) : [own];
}

function ownRecord({ level, event, at, ...fields }: Told): LogRecord | null {
  const known = logLevels.find((name) => name === level);
  if (known === undefined || typeof event !== 'string') return null;
  return { level: known, event, at: typeof at === 'string' ? at : '', fields };
}

/** An invocation as the platform tells it: its lines, what it threw, and how it ended unless well. */
function invocationRecords(told: Told): LogRecord[] {
  const { logs, exceptions } = told;
  if (!Array.isArray(logs)) return [];
  const lines = logs.filter(isRecord).map(consoleRecord);
  const jobs = jobsNamed(lines);
  const thrown = (Array.isArray(exceptions) ? exceptions : []).filter(isRecord);
  return [
    ...lines.map((line) =>
      line.event === CONSOLE ? { ...line, fields: { ...line.fields, ...jobs } } : line,
    ),
    ...thrown.map(({ name, timestamp, stack }) => ({
      level: 'error' as const,
      event: 'worker.exception',
      at: timeOf(timestamp),
      fields: {
        error: name ?? null,
        ...jobs,
        stack: typeof stack === 'string' ? framesIn(stack) || null : null,
      },
    })),
    ...endRecords(told, jobs),
    ...talkOfTail(told),
  ];
}

/** How an invocation ended unless well, and whether lines of it are missing. */
function endRecords(told: Told, jobs: Told): LogRecord[] {
  const { outcome, truncated } = told;
  const at = timeOf(told['eventTimestamp']);
  const fields = { ...invoked(told), ...jobs };
  const level = wasLeft(told) ? 'info' : 'error';
  return [
    ...(outcome === 'ok' || outcome === undefined || outcome === null
      ? []
      : [{ level, event: 'worker.outcome', at, fields: { outcome, ...fields } } as const]),
    ...(truncated === true
      ? [{ level: 'warn', event: 'worker.log_truncated', at, fields } as const]
      : []),
  ];
}

/** What the tail says of itself: that it leaves lines out because there are too many, and that it does not any more. */
function talkOfTail({ event, eventTimestamp }: Told): LogRecord[] {
  const { type, message } = isRecord(event) ? event : {};
  if (typeof type !== 'string' || typeof message !== 'string') return [];
  const at = timeOf(eventTimestamp);
  return [{ level: 'warn', event: TALK_OF_TAIL, at, fields: { what: type, text: message } }];
}

/** What one call of `console` has written. */
function consoleRecord({ message, level, timestamp }: Told): LogRecord {
  const parts: readonly unknown[] = Array.isArray(message) ? message : [message];
  const [first] = parts;
  const ours = typeof first === 'string' ? ownRecord(objectOf(first) ?? {}) : null;
  if (ours !== null) return ours;
  const text = parts.map((part) => (typeof part === 'string' ? part : jsonText(part)));
  const known = logLevels.find((name) => name === level) ?? 'info';
  return { level: known, event: CONSOLE, at: timeOf(timestamp), fields: { text: text.join(' ') } };
}

/** The last moment that a date can tell, in milliseconds (ECMA-262, 21.4.1.1). */
const TIME_MAX_MS = 8.64e15;

function timeOf(ms: unknown): string {
  const isTold = typeof ms === 'number' && Math.abs(ms) <= TIME_MAX_MS;
  return isTold ? new Date(ms).toISOString() : '';
}
