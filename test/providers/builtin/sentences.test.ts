import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findSentences } from '../../../src/providers/builtin/text/sentences.ts';

const sentencesOf = (text: string): string[] =>
  findSentences(text).map(({ start, end }) => text.slice(start, end));

describe('a stop that does not end a sentence', () => {
  test.each([
    [
      'a title',
      'Dr. Grey met Mrs. Hale. They talked.',
      ['Dr. Grey met Mrs. Hale.', 'They talked.'],
    ],
    [
      'an initial',
      'It was written by J. R. Smith. He left.',
      ['It was written by J. R. Smith.', 'He left.'],
    ],
    [
      'a decimal',
      'It rose by 3.5 percent. Then it fell.',
      ['It rose by 3.5 percent.', 'Then it fell.'],
    ],
    ['an amount', 'It cost $1,250.75 in all. We paid.', ['It cost $1,250.75 in all.', 'We paid.']],
    [
      'an explanation',
      'Use a queue, e.g. Kafka. It helps.',
      ['Use a queue, e.g. Kafka.', 'It helps.'],
    ],
    [
      'a reference',
      'See Fig. 3 and vol. 2. Both are old.',
      ['See Fig. 3 and vol. 2.', 'Both are old.'],
    ],
    [
      'a month',
      'It began on Jan. 5 at noon. It ended.',
      ['It began on Jan. 5 at noon.', 'It ended.'],
    ],
    ['a company', 'Acme Inc. was sold. Nobody knew.', ['Acme Inc. was sold.', 'Nobody knew.']],
    [
      'a version',
      'Release v2.14.1 broke it. We went back.',
      ['Release v2.14.1 broke it.', 'We went back.'],
    ],
    [
      'a host name',
      'Open status.example.com now. It is up.',
      ['Open status.example.com now.', 'It is up.'],
    ],
    [
      'a German date',
      'Am 14. Oktober fiel es aus. Es war früh.',
      ['Am 14. Oktober fiel es aus.', 'Es war früh.'],
    ],
    ['an ellipsis', 'We waited... and waited. Nothing.', ['We waited... and waited.', 'Nothing.']],
  ])('%s', (_, text, expected) => {
    expect(sentencesOf(text)).toEqual(expected);
  });
});

describe('a stop that ends a sentence', () => {
  test.each([
    [
      'behind a time',
      'It began at 10:05. It ended at 10:27.',
      ['It began at 10:05.', 'It ended at 10:27.'],
    ],
    [
      'behind an abbreviation, before a new start',
      'She moved to the U.S. They met there.',
      ['She moved to the U.S.', 'They met there.'],
    ],
    [
      'behind a placeholder',
      'Write to [EMAIL_1]. [NAME_2] answers.',
      ['Write to [EMAIL_1].', '[NAME_2] answers.'],
    ],
    [
      'inside a closing quote',
      'He said “it works.” She did not.',
      ['He said “it works.”', 'She did not.'],
    ],
    ['doubled', 'Really?! Yes! Good.', ['Really?!', 'Yes!', 'Good.']],
    [
      'ideographic, without a space',
      '服务器停了。我们检查了日志！好的。',
      ['服务器停了。', '我们检查了日志！', '好的。'],
    ],
    ['Arabic', 'هل تعمل؟ نعم، تعمل الآن.', ['هل تعمل؟', 'نعم، تعمل الآن.']],
  ])('%s', (_, text, expected) => {
    expect(sentencesOf(text)).toEqual(expected);
  });
});

describe('blocks', () => {
  test('a wrapped line goes on, a short one ends', () => {
    const text =
      'This sentence is long enough to reach the margin and\ngoes on here. Next.\n\nRegards\nJo';
    expect(sentencesOf(text)).toEqual([
      'This sentence is long enough to reach the margin and\ngoes on here.',
      'Next.',
      'Regards',
      'Jo',
    ]);
  });

  test('marks of headings, items and quotes are not part of a sentence', () => {
    const text =
      '# Title\r\n\r\n- one\r\n- two. Three.\r\n1. four\r\n\r\n> five.\r\n\r\nSix\r\n===\r\nSeven.';
    expect(
      findSentences(text).map(({ kind, start, end }) => [kind, text.slice(start, end)]),
    ).toEqual([
      ['heading', 'Title'],
      ['item', 'one'],
      ['item', 'two.'],
      ['item', 'Three.'],
      ['item', 'four'],
      ['prose', 'five.'],
      ['heading', 'Six'],
      ['prose', 'Seven.'],
    ]);
  });

  test('code, log lines, table rows and fields are units of their own', () => {
    const text =
      'Status: final\n\n```\na. B. c\n```\n2026-10-14 08:47:03 ERROR No. It fails.\n\n| a. B | c |\n|---|---|';
    expect(findSentences(text).map(({ kind }) => kind)).toEqual(['field', 'code', 'code', 'row']);
  });

  test('a run without any stop is cut at spaces, and nothing but spaces is lost', () => {
    const text = 'word '.repeat(1_000);
    const sentences = sentencesOf(text);
    expect(Math.max(...sentences.map((sentence) => sentence.length))).toBeLessThanOrEqual(600);
    expect(sentences.join(' ')).toBe(text.trim());
  });

  test('a run without any space is not cut inside a character', () => {
    const sentences = sentencesOf(`a${'😀'.repeat(500)}`);
    expect(sentences.length).toBeGreaterThan(1);
    expect(sentences.every((sentence) => sentence.isWellFormed())).toBe(true);
  });

  test.each(['', ' \n\t\r\n ', '---', '```\n```'])('nothing to read in %j', (text) => {
    expect(findSentences(text)).toEqual([]);
  });
});

const piece = fc.oneof(
  fc.constantFrom(
    '. ',
    '.',
    '! ',
    '\n',
    '\r\n',
    '\n\n',
    '- ',
    '# ',
    '> ',
    '| ',
    '```\n',
    '1. ',
    'e.g. ',
    '。',
    '”',
    ' ',
  ),
  fc.constantFrom(
    'Dr',
    'Word',
    'word',
    '3.5',
    '10:05',
    '[EMAIL_1]',
    '服务器',
    '\u00A0',
    '\u200B',
    '2026-10-14 08:00 ',
  ),
  fc.string({ unit: 'binary', maxLength: 8 }),
);

test('sentences are in order, disjoint, trimmed, and leave out nothing but marks and white space', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const text = pieces.join('');
      let behind = 0;
      for (const { start, end } of findSentences(text)) {
        expect(start).toBeGreaterThanOrEqual(behind);
        expect(end).toBeGreaterThan(start);
        expect(end - start).toBeLessThanOrEqual(600);
        const sentence = text.slice(start, end);
        expect(sentence).toBe(sentence.trim());
        behind = end;
      }
      expect(behind).toBeLessThanOrEqual(text.length);
    }),
    { numRuns: 500 },
  );
});
