import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

import { mutations, type Mutation } from './mutations.ts';

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Lives that a mutated source must not survive. */
const LIVES = 2_000;

type Run = { readonly code: number | null; readonly said: string };

function runMutated(mutation: Mutation): Promise<Run> {
  const args = ['--import', pathOf('./hook.mjs'), pathOf('../run.ts'), '1', String(LIVES)];
  const env = { ...process.env, NODE_OPTIONS: '', PENSTOCK_MUTATION: JSON.stringify(mutation) };
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.on('exit', (code) => resolve({ code, said: said.slice(0, 600) }));
  });
}

test.each(mutations)(
  'the simulation notices that $name',
  async (mutation) => {
    const { code, said } = await runMutated(mutation);
    expect(said).toMatch(/^seed \d+: /);
    expect(code).toBe(1);
  },
  120_000,
);
