import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';

import { entities, type Entity } from '../../../src/steps/text/entities.ts';
import { textRedact } from '../../../src/steps/text/redact.ts';
import { compose, locate, sourceMapProblem } from '../../../src/steps/text/source-map.ts';
import { editedFrom, failureOf, mapInput, messyText, valueOf } from './support.ts';

type Options = Omit<z.input<typeof textRedact.input>, 'text'>;
const run = (input: z.input<typeof textRedact.input>) =>
  textRedact.run(textRedact.input.parse(input));
const redacted = (text: string, options: Options = {}) => valueOf(run({ text, ...options }));
const only = (text: string, entity: Entity, options: Options = {}) =>
  redacted(text, { entities: [entity], ...options }).text;

describe('e-mail addresses', () => {
  test.each([
    ['Write to jane.doe+x@mail.example.com.', 'Write to [EMAIL_1].'],
    ["'o'brien@example.ie' <a_b@x.de>", "'[EMAIL_1]' <[EMAIL_2]>"],
    ['email=jürgen@müller.de&x=1', 'email=[EMAIL_1]&x=1'],
    ['mailto:a@b.co-owner', 'mailto:[EMAIL_1]-owner'],
    ['用户@例子.广告', '[EMAIL_1]'],
    ['a@b.com,c@d.org;e@f.net', '[EMAIL_1],[EMAIL_2];[EMAIL_3]'],
    ['@handle, user@host, a@1.2, @@, x@.com', '@handle, user@host, a@1.2, @@, x@.com'],
  ])('%s', (text, expected) => {
    expect(only(text, 'email')).toBe(expected);
  });
});

describe('payment cards', () => {
  test.each([
    ['4111 1111 1111 1111', '[CREDIT_CARD_1]'],
    ['4111-1111-1111-1111,5500005555555559', '[CREDIT_CARD_1],[CREDIT_CARD_2]'],
    ['amex 3782 822463 10005 diners 30569309025904', 'amex [CREDIT_CARD_1] diners [CREDIT_CARD_2]'],
    ['12 4111 1111 1111 1111 7', '12 [CREDIT_CARD_1] 7'],
    ['4111\u00A01111\u00A01111\u00A01111', '[CREDIT_CARD_1]'],
    [
      '2223003122003222 6011111111111117 3530111333300000',
      '[CREDIT_CARD_1] [CREDIT_CARD_2] [CREDIT_CARD_3]',
    ],
  ])('%s', (text, expected) => {
    expect(only(text, 'credit_card')).toBe(expected);
  });

  test.each([
    ['a wrong check digit', '4111 1111 1111 1112'],
    ['an unknown issuer', '9111 1111 1111 1114'],
    ['digits of a longer number', '94111111111111111'],
    ['digits of a fraction', '0.4111111111111111'],
    ['a word around it', 'id4111111111111111'],
    ['single digits in a list', '4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1'],
    ['two lines', '4111 1111\n1111 1111'],
  ])('%s is no card', (_, text) => {
    expect(only(text, 'credit_card')).toBe(text);
  });
});

describe('bank accounts', () => {
  test.each([
    ['DE89 3704 0044 0532 0130 00 is it', '[IBAN_1] is it'],
    ['gb82west12345698765432', '[IBAN_1]'],
    ['IBAN:NL91ABNA0417164300,', 'IBAN:[IBAN_1],'],
    ['FR14 2004 1010 0505 0001 3M02 606', '[IBAN_1]'],
    ['DE88 3704 0044 0532 0130 00', 'DE88 3704 0044 0532 0130 00'],
    ['XX89 3704 0044 0532 0130 00', 'XX89 3704 0044 0532 0130 00'],
    ['DE89 3704 0044 0532 0130 00A', 'DE89 3704 0044 0532 0130 00A'],
  ])('%s', (text, expected) => {
    expect(only(text, 'iban')).toBe(expected);
  });
});

