import { describe, expect, test } from 'vitest';

import { httpDateMs, retryAfterMs } from '../../../src/providers/retry-after.ts';

const nowMs = Date.UTC(2026, 10, 22, 17, 0, 0);

describe('the time a provider asks us to wait', () => {
  test.each([
    ['seconds', { 'retry-after': '7' }, 7_000],
    ['a fraction of a second', { 'retry-after': '0.25' }, 250],
    ['zero', { 'retry-after': '0' }, 0],
    ['milliseconds, which win over seconds', { 'retry-after-ms': '120', 'retry-after': '7' }, 120],
    ['a fraction of a millisecond, rounded up', { 'retry-after-ms': '1.2' }, 2],
    [
      'unusable milliseconds beside usable seconds',
      { 'retry-after-ms': 'x', 'retry-after': '3' },
      3_000,
    ],
    ['a date', { 'retry-after': 'Sun, 22 Nov 2026 17:00:30 GMT' }, 30_000],
    ['a date in the old form', { 'retry-after': 'Sunday, 22-Nov-26 17:00:30 GMT' }, 30_000],
    ['a date as C prints it', { 'retry-after': 'Sun Nov 22 17:00:30 2026' }, 30_000],
    ['a date that has passed', { 'retry-after': 'Sun, 22 Nov 2026 16:00:00 GMT' }, 0],
  ])('%s', (_name, headers, expected) => {
    expect(retryAfterMs(headers, nowMs)).toBe(expected);
  });

  test.each(['-1', 'soon', '', 'Infinity', 'NaN', '1e9', '99999999999', '2026-11-22', '0x10'])(
    'nothing is made of "%s"',
    (value) => {
      expect(retryAfterMs({ 'retry-after': value }, nowMs)).toBeUndefined();
    },
  );

  test('a date says nothing where the time at the provider is unknown', () => {
    const headers = { 'retry-after': 'Sun, 22 Nov 2026 17:00:30 GMT' };
    expect(retryAfterMs(headers, null)).toBeUndefined();
  });

  test('no header, no wait', () => {
    expect(retryAfterMs({}, nowMs)).toBeUndefined();
  });

  test('an impossible date is none', () => {
    expect(httpDateMs('Sun, 99 Nov 2026 17:00:30 GMT')).toBeNull();
    expect(httpDateMs('Sun Nov 99 17:00:30 2026')).toBeNull();
  });
});
