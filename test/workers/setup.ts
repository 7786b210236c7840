import { applyD1Migrations } from 'cloudflare:test';
import { env } from 'cloudflare:workers';

import { migrations } from './support/bindings.ts';

await applyD1Migrations(env.DB, migrations());
