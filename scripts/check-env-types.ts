import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ROOT } from './lib/server.ts';

/** `Env` is generated from wrangler.toml and committed. This generates it again and fails when it has changed. */
const FILE = join(ROOT, 'worker-configuration.d.ts');
const committed = readFileSync(FILE, 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'penstock-types-'));
try {
  // An empty file, so that the settings of this machine do not become part of the types.
  const noSettings = join(folder, 'settings.env');
  writeFileSync(noSettings, '');
  const wrangler = join(ROOT, 'node_modules', 'wrangler', 'bin', 'wrangler.js');
  const flags = [
    'types',
    '--include-runtime=false',
    '--strict-vars=false',
    '--env-file',
    noSettings,
  ];
  const result = spawnSync(process.execPath, [wrangler, ...flags], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false' },
  });
  if (result.status !== 0) throw new Error(`${result.stdout}${result.stderr}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (declarations(readFileSync(FILE, 'utf8')) !== declarations(committed)) {
  process.stderr.write(
    'worker-configuration.d.ts was out of date and has been made anew: commit it\n',
  );
  process.exitCode = 1;
} else {
  writeFileSync(FILE, committed);
}

/** Without the first lines, which hold the command and a hash of it. */
function declarations(text: string): string {
  return text.split('\n').slice(2).join('\n');
}