describe('social security numbers', () => {
  test.each([
    ['123-45-6789, 123 45 6789, 123–45–6789', '[SSN_1], [SSN_1], [SSN_1]'],
    ['SSN: 123456789', 'SSN: [SSN_1]'],
    ['social security number is 219099999', 'social security number is [SSN_1]'],
    ['123456789', '123456789'],
    [
      '000-12-3456 666-12-3456 900-12-3456 123-00-4567 123-45-0000',
      '000-12-3456 666-12-3456 900-12-3456 123-00-4567 123-45-0000',
    ],
    ['1-123-45-6789 123-45-67890 123-45 6789', '1-123-45-6789 123-45-67890 123-45 6789'],
  ])('%s', (text, expected) => {
    expect(only(text, 'ssn')).toBe(expected);
  });
});

describe('network addresses', () => {
  test.each([
    ['10.0.0.1:8080 and 192.168.1.254.', '[IP_ADDRESS_1]:8080 and [IP_ADDRESS_2].'],
    [
      '2001:db8::1, fe80::1%eth0, [::1]:80',
      '[IP_ADDRESS_1], [IP_ADDRESS_2]%eth0, [[IP_ADDRESS_3]]:80',
    ],
    ['2001:0DB8:85a3:0000:0000:8a2e:0370:7334', '[IP_ADDRESS_1]'],
    ['::ffff:10.0.0.1', '[IP_ADDRESS_1]'],
    ['ip.........10.0.0.1', 'ip.........[IP_ADDRESS_1]'],
  ])('%s', (text, expected) => {
    expect(only(text, 'ip_address')).toBe(expected);
  });

  test.each([
    ['versions', '1.2.3, v1.2.3.4, version 1.2.3.4, Build: 10.0.19041.1, 256.1.1.1, 1.02.3.4'],
    ['longer numbers', '1.2.3.4.5 1.2.3.4.5.6.7.8.9.10.11.12.13'],
    ['times', '12:30:45 2026-11-22T10:20:30.123Z 10:20'],
    ['hardware addresses', '00:1a:2b:3c:4d:5e'],
    ['names in programs', 'std::ab a::b Foo::Bar::baz face:: :: a1::b'],
  ])('%s are none', (_, text) => {
    expect(only(text, 'ip_address')).toBe(text);
  });
});

describe('phone numbers', () => {
  test.each([
    ['+1 (415) 555-2671', '[PHONE_1]'],
    ['tel:+442079460958, +49 30 901820', 'tel:[PHONE_1], [PHONE_2]'],
    ['415-555-2671', '415-555-2671'],
    ['+1 415 555 2671 24/7', '[PHONE_1] 24/7'],
    ['+33 1 42 68 53 00 12', '[PHONE_1] 12'],
    ['12 +44 (0)20 7946 0958 9-17', '12 [PHONE_1] 9-17'],
    ['x+14155552671 and +14155552671x', 'x+14155552671 and +14155552671x'],
  ])('%s', (text, expected) => {
    expect(only(text, 'phone')).toBe(expected);
  });

  test('a default country tells local numbers, and that they are the same', () => {
    expect(
      only('+1 (415) 555-2671, 415-555-2671, 4155552671', 'phone', { default_country: 'US' }),
    ).toBe('[PHONE_1], [PHONE_1], [PHONE_1]');
    expect(only('(415) 555-2671 24/7 (415) 555-2672 2', 'phone', { default_country: 'US' })).toBe(
      '[PHONE_1] 24/7 [PHONE_2] 2',
    );
    expect(only('030 901820 2026-11-22', 'phone', { default_country: 'DE' })).toBe(
      '[PHONE_1] 2026-11-22',
    );
  });

  test('a country that is none is refused', () => {
    const parsed = textRedact.input.safeParse({ text: '', default_country: 'us' });
    expect(parsed.error?.issues[0]?.message).toMatch(/two-letter country code/);
  });
});

