import { writeFileSync } from 'node:fs';

import { makeStoredShard } from '../test/simulation/upgrade/stored-shard.ts';

/** Writes what a shard stores today. A released fixture stays as it is: give a new one its own version. */
const [version = '1'] = process.argv.slice(2);
const path = new URL(`../test/fixtures/storage/shard-v${version}.json`, import.meta.url);
writeFileSync(path, `${JSON.stringify(await makeStoredShard(), null, 1)}\n`);
process.stdout.write(`${path.pathname}\n`);
