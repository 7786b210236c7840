import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

import { beforeExit } from '../../../scripts/lib/cleanup.ts';
import { freePort, startServer } from '../../../scripts/lib/server.ts';
import { newRootKey } from '../../../scripts/lib/settings.ts';
import { startSimulator } from '../../support/simulator/simulator.ts';
import { settingsFor } from './settings.ts';

/** The server and the provider that the tests share which neither stop nor block them. */
export type Shared = {
  readonly url: string;
  readonly rootKey: string;
  readonly simulatorUrl: string;
  /** Every line that the server has put out so far. */
  readonly logFile: string;
};

declare module 'vitest' {
  interface ProvidedContext {
    readonly shared: Shared;
  }
}

export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-e2e-'));
  beforeExit(() => rmSync(folder, { recursive: true, force: true }));
  const logFile = join(folder, 'server.log');
  const rootKey = newRootKey();
  const simulator = await startSimulator({ keepBodies: true });
  const server = await startServer({
    port: await freePort(),
    persistTo: join(folder, 'state'),
    settings: settingsFor(rootKey, simulator.url),
    onLine: (line) => appendFileSync(logFile, `${line}\n`),
  });
  provide('shared', { url: server.url, rootKey, simulatorUrl: simulator.url, logFile });
  return async () => {
    await server.stop();
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  };
}
