import { logLevels } from '../services/ports/log.ts';
import { countUpTo } from './settings.ts';

/** Days that measurements are kept at most. */
export const KEPT_DAYS_MAX = 3_660;

/**
 * What is wrong with the settings of logs, traces and measurements, a sentence each. Such a setting counts as not set, so that
 * a slip loses no line; whoever made it has to be told, or would believe in a sample that there is not.
 */
export function measuringProblems(
  setting: (name: string) => string | undefined,
  providers: readonly string[],
): readonly string[] {
  const wrong = (
    name: string,
    isRight: (text: string) => boolean,
    rule: string,
  ): readonly string[] => {
    const text = setting(name);
    return text === undefined || isRight(text) ? [] : [`${name} must be ${rule}`];
  };
  const days = `a whole number of days from 1 to ${KEPT_DAYS_MAX}`;
  const isDays = (text: string): boolean => countUpTo(KEPT_DAYS_MAX, text) !== null;
  const share = 'a share from 0 to 1, such as 0.05';
  return [
    ...wrong('LOG_LEVEL', (text) => logLevels.some((level) => level === text), oneOf(logLevels)),
    ...wrong('LOG_SAMPLE', isShare, share),
    ...wrong('OTLP_SAMPLE', isShare, share),
    ...wrong('METRICS', (text) => ['on', 'off'].includes(text), oneOf(['on', 'off'])),
    ...wrong('METRIC_FACT_DAYS', isDays, days),
    ...wrong('METRIC_MINUTE_DAYS', isDays, days),
    ...wrong('METRIC_HOUR_DAYS', isDays, days),
    ...wrong(
      'TRACE_PROVIDERS',
      (text) => areProviders(text, providers),
      `*, none, or names of providers separated by commas: ${providers.join(', ')}`,
    ),
  ];
}

function isShare(text: string): boolean {
  return text.trim() !== '' && Number(text) >= 0 && Number(text) <= 1;
}

function areProviders(text: string, providers: readonly string[]): boolean {
  const names = text.split(',').map((name) => name.trim());
  return names.every((name) => name === '*' || name === 'none' || providers.includes(name));
}

function oneOf(values: readonly string[]): string {
  return `one of ${values.join(', ')}`;
}
