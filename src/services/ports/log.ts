import type { LogFields } from './log-fields.ts';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * Writes one structured line a fact. Fields are ids, names, numbers and classes; payloads and secrets never
 * get here.
 */
export type Log = (level: LogLevel, event: string, fields: LogFields) => void;

/** What a log may say of something thrown: its kind. The message may carry what a user sent. */
export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}

/** Where something was thrown: the frames of its stack, without the message that stands above them. */
export function framesOf(error: unknown): string | null {
  return error instanceof Error && error.stack !== undefined ? framesIn(error.stack) : null;
}

/** The frames of a stack, a line each; empty where it has none. */
export function framesIn(stack: string): string {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return frames.map((line) => line.trim()).join('\n');
}