/** Made up for these tests, in the formats of their issuers. */
const keys = {
  'an AWS key id': 'AKIAIOSFODNN7EXAMPLE',
  'an AWS secret': 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  'an OpenAI project key': 'sk-proj-abcDEF1234567890_abcdefGHIJ-klmnop',
  'an OpenAI key': 'sk-abc123def456ghi789jkl012',
  'an Anthropic key': 'sk-ant-api03-abcdefghijklmnop1234567890-AA',
  'a GitHub token': `ghp_${'a1B2c3'.repeat(6)}`,
  'a fine-grained GitHub token': `github_pat_${'11ABCDEFG0'.repeat(8)}aa`,
  'a Slack token': ['xoxb', '123456789012', '1234567890123', 'abcdefghijABCDEFGHIJ1234'].join('-'),
  'a Slack webhook': [
    'https://hooks.slack.com/services',
    'T00000000',
    'B00000000',
    'X'.repeat(24),
  ].join('/'),
  'a Stripe key': ['sk', 'live', '4eC39HqLyjWDarjtT1zdp7dc'].join('_'),
  'a Google key': 'AIzaSyA-1234567890abcdefghijklmnopqrstu',
  'a JSON Web Token':
    'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U',
  'a GitLab token': 'glpat-abcdefghij0123456789',
  'an npm token': `npm_${'a1B2c3'.repeat(6)}`,
  'a Hugging Face token': 'hf_abcdefghijKLMNOPQRSTuvwxyzABCDEFGH',
  'a SendGrid key': `SG.${'a1B2c3d4'.repeat(3)}.${'e5F6g7H8'.repeat(5)}`,
  'a Telegram token': '1234567890:AAabcdefghijklmnopqrstuvwxyz0123456',
};

describe('secrets', () => {
  test.each(Object.entries(keys))('%s is told by its form', (_, key) => {
    expect(only(`use ${key}.`, 'secret')).toBe('use [SECRET_1].');
    expect(only(`"${key}",`, 'secret')).toBe('"[SECRET_1]",');
    expect(only(`KEY=${key}\n`, 'secret')).toBe('KEY=[SECRET_1]\n');
  });

  test('a private key goes whole, and as far as it goes if it was cut off', () => {
    const key =
      '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\nAbC=\n-----END RSA PRIVATE KEY-----';
    expect(only(`a ${key} b`, 'secret')).toBe('a [SECRET_1] b');
    expect(only(`{"k":"${key.replaceAll('\n', '\\n')}"}`, 'secret')).toBe('{"k":"[SECRET_1]"}');
    const cut = '-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEA7MIIEowIBAAKCAQEA7\nMIIEow==';
    expect(only(`${cut}\nThen ${key}`, 'secret')).toBe('[SECRET_1]\nThen [SECRET_2]');
    expect(only('-----BEGIN PRIVATE KEY----- is how it begins', 'secret')).toBe(
      '[SECRET_1] is how it begins',
    );
    expect(only('-----BEGIN PUBLIC KEY-----', 'secret')).toBe('-----BEGIN PUBLIC KEY-----');
  });

  test.each([
    ['api_key = "abcd1234efgh5678"', 'api_key = "[SECRET_1]"'],
    ["'clientSecret': 'q8Zx-77aa-Pp01'", "'clientSecret': '[SECRET_1]'"],
    ['password: hunter2!', 'password: [SECRET_1]'],
    ['{"password":"correct horse 9 staple"}', '{"password":"[SECRET_1]"}'],
    ['DB_PASSWORD=x9!kqLmz', 'DB_PASSWORD=[SECRET_1]'],
    ['The password is Summer2024. Thanks', 'The password is [SECRET_1]. Thanks'],
    ['?access_token=a1b2c3d4e5f6g7', '?access_token=[SECRET_1]'],
    ['Authorization: Basic dXNlcjpwYXNzd29yZA==', 'Authorization: Basic [SECRET_1]'],
    ['authorization: bearer abcdef1234567890abcdef', 'authorization: bearer [SECRET_1]'],
    ['AccountKey=abcdEFGH1234abcdEFGH1234==;x', 'AccountKey=[SECRET_1];x'],
  ])('%s', (text, expected) => {
    expect(only(text, 'secret')).toBe(expected);
  });

  test.each([
    'password: required, and at least eight characters',
    'The password is wrong. Password: ********',
    'password = ${DB_PASSWORD} api_key: {{ vars.key_number_1 }} token: https://example.com/t0k3n',
    'const token = getToken(); secret: string',
    'sk-learning-rate-scheduler and sk-SK_slovak',
    'Basic understanding of Bearer relationships',
    'commit 3f786850e387550fdab836ed7e6dc881de23001b',
    'AKIA alone, ghp_short, eyJ.eyJ.x',
    'token: [SECRET_1] password: "[SECRET_2]"',
  ])('%s is left as it is', (text) => {
    expect(only(text, 'secret')).toBe(text);
  });

  test('nothing in a text can switch the search off', () => {
    const text = `/* secretlint-disable */ // gitleaks:allow\n${keys['a GitHub token']}`;
    expect(only(text, 'secret')).toMatch(/\[SECRET_1\]$/);
  });
});

