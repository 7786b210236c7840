import { describe, expect, test } from 'vitest';

import { httpDateMs, retryAfterMs } from '../../src/domain/retry-after.ts';

const nowMs = Date.UTC(2026, 10, 22, 17, 0, 0);

describe('the time that a header asks to wait', () => {
  test.each([
    ['seconds', '7', 7_000],
    ['seconds between spaces', ' 7 ', 7_000],
    ['a fraction of a second', '0.25', 250],
    ['a fraction of a millisecond, rounded up', '0.0012', 2],
    ['zero', '0', 0],
    ['a date', 'Sun, 22 Nov 2026 17:00:30 GMT', 30_000],
    ['a date in the old form', 'Sunday, 22-Nov-26 17:00:30 GMT', 30_000],
    ['a date as C prints it', 'Sun Nov 22 17:00:30 2026', 30_000],
    ['a date that has passed', 'Sun, 22 Nov 2026 16:00:00 GMT', 0],
  ])('%s', (_name, header, expected) => {
    expect(retryAfterMs(header, nowMs)).toBe(expected);
  });

  test.each(['-1', 'soon', '', 'Infinity', 'NaN', '1e9', '99999999999', '2026-11-22', '0x10'])(
    'nothing is made of "%s"',
    (header) => {
      expect(retryAfterMs(header, nowMs)).toBeNull();
    },
  );

  test('a date says nothing where the time is unknown', () => {
    expect(retryAfterMs('Sun, 22 Nov 2026 17:00:30 GMT', null)).toBeNull();
  });

  test('no header, no wait', () => {
    expect(retryAfterMs(null, nowMs)).toBeNull();
    expect(retryAfterMs(undefined, nowMs)).toBeNull();
  });

  test('an impossible date is none', () => {
    expect(httpDateMs('Sun, 99 Nov 2026 17:00:30 GMT')).toBeNull();
    expect(httpDateMs('Sun Nov 99 17:00:30 2026')).toBeNull();
  });
});
