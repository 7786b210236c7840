import { assert, constantFrom, integer, property, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseAddress } from '../../../src/services/outbound/address.ts';
import { forbiddenRange } from '../../../src/services/outbound/address-ranges.ts';
import { judgeUrl, type UrlPolicy } from '../../../src/services/outbound/url-rules.ts';

const STRICT: UrlPolicy = { allowLoopback: false, ports: new Set() };
const LOCAL: UrlPolicy = { allowLoopback: true, ports: new Set() };

function ruleOf(url: string, policy = STRICT): string | null {
  const verdict = judgeUrl(url, policy);
  return verdict.ok ? null : verdict.refusal.rule;
}

describe('an address that is not public, however it is spelt', () => {
  test.each([
    // Loopback.
    'https://127.0.0.1/',
    'https://127.1/',
    'https://127.0.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://0177.0.0.01/',
    'https://017700000001/',
    'https://127.0.0.1./',
    'https://127.255.255.254/',
    'https://１２７.０.０.１/',
    'https://①②⑦.⓪.⓪.①/',
    'https://127。0。0。1/',
    'https://%31%32%37.0.0.1/',
    'https://0x7F.0.0.0x1/',
    'https://[::1]/',
    'https://[0:0:0:0:0:0:0:1]/',
    'https://[0000::0001]/',
    // IPv4 inside IPv6.
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[::ffff:8.8.8.8]/',
    'https://[::127.0.0.1]/',
    'https://[::ffff:0:127.0.0.1]/',
    'https://[64:ff9b::10.0.0.1]/',
    'https://[64:ff9b::a00:1]/',
    'https://[64:ff9b:1::a00:1]/',
    'https://[2002:7f00:1::]/',
    'https://[2002:a00:1::1]/',
    'https://[2001:0:53aa:64c:0:fbfe:80ff:fffe]/',
    // Private, shared, link-local, and the metadata of clouds.
    'https://10.0.0.1/',
    'https://0xa.1/',
    'https://167772161/',
    'https://172.16.0.1/',
    'https://172.31.255.255/',
    'https://192.168.1.1/',
    'https://192.168.257/',
    'https://100.64.0.1/',
    'https://100.100.100.200/',
    'https://169.254.169.254/latest/meta-data/',
    'https://0xa9fea9fe/',
    'https://2852039166/',
    'https://168.63.129.16/',
    'https://[fe80::1]/',
    'https://[fd00:ec2::254]/',
    'https://[fec0::1]/',
    // Unspecified, broadcast, multicast, reserved, benchmarks, documentation.
    'https://0.0.0.0/',
    'https://0/',
    'https://0.1.2.3/',
    'https://255.255.255.255/',
    'https://224.0.0.1/',
    'https://240.0.0.1/',
    'https://198.18.0.1/',
    'https://198.19.255.255/',
    'https://192.0.2.1/',
    'https://198.51.100.7/',
    'https://203.0.113.9/',
    'https://192.0.0.170/',
    'https://192.88.99.1/',
    'https://[::]/',
    'https://[ff02::1]/',
    'https://[2001:db8::1]/',
    'https://[3fff::1]/',
    'https://[100::1]/',
    'https://[5f00::1]/',
    'https://[4000::1]/',
  ])('%s is refused', (url) => {
    expect(ruleOf(url)).toBe('url_address');
  });

  test('no spelling of a forbidden IPv4 address gets through', () => {
    const prefix = constantFrom([10, 0], [127, 0], [169, 254], [172, 20], [192, 168], [100, 70]);
    const form = constantFrom('decimal', 'hex', 'octal', 'short', 'mapped', 'dotted');
    assert(
      property(
        tuple(prefix, integer({ min: 0, max: 255 }), integer({ min: 0, max: 255 }), form),
        ([[a = 0, b = 0], c, d, how]) => {
          expect(ruleOf(`https://${spell([a, b, c, d], how)}/`)).toBe('url_address');
        },
      ),
    );
  });
});

function spell([a, b, c, d]: readonly [number, number, number, number], how: string): string {
  const number = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
  const spellings: Record<string, string> = {
    decimal: String(number),
    hex: `0x${number.toString(16)}`,
    octal: [a, b, c, d].map((byte) => `0${byte.toString(8)}`).join('.'),
    short: `${a}.${b}.${c * 256 + d}`,
    mapped: `[::ffff:${a}.${b}.${c}.${d}]`,
    dotted: `${a}.${b}.${c}.${d}.`,
  };
  return spellings[how] ?? '';
}

