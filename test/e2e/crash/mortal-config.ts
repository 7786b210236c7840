import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parse } from 'smol-toml';

import { beforeExit } from '../../../scripts/lib/cleanup.ts';
import { ROOT } from '../../../scripts/lib/server.ts';

/** The answer of a provider that kills the invocation that gets it, in the Worker of this configuration. */
export const DEADLY_STATUS = 418;

/** The repository's configuration with an entry that lets a single runner die. */
export function mortalConfig(): string {
  return configWith('mortal-runner', ['experimental', 'nodejs_als']);
}

/** The repository's configuration with an entry of the tests' own: a folder below `test/workers`. */
export function configWith(entry: string, moreFlags: readonly string[] = []): string {
  const folder = mkdtempSync(join(tmpdir(), `penstock-e2e-${entry}-`));
  beforeExit(() => rmSync(folder, { recursive: true, force: true }));
  const { compatibility_flags: flags, d1_databases: databases, ...rest } = readConfig();
  const config = {
    ...rest,
    main: join(ROOT, 'test', 'workers', entry, 'index.ts'),
    compatibility_flags: [...flags, ...moreFlags],
    d1_databases: databases.map((each) => ({ ...each, migrations_dir: join(ROOT, 'migrations') })),
  };
  const file = join(folder, 'wrangler.json');
  writeFileSync(file, JSON.stringify(config));
  return file;
}

type Config = {
  readonly compatibility_flags: readonly string[];
  readonly d1_databases: readonly object[];
};

function readConfig(): Config {
  return parse(readFileSync(join(ROOT, 'wrangler.toml'), 'utf8')) as unknown as Config;
}
