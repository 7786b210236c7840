import { expect, test } from 'vitest';

import { knownCapabilities, makeRegistry, providerIds } from '../../src/providers/registry.ts';

/** Providers that serve whatever their deployment declares. */
const DECLARED: ReadonlySet<string> = new Set(['http']);

test.each(providerIds.filter((id) => !DECLARED.has(id)))(
  'what %s can do is known before it is configured',
  (id) => {
    expect(knownCapabilities(id)?.kinds.length).toBeGreaterThan(0);
  },
);

test('a configured provider can do no less than was known', () => {
  const { adapters } = makeRegistry(
    (name) => (name.endsWith('_URL') ? 'https://provider.invalid/v1' : 'set'),
    () => Promise.reject(new Error('not used')),
  );
  for (const [id, { capabilities }] of adapters) {
    expect(capabilities.kinds, id).toEqual(
      expect.arrayContaining([...(knownCapabilities(id)?.kinds ?? [])]),
    );
  }
});

test.each(['nobody', 'constructor', 'toString', ''])('nothing is known of "%s"', (id) => {
  expect(knownCapabilities(id)).toBeNull();
});
