import { describe, expect, test } from 'vitest';

import { maskOwnSecrets, maskSecrets } from '../../../src/providers/http/mask-secrets.ts';

const own = 'kYs3cr3t/With+Odd=Characters&20';

describe('our own secret is masked', () => {
  test.each([
    ['as it is', own],
    ['in a URL', encodeURIComponent(own)],
    ['in JSON', JSON.stringify({ key: own })],
    ['in base64', Buffer.from(own).toString('base64')],
    ['in base64 with something before it', Buffer.from(`:${own}`).toString('base64')],
    ['in base64 of a user and a password', Buffer.from(`ab:${own}:x`).toString('base64')],
    ['in base64 for URLs', Buffer.from(`user:${own}`).toString('base64url')],
  ])('%s', (_how, text) => {
    const masked = maskOwnSecrets(`before ${text} after`, [own]);
    expect(masked).toContain('***');
    // Of base64, a character at each end may be shared with what is around it.
    for (const part of [own, encodeURIComponent(own), text.slice(4, -4)]) {
      expect(masked).not.toContain(part);
    }
    expect(masked).toMatch(/^before .* after$/);
  });

  test('and so is the secret half of a pair', () => {
    const pair = '0b5c1f4e-1111-4222-8333-444455556666:9f8e7d6c5b4a39281706f5e4d3c2b1a0';
    expect(maskOwnSecrets('it is 9f8e7d6c5b4a39281706f5e4d3c2b1a0', [pair])).toBe('it is ***');
  });

  test('but no text without it', () => {
    const text = 'sk-ant-api03-of-somebody-else and aWYgYW55Ym9keSByZWFkcyB0aGlz';
    expect(maskOwnSecrets(text, [own])).toBe(text);
    expect(maskOwnSecrets(text, ['', 'short'])).toBe(text);
  });
});

describe('a key that is not ours is masked', () => {
  test.each([
    ['Anthropic', 'sk-ant-api03-abcDEF123456_7890-xyz'],
    ['OpenAI', 'sk-proj-abcdEFGH12345678'],
    ['OpenRouter', 'sk-or-v1-0123456789abcdef'],
    ['Google', 'AIzaSyA1234567890abcdefghijklmnopqrstuv'],
    ['Google’s access token', 'ya29.a0AfB_byC1234'],
    ['Replicate', 'r8_1234567890abcdefghijklmnopqrstuvwxyz'],
    ['fal', '0b5c1f4e-1111-4222-8333-444455556666:9f8e7d6c5b4a39281706f5e4d3c2b1a0'],
    ['Voyage', 'pa-1a2B3c4D5e6F7g8H9i0JkLmNoPqRsTuV'],
    ['Jina', 'jina_0123456789abcdef0123456789abcdefXYZ'],
    ['a signed token', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl'],
    ['Deepgram, by its scheme', 'authorization: Token 1f2e3d4c5b6a79880f1e2d3c4b5a69788f7e6d5c'],
    ['AssemblyAI, by its header', 'Authorization: 0123456789abcdef0123456789abcdef'],
    ['Cloudflare, by its name', 'API token "v1x9_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789" is invalid'],
    ['anything after Bearer', 'Bearer abc'],
  ])('%s', (_vendor, text) => {
    const masked = maskSecrets(`it said: ${text}.`, []);
    expect(masked).toContain('***');
    expect(masked).not.toContain(text.split(' ').findLast((word) => word.length > 8) ?? text);
  });

  test.each([
    'Unknown key: response_format_json_schema',
    'model jina-embeddings-v3 was not found',
    'token limit exceeded: 128000 is the maximum',
    'request id 0123456789abcdef0123456789abcdef',
    'unsupported value: temperature',
  ])('while other words stay: %s', (text) => {
    expect(maskSecrets(text, [])).toBe(text);
  });

  test('in time, whatever the text', () => {
    for (const text of [
      'key:'.repeat(16_000),
      `key${' '.repeat(64_000)}`,
      'Bearer '.repeat(9_000),
    ]) {
      expect(typeof maskSecrets(text, [own])).toBe('string');
    }
  });
});
