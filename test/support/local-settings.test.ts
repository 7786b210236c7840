import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';

import { ROOT } from '../../scripts/lib/server.ts';
import { settingsFromShell } from '../../scripts/lib/settings.ts';

afterEach(() => vi.unstubAllEnvs());

test('npm run dev takes every setting from the shell that the README names', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const section = readme.slice(readme.indexOf('## Configuration'));
  const firstColumns = [...section.matchAll(/^\| (`[^|]*`[^|]*)\|/gm)].map(([, cell = '']) => cell);
  const names = firstColumns.flatMap((cell) => cell.match(/(?<=`)[A-Z][A-Z0-9_]+(?=`)/g) ?? []);
  expect(names.length).toBeGreaterThan(30);
  for (const name of names) vi.stubEnv(name, 'set');
  const taken = Object.keys(settingsFromShell());
  expect(names.filter((name) => !taken.includes(name))).toEqual([]);
});