describe('credentials in addresses', () => {
  test.each([
    ['https://bob:s3cr3t@example.com/x', 'https://[URL_CREDENTIALS_1]@example.com/x'],
    ['postgres://u:p@ss@db:5432/x', 'postgres://[URL_CREDENTIALS_1]@db:5432/x'],
    ['redis://:only-password@cache', 'redis://[URL_CREDENTIALS_1]@cache'],
    [
      'https://example.com:8080/a@b and https://user@example.com',
      'https://example.com:8080/a@b and https://user@example.com',
    ],
  ])('%s', (text, expected) => {
    expect(only(text, 'url_credentials')).toBe(expected);
  });
});

describe('crypto addresses', () => {
  test.each([
    ['1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa', '[CRYPTO_ADDRESS_1]'],
    ['3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy', '[CRYPTO_ADDRESS_1]'],
    ['TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t', '[CRYPTO_ADDRESS_1]'],
    ['bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', '[CRYPTO_ADDRESS_1]'],
    ['BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4', '[CRYPTO_ADDRESS_1]'],
    ['0x52908400098527886E0F7030069857D2E4169EE7', '[CRYPTO_ADDRESS_1]'],
    ['1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb', '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb'],
    ['bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5'],
    [
      '0x52908400098527886E0F7030069857D2E4169EE7ff',
      '0x52908400098527886E0F7030069857D2E4169EE7ff',
    ],
  ])('%s', (text, expected) => {
    expect(only(text, 'crypto_address')).toBe(expected);
  });
});

describe('placeholders and findings', () => {
  test('the same value gets the same placeholder, another value another', () => {
    expect(redacted('A@b.com a@B.COM c@d.com 4111111111111111 4111-1111-1111-1111').text).toBe(
      '[EMAIL_1] [EMAIL_1] [EMAIL_2] [CREDIT_CARD_1] [CREDIT_CARD_1]',
    );
  });

  test('a placeholder that the text already has is not given to another value', () => {
    expect(redacted('[EMAIL_1] wrote to a@b.com and c@d.com; [EMAIL_3] did not').text).toBe(
      '[EMAIL_1] wrote to [EMAIL_2] and [EMAIL_4]; [EMAIL_3] did not',
    );
  });

  test('findings tell place and kind, and never the value', () => {
    const text = 'Mail a@b.com, pay DE89370400440532013000.';
    const result = redacted(text, {
      entities: ['iban', 'email', 'phone'],
      source_map: [[0, 7, 41, 41]],
    });
    expect(result).toEqual({
      text: 'Mail [EMAIL_1], pay [IBAN_1].',
      source_map: [
        [0, 7, 5, 5],
        [5, 12, 9, 7],
        [14, 19, 6, 6],
        [20, 25, 8, 22],
        [28, 47, 1, 1],
      ],
      findings: [
        {
          entity: 'email',
          placeholder: '[EMAIL_1]',
          start: 5,
          end: 12,
          source_start: 12,
          source_end: 19,
        },
        {
          entity: 'iban',
          placeholder: '[IBAN_1]',
          start: 18,
          end: 40,
          source_start: 25,
          source_end: 47,
        },
      ],
      counts: { email: 1, iban: 1, phone: 0 },
    });
  });

  test('a key with a phone number in it is one secret', () => {
    expect(redacted('token: "aZ-+14155552671-9q", +14155552671').text).toBe(
      'token: "[SECRET_1]", [PHONE_1]',
    );
  });

  test('only what is asked for is redacted', () => {
    const text = 'a@b.com +14155552671';
    expect(redacted(text, { entities: ['phone'] })).toMatchObject({
      text: 'a@b.com [PHONE_1]',
      counts: { phone: 1 },
    });
    expect(textRedact.input.safeParse({ text, entities: [] }).success).toBe(false);
    expect(textRedact.input.safeParse({ text, entities: ['name'] }).success).toBe(false);
    expect(Object.keys(redacted('').counts).toSorted()).toEqual([...entities].toSorted());
  });

  test('a map of another text is refused', () => {
    expect(failureOf(run({ text: 'a@b.com', source_map: [[0, 0, 9, 9]] })).message).toMatch(
      /describes 9 characters, but the text has 7/,
    );
  });
});

