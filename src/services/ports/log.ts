import type { Json } from '../../domain/json.ts';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * Writes one structured line a fact. Fields are ids, names, numbers and classes; payloads and secrets never
 * get here.
 */
export type Log = (level: LogLevel, event: string, fields: Readonly<Record<string, Json>>) => void;

/** What a log may say of something thrown: its kind. The message may carry what a user sent. */
export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
