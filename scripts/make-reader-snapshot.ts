import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Bundles what this release does with a shard's storage, so that the releases after it can prove that it still reads
 * what they write. Run it from the tree of a release; a snapshot is never edited. Packages stay outside: they are
 * taken from the tree that runs the test. esbuild is the one that wrangler brings.
 */
const [version = '1'] = process.argv.slice(2);
const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const { status } = spawnSync(
  at('node_modules/.bin/esbuild'),
  [
    at('test/simulation/upgrade/reader.ts'),
    '--bundle',
    '--format=esm',
    '--platform=node',
    '--packages=external',
    '--minify',
    '--line-limit=200',
    '--charset=utf8',
    `--banner:js=/* Made by scripts/make-reader-snapshot.ts from the tree of release ${version}. Never edited. */`,
    `--outfile=${at(`test/fixtures/storage/reader-v${version}.mjs`)}`,
  ],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
