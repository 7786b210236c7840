import { expect, test } from 'vitest';

import { costsCsv } from '../../../src/services/views/metrics-view.ts';

function csvOf(tag: string): string {
  const line = { costNanoUsd: 1n, savedNanoUsd: 0n, attempts: 1n, unknownCosts: 0n, usage: {} };
  const costs = {
    range: { fromMs: 0, toMs: 1 },
    asOfMs: 1,
    lines: [{ ...line, group: { tag } }],
    total: { ...line, group: {} },
  };
  return costsCsv(costs, ['tag'], ['images']);
}

const HEADER = 'tag,usd,nano_usd,saved_nano_usd,attempts,unknown_costs,images\r\n';

test.each([
  ['plain', 'plain'],
  ['-12.5', '-12.5'],
  ['a,b', '"a,b"'],
  ['say "so"', '"say ""so"""'],
  ['two\nlines', '"two\nlines"'],
  ['=1+1', "'=1+1"],
  ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
  ['-1+1', "'-1+1"],
  ['@sum', "'@sum"],
  ['＝1+1', "'＝1+1"],
  ['\n=1', '"\'\n=1"'],
])('%j is a cell that no spreadsheet calculates', (tag, cell) => {
  expect(csvOf(tag)).toBe(`${HEADER}${cell},0.000000001,1,0,1,0,0\r\n`);
});
