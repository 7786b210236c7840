import { expect, test } from 'vitest';

import { waitAskedMs } from '../../../src/providers/shared/wait-asked.ts';

test.each([
  ['milliseconds, which win over seconds', { 'retry-after-ms': '120', 'retry-after': '7' }, 120],
  ['a fraction of a millisecond, rounded up', { 'retry-after-ms': '1.2' }, 2],
  [
    'unusable milliseconds beside usable seconds',
    { 'retry-after-ms': 'x', 'retry-after': '3' },
    3_000,
  ],
  [
    'a date, by the time at the provider',
    { 'retry-after': 'Sun, 22 Nov 2026 17:00:30 GMT', date: 'Sun, 22 Nov 2026 17:00:00 GMT' },
    30_000,
  ],
  [
    'a date where the time at the provider is unknown',
    { 'retry-after': 'Sun, 22 Nov 2026 17:00:30 GMT' },
    undefined,
  ],
  ['nothing', {}, undefined],
])('a reply that asks us to wait says %s', (_name, headers, expected) => {
  expect(waitAskedMs({ headers })).toBe(expected);
});
