import { expect, test } from 'vitest';

import { textChunk } from '../../../src/steps/text/chunk.ts';
import { textCite } from '../../../src/steps/text/cite.ts';
import { textNormalize } from '../../../src/steps/text/normalize.ts';
import { textRedact } from '../../../src/steps/text/redact.ts';
import { locate } from '../../../src/steps/text/source-map.ts';
import { placesOf, valueOf } from './support.ts';

const secrets = [
  'Jane.Doe@Example.com',
  'bob@müller.de',
  '+1 (415) 555-2671',
  '+44 20 7946 0958',
  '4111 1111 1111 1111',
  'DE89 3704 0044 0532 0130 00',
  '123-45-6789',
  'AKIAIOSFODNN7EXAMPLE',
  `ghp_${'a1B2c3'.repeat(6)}`,
  'Tr0ub4dor&3',
];

/** As texts come out of mail programs and scanners: what is planted is broken up only by what is not part of it. */
const original = [
  '\uFEFF# Support\u00A0ticket\u00A0\u2014 \u201CRefund\u201D\r\n\r\n',
  '  Dear\u200B team,\r\n\r\n\r\n\r\n',
  `I am Jane Doe (${secrets[0]}, or\u00A0${secrets[2]}).   My cafe\u0301 paid twice \uD83D\uDE00.\u2028`,
  `The card was ${secrets[4]} \u2013 the account ${secrets[5]}, my number ${secrets[6]}.\r\n`,
  `\r\n\t\r\n## Caf\u0065\u0301 log\u00ADin \u202Estuff\u202C\r\n`,
  `Password: "${secrets[9]}"\f Keys:\u3000${secrets[7]} and ${secrets[8]}.\r\n\r\n`,
  `My colleague \u2018Bob\u2019 is at ${secrets[1]} or ${secrets[3]}\u2026 Write to jane.doe@example.com first!\u0000\r\n`,
  `\u05E9\u05DC\u05D5\u05DD \u{1F469}\u200D\u{1F469}\u200D\u{1F467} half a pair: \uD83D. Thank you. \r\n\r\n`,
].join('');

const clean = valueOf(textNormalize.run(textNormalize.input.parse({ text: original })));
const redacted = valueOf(
  textRedact.run(textRedact.input.parse({ text: clean.text, source_map: clean.source_map })),
);
const { chunks } = valueOf(
  textChunk.run(
    textChunk.input.parse({
      text: redacted.text,
      source_map: redacted.source_map,
      max_chars: 120,
      overlap_chars: 30,
    }),
  ),
);

const originalOf = (part: string) => {
  const start = redacted.text.indexOf(part);
  expect(redacted.text).toContain(part);
  const span = locate(redacted.source_map, start, start + part.length);
  return original.slice(span.start, span.end);
};

test('nothing that was planted is left', () => {
  for (const secret of [...secrets, 'jane.doe']) {
    expect(JSON.stringify(redacted).toLowerCase()).not.toContain(secret.toLowerCase());
    expect(JSON.stringify(chunks).toLowerCase()).not.toContain(secret.toLowerCase());
  }
  expect(redacted.text).toBe(
    [
      '# Support ticket - "Refund"',
      '',
      ' Dear team,',
      '',
      'I am Jane Doe ([EMAIL_1], or [PHONE_1]). My café paid twice 😀.',
      'The card was [CREDIT_CARD_1] - the account [IBAN_1], my number [SSN_1].',
      '',
      '## Café login stuff',
      'Password: "[SECRET_1]"',
      ' Keys: [SECRET_2] and [SECRET_3].',
      '',
      `My colleague 'Bob' is at [EMAIL_2] or [PHONE_2]… Write to [EMAIL_1] first!`,
      'שלום 👩‍👩‍👧 half a pair: \uFFFD. Thank you.',
    ].join('\n'),
  );
});

test('every finding points at exactly what was planted', () => {
  const found = redacted.findings.map(({ source_start, source_end }) =>
    original.slice(source_start, source_end),
  );
  expect(found.toSorted()).toEqual([...secrets, 'jane.doe@example.com'].toSorted());
});

test('placeholders and words point at what they stand for in the original', () => {
  expect(originalOf('[EMAIL_1]')).toBe(secrets[0]);
  expect(originalOf('[IBAN_1]')).toBe(secrets[5]);
  expect(originalOf('[SECRET_3]')).toBe(secrets[8]);
  expect(originalOf('"Refund"')).toBe('\u201CRefund\u201D');
  expect(originalOf('My café')).toBe('My cafe\u0301');
  expect(originalOf('Café login')).toBe('Caf\u0065\u0301 log\u00ADin');
  expect(originalOf('Dear team')).toBe('Dear\u200B team');
  expect(originalOf('is at [EMAIL_2] or')).toBe(`is at ${secrets[1]} or`);
  expect(originalOf('👩‍👩‍👧')).toBe('👩‍👩‍👧');
  expect(originalOf('pair: \uFFFD.')).toBe('pair: \uD83D.');
});

test('sentences found in chunks are cited in the original', () => {
  const items = [
    { sentence: 'The card was [CREDIT_CARD_1] - the account [IBAN_1], my number [SSN_1].' },
    { sentence: 'Write to [EMAIL_1] first!' },
    { sentence: 'Thank you.' },
  ].map(({ sentence }) => {
    const chunk = chunks.find(({ text }) => text.includes(sentence));
    const start = chunk!.text.indexOf(sentence);
    return { chunk: chunk!.index, start, end: start + sentence.length, sentence };
  });
  const input = textCite.input.parse({ chunks, source_map: redacted.source_map, items });
  const { citations } = valueOf(textCite.run(input));
  const cited = citations.map((citation) => {
    const { source_start, source_end } = placesOf(citation);
    return original.slice(source_start, source_end);
  });
  expect(cited).toEqual([
    `The card was ${secrets[4]} \u2013 the account ${secrets[5]}, my number ${secrets[6]}.`,
    'Write to jane.doe@example.com first!',
    'Thank you.',
  ]);
  expect(citations.map((citation) => citation['sentence'])).toEqual(
    items.map(({ sentence }) => sentence),
  );
});

test('chunks carry their heading and their place in the original', () => {
  expect(new Set(chunks.map(({ heading }) => heading))).toEqual(
    new Set(['Support ticket - "Refund"', 'Café login stuff']),
  );
  for (const chunk of chunks) {
    expect(original.slice(chunk.source_start, chunk.source_end)).not.toBe('');
    expect(redacted.text.slice(chunk.start, chunk.end)).toBe(chunk.text);
  }
});