describe('a URL', () => {
  test.each<[string, string]>([
    ['http://example.com/', 'url_scheme'],
    ['ftp://example.com/', 'url_scheme'],
    ['file:///etc/passwd', 'url_scheme'],
    ['data:text/plain,hello', 'url_scheme'],
    ['javascript:alert(1)', 'url_scheme'],
    ['https://user@example.com/', 'url_credentials'],
    ['https://user:secret@example.com/', 'url_credentials'],
    ['https://example.com@10.0.0.1/', 'url_credentials'],
    ['https://example.com:8443/', 'url_port'],
    ['https://example.com:22/', 'url_port'],
    ['https://localhost/', 'url_host'],
    ['https://LOCALHOST./', 'url_host'],
    ['https://app.localhost/', 'url_host'],
    ['https://intranet/', 'url_host'],
    ['https://printer.local/', 'url_host'],
    ['https://metadata.google.internal/', 'url_host'],
    ['https://router.home.arpa/', 'url_host'],
    ['https://x.onion/', 'url_host'],
    ['https://a..example.com/', 'url_host'],
    ['https://-a.example.com/', 'url_host'],
    ['https://[fe80::1%25eth0]/', 'url_invalid'],
    ['https://[::1/', 'url_invalid'],
    ['https://1.2.3.4.5/', 'url_invalid'],
    ['https://256.256.256.256/', 'url_invalid'],
    ['https:\\\\10.0.0.1\\', 'url_invalid'],
    ['https://example.com/ a', 'url_invalid'],
    ['https://exa\tmple.com/', 'url_invalid'],
    ['//example.com/', 'url_invalid'],
    ['example.com', 'url_invalid'],
    ['', 'url_invalid'],
    [`https://example.com/${'a'.repeat(2_048)}`, 'url_invalid'],
  ])('%.60s breaks the rule %s', (url, rule) => {
    expect(ruleOf(url)).toBe(rule);
  });

  test.each<[string, string | null]>([
    ['https://example.com/a?b#c', 'example.com'],
    ['https://example.com:443/', 'example.com'],
    ['https://EXAMPLE.com./', 'example.com'],
    ['https://bücher.example.org/', 'xn--bcher-kva.example.org'],
    ['https://a_b.example.com/', 'a_b.example.com'],
    ['https://8.8.8.8/', null],
    ['https://[2606:4700:4700::1111]/', null],
    // Only looks like a private one.
    ['https://10.0.0.1.example.com/', '10.0.0.1.example.com'],
    ['https://172.32.0.1/', null],
    ['https://100.128.0.1/', null],
  ])('%s is fine; looked up is %s', (url, resolve) => {
    expect(judgeUrl(url, STRICT)).toMatchObject({ ok: true, resolve });
  });

  test('may name a port that the deployment allows', () => {
    const policy = { ...STRICT, ports: new Set([8443]) };
    expect(ruleOf('https://example.com:8443/', policy)).toBeNull();
    expect(ruleOf('https://example.com:8444/', policy)).toBe('url_port');
    expect(ruleOf('http://example.com:8443/', policy)).toBe('url_scheme');
  });

  test.each(['http://127.0.0.1:9000/', 'http://localhost:9000/', 'http://[::1]:9000/'])(
    '%s is for local development only',
    (url) => {
      expect(ruleOf(url, LOCAL)).toBeNull();
      expect(ruleOf(url)).not.toBeNull();
    },
  );

  test.each(['http://10.0.0.1/', 'https://10.0.0.1/', 'http://example.com/', 'http://0.0.0.0/'])(
    '%s stays refused in local development',
    (url) => {
      expect(ruleOf(url, LOCAL)).not.toBeNull();
    },
  );

  test('is not repeated in the refusal', () => {
    const verdict = judgeUrl('https://user:secret@private.example/', STRICT);
    expect(JSON.stringify(verdict)).not.toMatch(/secret|private\.example/);
  });
});

describe('an address in its usual form', () => {
  test.each([
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '1.2.3.4 ',
    ':::',
    '1::2::3',
    '::1%eth0',
    '12345::',
    'g::',
  ])('%s is none', (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  test('IPv6 is read with and without its zeros', () => {
    expect(parseAddress('2606:4700::1.2.3.4')).toEqual(parseAddress('2606:4700:0:0:0:0:102:304'));
    expect(forbiddenRange(parseAddress('2606:4700::1') ?? [])).toBeNull();
    expect(forbiddenRange(parseAddress('::1') ?? [])).toBe('loopback');
  });
});
