import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort, ROOT } from '../../scripts/lib/server.ts';
import { send } from './http.ts';

/** The simulator answers these at once, after 50 ms, and after one and three seconds, as real models do. */
export const MODELS = {
  0: 'gpt-5.4-mini',
  50: 'gpt-5.4-nano',
  1000: 'gpt-5.4-pro',
  3000: 'gpt-5.4',
} as const;
export type ModelLatencyMs = keyof typeof MODELS;

export type SimulatorProcess = { readonly url: string; stop(): void };

/** The provider simulator in a process of its own. */
export async function startSimulatorProcess(): Promise<SimulatorProcess> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [join(ROOT, 'scripts', 'simulator.ts'), `--port=${port}`, '--journal-limit=1'],
    { cwd: ROOT, stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}`;
  await untilUp(url);
  await send('POST', `${url}/__simulator/rules`, [
    { match: { model: MODELS[50] }, fault: { latency_ms: 50 } },
    { match: { model: MODELS[1000] }, fault: { latency_ms: 1_000 } },
    { match: { model: MODELS[3000] }, fault: { latency_ms: 3_000 } },
  ]);
  return { url: `${url}/v1`, stop: () => void child.kill('SIGTERM') };
}

async function untilUp(url: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await send('GET', `${url}/__simulator/stats`);
      return;
    } catch (error) {
      if (tries > 100) throw error;
      await sleep(50);
    }
  }
}
