import { logLevels, type LogLevel } from '../services/ports/log.ts';

/** Variables and secrets by name; an empty one counts as not set. */
export function settingsOf(env: Env): (name: string) => string | undefined {
  return (name) => {
    const value: unknown = Reflect.get(env, name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
}

export function levelOf(text: string | undefined): LogLevel {
  return logLevels.find((level) => level === text) ?? 'info';
}

/** A whole number from 1 to `max`; null for anything else. */
export function countUpTo(max: number, text: string | undefined): number | null {
  const count = Number(text);
  return Number.isInteger(count) && count >= 1 && count <= max ? count : null;
}
