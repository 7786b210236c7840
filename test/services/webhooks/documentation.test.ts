import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { webhookEventTypes } from '../../../src/domain/webhook.ts';

const page = readFileSync('docs/webhooks.md', 'utf8');

/** The names in the first column of the table below a heading. */
function namesUnder(heading: string): string[] {
  const [, below = ''] = page.split(`\n## ${heading}\n`);
  const [section = ''] = below.split('\n## ');
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, name = '']) => name);
}

test('the page for receivers has every type of event, in the order of the list', () => {
  expect(namesUnder('Events')).toEqual(webhookEventTypes);
});

test.each([
  ['URLs that are refused', 'src/services/outbound/url-rules.ts', /^ {2}\| '(url_\w+)'/gm],
  ['A receiver', 'client/verify-webhook.d.ts', /^ {2}\| '(\w+)'/gm],
])('the page names all that may be refused: %s', (heading, file, names) => {
  const [, below = ''] = page.split(`\n## ${heading}\n`);
  const [section = ''] = below.split('\n## ');
  const known = [...readFileSync(file, 'utf8').matchAll(names)].map(([, name = '']) => name);
  // Webhooks follow no redirects.
  const missing = known.filter(
    (name) => !section.includes(`\`${name}\``) && name !== 'url_redirects',
  );
  expect([known.length > 5, missing]).toEqual([true, []]);
});
