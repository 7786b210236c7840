import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { usageNames } from '../../../src/services/metrics/query/cost-sums.ts';
import { dimensionsOfSignal, keptSignals, signals } from '../../../src/services/metrics/signals.ts';

const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
/** The rows of the table of signals, by the names in their first cells. */
const rows = new Map(
  [...page.matchAll(/^\| `(\w+)` +\|(.*)\|$/gm)].map(([, name = '', cells = '']) => [
    name,
    cells.split('|').map((cell) => cell.trim()),
  ]),
);

describe('docs/metrics.md', () => {
  test.each(signals.map((signal) => [signal.name, signal] as const))(
    'says of %s what the code says',
    (name, { kind, unit, meaning, measured }) => {
      const kept = keptSignals.find((signal) => signal.name === name);
      const by = kept === undefined ? [] : dimensionsOfSignal(kept);
      expect(rows.get(name)).toEqual([
        kind,
        unit,
        meaning,
        by.map((dimension) => `\`${dimension}\``).join(', '),
        measured,
      ]);
    },
  );

  test('has each signal once and no other', () => {
    expect(new Set(rows.keys())).toEqual(new Set(signals.map(({ name }) => name)));
    expect(new Set(signals.map(({ name }) => name)).size).toBe(signals.length);
  });
});

test('what calls use is measured under the names that costs have', () => {
  const names = signals.map(({ name }) => name);
  expect(usageNames.filter((name) => !names.includes(name))).toEqual([]);
});
