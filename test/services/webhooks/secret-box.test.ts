import { expect, test } from 'vitest';

import { makeSecretBox } from '../../../src/services/webhooks/secret-box.ts';

const NEW = 'n'.repeat(32);
const OLD = 'o'.repeat(32);

test('what was sealed opens in its own context, under the secret it was sealed with', async () => {
  const box = makeSecretBox(NEW, null);
  const sealed = await box.seal('whsec_Schlüssel', 'row 1');
  expect(sealed).not.toContain('whsec');
  expect(await box.open(sealed, 'row 1')).toBe('whsec_Schlüssel');
  expect(await box.open(sealed, 'row 2')).toBeNull();
  expect(await makeSecretBox(OLD, null).open(sealed, 'row 1')).toBeNull();
});

test('the same text is sealed differently each time', async () => {
  const box = makeSecretBox(NEW, null);
  expect(await box.seal('a', 'row')).not.toBe(await box.seal('a', 'row'));
});

test('a replaced secret still opens while it is the previous one', async () => {
  const sealed = await makeSecretBox(OLD, null).seal('a', 'row');
  expect(await makeSecretBox(NEW, OLD).open(sealed, 'row')).toBe('a');
  expect(await makeSecretBox(NEW, null).open(sealed, 'row')).toBeNull();
});

test.each(['', 'v1.', 'v1.AAAA', 'v2.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'v1.%%%%'])(
  'a damaged text stays shut: %j',
  async (text) => {
    expect(await makeSecretBox(NEW, OLD).open(text, 'row')).toBeNull();
  },
);

test('a text is renewed once: under the present secret, and only if it opens', async () => {
  const old = makeSecretBox(OLD, null);
  const both = makeSecretBox(NEW, OLD);
  const renewed = (await both.renew(await old.seal('a', 'row'), 'row')) ?? '';
  expect(await makeSecretBox(NEW, null).open(renewed, 'row')).toBe('a');
  expect(await both.renew(renewed, 'row')).toBeNull();
  expect(
    await both.renew(await makeSecretBox('x'.repeat(32), null).seal('a', 'row'), 'row'),
  ).toBeNull();
});
