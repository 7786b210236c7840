/** Brings the generated parts of docs/providers.md up to date. Format the page afterwards. */
import { readFileSync, writeFileSync } from 'node:fs';

import { pagePath, updatedPage } from './lib/provider-pages.ts';

const { page, missing } = updatedPage(readFileSync(pagePath, 'utf8'));
writeFileSync(pagePath, page);
for (const name of missing) {
  process.stderr.write(`${pagePath} has no part "${name}": put its two marks where it belongs\n`);
}
process.exitCode = missing.length === 0 ? 0 : 1;
