import { logLevels, type LogLevel } from '../services/ports/log.ts';
import { SIGNING_SECRET_CHARACTERS_MIN } from '../services/signed-token.ts';

/** False in a deployment that keeps no measurements. */
export function isMeasured(setting: (name: string) => string | undefined): boolean {
  return setting('METRICS') !== 'off';
}

/** Variables and secrets by name; an empty one counts as not set. */
export function settingsOf(env: object): (name: string) => string | undefined {
  return (name) => {
    const value: unknown = Reflect.get(env, name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
}

export function levelOf(text: string | undefined): LogLevel {
  return logLevels.find((level) => level === text) ?? 'info';
}

/** The secret from which all others are derived, and the one before it; null without one that is long enough. */
export function signingSecretOf(
  setting: (name: string) => string | undefined,
): { readonly secret: string; readonly previous: string | null } | null {
  const secret = setting('SIGNING_SECRET');
  if (secret === undefined || secret.length < SIGNING_SECRET_CHARACTERS_MIN) return null;
  return { secret, previous: setting('SIGNING_SECRET_PREVIOUS') ?? null };
}

/** A whole number from 1 to `max`; null for anything else. */
export function countUpTo(max: number, text: string | undefined): number | null {
  const count = Number(text);
  return Number.isInteger(count) && count >= 1 && count <= max ? count : null;
}