describe('what is promised of any text', () => {
  const planted = fc.constantFrom(
    'jane@example.com',
    '4111 1111 1111 1111',
    'DE89 3704 0044 0532 0130 00',
    '123-45-6789',
    '10.0.0.1',
    '+14155552671',
    keys['an AWS key id'],
    keys['a GitHub token'],
    'https://u:pa55w0rd@h.io',
    'password: "Tr0ub4dor&3"',
  );
  const mixed = fc
    .array(fc.oneof(messyText(4), planted), { maxLength: 12 })
    .map((parts) => parts.join(' '));

  test('nothing but the findings changes, and every finding points at its place', () => {
    fc.assert(
      fc.property(mixed.chain(editedFrom), ({ source, text, map }) => {
        const given = mapInput(map);
        const result = redacted(text, { source_map: given, default_country: 'US' });
        let rebuilt = '';
        let at = 0;
        for (const finding of result.findings) {
          expect(finding.start).toBeGreaterThanOrEqual(at);
          rebuilt += text.slice(at, finding.start) + finding.placeholder;
          expect({ start: finding.source_start, end: finding.source_end }).toEqual(
            locate(map, finding.start, finding.end),
          );
          at = finding.end;
        }
        expect(result.text).toBe(rebuilt + text.slice(at));
        expect(sourceMapProblem(result.source_map, result.text.length)).toBeNull();
        expect(result.source_map.at(-1)?.[1] ?? 0).toBeLessThanOrEqual(source.length);
        const alone = redacted(text, { default_country: 'US' });
        expect(result.source_map).toEqual(compose(alone.source_map, map));
      }),
      { numRuns: 300 },
    );
  });

  test('redacting again finds nothing', () => {
    fc.assert(
      fc.property(mixed, (text) => {
        const once = redacted(text, { default_country: 'US' }).text;
        expect(redacted(once, { default_country: 'US' })).toMatchObject({
          text: once,
          findings: [],
        });
      }),
      { numRuns: 300 },
    );
  });

  test('planted values do not survive between spaces', () => {
    fc.assert(
      fc.property(messyText(4), planted, messyText(4), (before, value, after) => {
        expect(redacted(`${before} ${value} ${after}`).text).not.toContain(value);
      }),
    );
  });

  test.each([
    ['a', 0],
    ['@', 0],
    ['1', 0],
    [' ', 0],
    ['-', 0],
    ['1-', 0],
    ['a@', 0],
    ['.', 0],
    [':', 0],
    ['1.', 0],
    ['(1) ', 0],
    ['eyJ', 0],
    ['-eyJ', 0],
    ['sk-', 0],
    ['http://a:', 0],
    ['password="', 5_000],
    ['passwordpassword', 0],
    ['-----BEGIN PRIVATE KEY-----', 3_703],
    ['DE89', 0],
    ['4111 ', 0],
    ['bc1q', 0],
    ['[A_1]', 0],
  ])('a hundred thousand characters of %j make %i findings', (unit, count) => {
    const text = unit.repeat(Math.floor(100_000 / unit.length));
    expect(redacted(text, { default_country: 'US' }).findings).toHaveLength(count);
  });
});
