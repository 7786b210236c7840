import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { ROOT } from '../../scripts/lib/server.ts';

const WRANGLER = join(ROOT, 'node_modules', 'wrangler', 'bin', 'wrangler.js');

export type Bundle = { readonly folder: string; readonly main: string; readonly config: string };

/** Bundles a Worker exactly as a deployment would; nothing is deployed. */
export function makeBundle(config: string, folder: string, entry?: string): Bundle {
  const result = spawnSync(
    process.execPath,
    [
      WRANGLER,
      'deploy',
      ...(entry === undefined ? [] : [entry]),
      '--dry-run',
      `--config=${config}`,
      `--outdir=${folder}`,
    ],
    {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false', NODE_ENV: 'production' },
    },
  );
  if (result.status !== 0) throw new Error(`no bundle:\n${result.stdout}\n${result.stderr}`);
  return { folder, main: join(folder, 'index.js'), config };
}
