import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { summarize } from '../../../src/providers/builtin/summarize.ts';

const story = [
  'The bakery on Mill Street closed on Monday because its oven had failed.',
  'It was a mild day.',
  'The oven, bought in 1998, failed after the bakery had used it for 27 years without a service.',
  'The bakery lost about $4,300 in sales while the oven was repaired.',
  'People walked past.',
  'A technician found that a worn fan had stopped, so the oven overheated and switched itself off.',
  'Would anyone have noticed earlier?',
  'The bakery will have the new oven serviced every year and opened again on Thursday.',
].join(' ');

describe('a summary', () => {
  test('prefers causes, figures and effects to small talk', () => {
    const { sentences } = summarize(story, 4);
    const texts = sentences.map((sentence) => sentence.text).join(' ');
    expect(texts).toContain('because its oven had failed');
    expect(texts).toContain('$4,300');
    expect(texts).not.toContain('mild day');
    expect(texts).not.toContain('People walked past');
    expect(texts).not.toContain('Would anyone');
  });

  test('does not say the same thing twice', () => {
    const repeated = `${story} The bakery on Mill Street closed on Monday because its oven had failed.`;
    const { sentences } = summarize(repeated, 4);
    expect(sentences.filter(({ text }) => text.includes('Mill Street'))).toHaveLength(1);
  });

  test('has as many sentences as asked for, or all there are', () => {
    expect(summarize(story, 3).sentences).toHaveLength(3);
    expect(summarize(story, 100).sentences).toHaveLength(8);
  });

  test('leaves headings out unless there is nothing else', () => {
    expect(summarize('# Title\n\nOne sentence.', 2).summary).toBe('One sentence.');
    expect(summarize('# Only a title', 2).summary).toBe('Only a title');
  });

  test('of one sentence is that sentence', () => {
    const { summary, sentences } = summarize('  Only this.\n', 5);
    expect(summary).toBe('Only this.');
    expect(sentences).toEqual([
      { text: 'Only this.', start: 2, end: 12, score: expect.any(Number) },
    ]);
  });

  test('of nothing is nothing', () => {
    expect(summarize('', 3)).toEqual({ kind: 'summarize', summary: '', sentences: [] });
  });

  test('collapses white space in the summary but not in the sentences', () => {
    const text = 'A sentence that reaches the margin here and then is\nwrapped over two lines.';
    const result = summarize(text, 1);
    expect(result.sentences[0]?.text).toBe(text);
    expect(result.summary).toBe(text.replace('\n', ' '));
  });

  test('passes over log lines and addresses when there is prose', () => {
    const text =
      'The pump stopped at noon because a valve was stuck.\n\n2026-10-14 08:47:03 ERROR pump 17 failed 25 times\n\nCall us at +44 20 7946 0958 or write to pump@example.com.';
    expect(summarize(text, 1).summary).toMatch(/^The pump stopped/);
  });

  test('works without any punctuation', () => {
    const text = 'the pump stopped because a valve was stuck and the tank ran over '.repeat(50);
    const { sentences } = summarize(text, 2);
    expect(sentences).toHaveLength(2);
    for (const { start, end } of sentences) expect(end - start).toBeLessThanOrEqual(600);
  });

  test('works for a script without spaces', () => {
    const text =
      '今天早上八点服务器停止响应。天气很好。工程师发现数据库的磁盘已满，因此服务器无法写入订单。订单延迟了三个小时。';
    const { sentences } = summarize(text, 2);
    expect(sentences.map((sentence) => sentence.text).join('')).toContain('服务器');
    for (const { text: sentence, start, end } of sentences) {
      expect(text.slice(start, end)).toBe(sentence);
    }
  });
});

test('offsets are exact, sentences are in text order, scores lie between 0 and 1', () => {
  const word = fc.constantFrom(
    'pump',
    'Valve',
    'failed',
    '3.5',
    '10:05',
    'Dr.',
    '\n\n',
    '\r\n- ',
    '# ',
    '.',
    '!',
    '。',
    '\u200B',
    '😀',
    'because',
  );
  fc.assert(
    fc.property(
      fc.array(word, { maxLength: 120 }),
      fc.integer({ min: 1, max: 9 }),
      (words, most) => {
        const text = words.join(' ');
        const { sentences } = summarize(text, most);
        expect(sentences.length).toBeLessThanOrEqual(most);
        let behind = 0;
        for (const sentence of sentences) {
          expect(text.slice(sentence.start, sentence.end)).toBe(sentence.text);
          expect(sentence.start).toBeGreaterThanOrEqual(behind);
          expect(sentence.score).toBeGreaterThanOrEqual(0);
          expect(sentence.score).toBeLessThanOrEqual(1);
          behind = sentence.end;
        }
      },
    ),
  );
});
