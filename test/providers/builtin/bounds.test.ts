/** Work grows with the text, not with its square: counted in look-ups, not in seconds. */
import { describe, expect, test } from 'vitest';
import { rankDocuments } from '../../../src/providers/builtin/bm25.ts';
import { embed } from '../../../src/providers/builtin/embed.ts';
import { identifyLanguage } from '../../../src/providers/builtin/languages.ts';
import { summarize } from '../../../src/providers/builtin/summarize.ts';
import { classifyTopics } from '../../../src/providers/builtin/topics.ts';

/** Varied prose of `length` UTF-16 units: the sentences differ, the words come back. */
function prose(length: number): string {
  let text = '';
  for (let n = 0; text.length < length; n += 1) {
    const noun = ['pump', 'valve', 'server', 'queue', 'order', 'worker', 'label'][n % 7];
    const verb = ['failed', 'stopped', 'recovered', 'waited', 'restarted'][n % 5];
    text += `The ${noun} of unit ${n % 997} ${verb} at ${n % 24}:${10 + (n % 50)} because part x${n} was worn. `;
    if (n % 6 === 5) text += '\n\n';
  }
  return text.slice(0, length);
}

/** How often maps are read while `run` runs. */
function lookUps(run: () => unknown): number {
  const original = Object.getOwnPropertyDescriptor(Map.prototype, 'get');
  const get: unknown = original?.value;
  if (original === undefined || typeof get !== 'function') throw new Error('no Map.get');
  let count = 0;
  const counted = function (this: unknown, key: unknown): unknown {
    count += 1;
    return Reflect.apply(get, this, [key]);
  };
  // oxlint-disable-next-line no-extend-native -- only the real Map can count its reads; put back below
  Object.defineProperty(Map.prototype, 'get', { ...original, value: counted });
  try {
    run();
  } finally {
    // oxlint-disable-next-line no-extend-native -- puts the original back
    Object.defineProperty(Map.prototype, 'get', original);
  }
  return count;
}

const pieces = (text: string): string[] => text.match(/[^]{1,1000}/g) ?? [];
const labels = [
  { label: 'pump failure' },
  { label: 'label', description: 'orders, workers, queues' },
];

const models: [string, (text: string) => unknown][] = [
  ['summary', (text) => summarize(text, 20)],
  ['embedding', (text) => embed(text, 256)],
  ['ranking', (text) => rankDocuments('why did the pump fail', pieces(text), 10)],
  ['topics', (text) => classifyTopics(text, labels, 2)],
  ['language', (text) => identifyLanguage(text, 2)],
];

describe('200 kB', () => {
  test.each(models)('%s: twice the text is at most two and a half times the work', (_, run) => {
    const half = lookUps(() => run(prose(100_000)));
    const whole = lookUps(() => run(prose(200_000)));
    expect(whole).toBeLessThan(half * 2.5);
    expect(whole).toBeLessThan(8_000_000);
  });

  test.each([
    ['stops', '. '.repeat(100_000)],
    ['bullets', '- a\n'.repeat(50_000)],
    ['one letter', 'a'.repeat(200_000)],
    ['white space', `${' '.repeat(199_999)}x`],
    ['quotes', `${'"'.repeat(199_999)}x`],
    ['no stops', prose(200_000).replaceAll(/[.\n]/g, ' ')],
    ['one sentence over and over', 'The pump failed again. '.repeat(9_000)],
    ['ideographs', '服务器停了。'.repeat(33_000)],
    ['half characters', '\uD83D '.repeat(100_000)],
  ])('%s: every model comes to an end with an answer', (_, text) => {
    for (const [, run] of models) expect(run(text)).toBeDefined();
  });
});
