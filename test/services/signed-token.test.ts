import { assert, asyncProperty, jsonValue, pre } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { makeSignedTokens } from '../../src/services/signed-token.ts';

const SECRET = 's'.repeat(32);
const OLD = 'o'.repeat(32);
const tokens = makeSignedTokens(SECRET, null);
const payload = { file: 'file_1', project: 'prj_default' };

describe('a signed token', () => {
  test('gives its payload back until it expires, and not in the millisecond of its expiry', async () => {
    const token = await tokens.sign('file', payload, 1_000);
    expect(token).toMatch(/^[A-Za-z0-9._-]+$/);
    expect(await tokens.verify('file', token, 999)).toEqual({ kind: 'valid', payload });
    expect(await tokens.verify('file', token, 1_000)).toEqual({ kind: 'expired' });
  });

  test('carries any JSON, also beyond ASCII', async () => {
    await assert(
      asyncProperty(jsonValue({ maxDepth: 2 }), async (value) => {
        const json = JSON.parse(JSON.stringify(value));
        const text = JSON.stringify(json);
        pre(text.length < 500 && text.isWellFormed());
        const token = await tokens.sign('callback', json, 9);
        expect(await tokens.verify('callback', token, 0)).toEqual({ kind: 'valid', payload: json });
      }),
      { numRuns: 50 },
    );
  });

  test('is worthless for another purpose and under another secret', async () => {
    const token = await tokens.sign('file', payload, 1_000);
    expect(await tokens.verify('callback', token, 0)).toEqual({ kind: 'invalid' });
    const others = makeSignedTokens(OLD, null);
    expect(await others.verify('file', token, 0)).toEqual({ kind: 'invalid' });
  });

  test('survives a change of the secret while the old one stands as the previous', async () => {
    const token = await makeSignedTokens(OLD, null).sign('file', payload, 1_000);
    const rotated = makeSignedTokens(SECRET, OLD);
    expect(await rotated.verify('file', token, 0)).toEqual({ kind: 'valid', payload });
    const fresh = await rotated.sign('file', payload, 1_000);
    expect(await tokens.verify('file', fresh, 0)).toEqual({ kind: 'valid', payload });
  });

  test('is refused whichever character was changed', async () => {
    const token = await tokens.sign('file', payload, 1_000);
    for (let index = 0; index < token.length; index += 1) {
      const other = token[index] === 'A' ? 'Q' : 'A';
      const changed = token.slice(0, index) + other + token.slice(index + 1);
      expect(await tokens.verify('file', changed, 0), `character ${index}`).toEqual({
        kind: 'invalid',
      });
    }
  });

  test.each(['', 'v1', 'v1..', 'v2.e30.x', 'x'.repeat(100_000), 'v1.e30.AAAA', 'ä', '../../etc'])(
    'that is no token is refused: %.20s',
    async (text) => {
      expect(await tokens.verify('file', text, 0)).toEqual({ kind: 'invalid' });
    },
  );

  test('does not carry more than a URL can', async () => {
    await expect(tokens.sign('file', 'x'.repeat(4_000), 1)).rejects.toThrow(RangeError);
  });
});
