import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

import { ROOT } from '../../../scripts/lib/server.ts';

/** What the commands need, and nothing of what this machine has added: no settings, no state. */
const PARTS = [
  'client',
  'examples',
  'migrations',
  'package.json',
  'scripts',
  'src',
  'test/support',
  'tsconfig.json',
  'wrangler.toml',
];

/** A fresh clone in a folder of its own, so that nobody's `.dev.vars` is touched. */
export function copyRepository(): string {
  const copy = mkdtempSync(join(tmpdir(), 'penstock-e2e-clone-'));
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
  for (const part of PARTS) cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'), 'dir');
  return copy;
}
