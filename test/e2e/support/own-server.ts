import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeExit } from '../../../scripts/lib/cleanup.ts';
import { freePort, startServer, type Server } from '../../../scripts/lib/server.ts';
import { newRootKey, type Settings } from '../../../scripts/lib/settings.ts';
import { startSimulator, type Simulator } from '../../support/simulator/simulator.ts';
import type { Place } from './api.ts';
import { settingsFor } from './settings.ts';

/** A server for tests that block it, kill it or read what it logs. Its state and its port outlive a crash. */
export type OwnServer = Place & {
  readonly simulator: Simulator;
  /** The folder of everything that it stores, and of the settings that it was started with. */
  readonly statePath: string;
  /** Every line it has put out so far, over all its lives. */
  readonly lines: readonly string[];
  /** `kill -9` for the server and all its processes, at once. */
  crash(): void;
  /** Starts it again on the same state and port. */
  restart(): Promise<void>;
  /** Ends it and removes its state. */
  close(): Promise<void>;
};

export type OwnServerOptions = {
  /** The path of a Worker's configuration. */
  readonly config?: string;
  /** Where it listens; any free port unless given. */
  readonly port?: number;
  /** How many calls the provider's journal remembers. */
  readonly journalLimit?: number;
};

/** With the production bundle, unless another configuration is given. */
export async function startOwnServer(
  more: Settings = {},
  { config, port, journalLimit }: OwnServerOptions = {},
): Promise<OwnServer> {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-e2e-own-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  beforeExit(removeFolder);
  const simulator = await startSimulator({
    keepBodies: true,
    ...(journalLimit === undefined ? {} : { journalLimit }),
  });
  const rootKey = newRootKey();
  const lines: string[] = [];
  const options = {
    port: port ?? (await freePort()),
    persistTo: join(folder, 'state'),
    settings: { ...settingsFor(rootKey, simulator.url), ...more },
    onLine: (line: string) => lines.push(line),
    ...(config === undefined ? {} : { config }),
  };
  let server: Server = await startServer(options);
  return {
    url: server.url,
    rootKey,
    simulator,
    statePath: options.persistTo,
    lines,
    crash: () => server.kill(),
    async restart() {
      server = await startServer({ ...options, migrated: true });
    },
    async close() {
      await server.stop();
      await simulator.close();
      removeFolder();
    },
  };
}
