import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { bare, pageParts, pagePath, partIn } from '../../scripts/lib/provider-pages.ts';
import { providerIds } from '../../src/providers/registry.ts';

const page = readFileSync(pagePath, 'utf8');

describe('docs/providers.md', () => {
  // `npm run docs:providers` writes what is missing here.
  test.each(pageParts())('says of $name what the registry says', ({ name, text }) => {
    expect(partIn(page, name)).toBe(bare(text));
  });

  test('has a section for every provider and for no other', () => {
    const named = [...page.matchAll(/^### `([\w-]+)`$/gm)].map(([, id]) => id);
    expect(named.toSorted()).toEqual([...providerIds].toSorted());
  });
});
