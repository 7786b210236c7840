import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { beforeExit } from './cleanup.ts';
import type { Settings } from './settings.ts';

/** The repository, whatever folder a script is started from. */
export const ROOT = join(import.meta.dirname, '..', '..');
const WRANGLER = join(ROOT, 'node_modules', 'wrangler', 'bin', 'wrangler.js');
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;
const OUTPUT_KEPT = 200;

export type Server = {
  readonly url: string;
  readonly pid: number;
  /** Resolves with a reason when the server ends without being asked. */
  readonly ended: Promise<string>;
  /** Ends the server and everything it started. */
  stop(): Promise<void>;
  /** Ends everything at once, as a crash would. */
  kill(): void;
};

export type ServerOptions = {
  readonly port: number;
  /** The folder of the local state; it survives restarts. */
  readonly persistTo: string;
  readonly settings: Settings;
  readonly onLine?: (line: string) => void;
};

const QUIET_ENVIRONMENT = {
  CI: '1',
  NO_COLOR: '1',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  X_LOCAL_OBSERVABILITY: 'false',
  X_LOCAL_EXPLORER: 'false',
};

/**
 * Starts the Worker in the local runtime and waits until it answers. It runs in a process group of its own,
 * because the runtime starts processes that outlive their parent.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { port, persistTo, onLine } = options;
  mkdirSync(persistTo, { recursive: true });
  applyMigrations(persistTo);
  const child = spawn(process.execPath, [WRANGLER, ...serverArguments(options)], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...QUIET_ENVIRONMENT },
  });
  const output = keepOutput(child, onLine);
  const url = `http://127.0.0.1:${port}`;
  const server = serverOf(child, url, output);
  await Promise.race([
    untilReady(url),
    server.ended.then((reason) => {
      throw new Error(reason);
    }),
  ]).catch((error: unknown) => {
    server.kill();
    throw error;
  });
  return server;
}

function serverArguments({ port, persistTo, settings }: ServerOptions): string[] {
  // Secrets go through a private file, never through the command line, which other users can read.
  const envFile = join(persistTo, 'settings.env');
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  writeFileSync(envFile, `${lines.join('\n')}\n`, { mode: 0o600 });
  return [
    'dev',
    '--ip=127.0.0.1',
    `--port=${port}`,
    `--persist-to=${persistTo}`,
    `--env-file=${envFile}`,
    '--show-interactive-dev-session=false',
  ];
}

/** Brings the local database to the newest version. */
function applyMigrations(persistTo: string): void {
  const result = spawnSync(
    process.execPath,
    [WRANGLER, 'd1', 'migrations', 'apply', 'DB', '--local', '--persist-to', persistTo],
    { cwd: ROOT, encoding: 'utf8', env: { ...process.env, ...QUIET_ENVIRONMENT } },
  );
  if (result.status === 0) return;
  throw new Error(`the database migrations failed:\n${result.stdout}\n${result.stderr}`);
}

function keepOutput(child: ChildProcess, onLine?: (line: string) => void): string[] {
  const kept: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        kept.push(line);
        if (kept.length > OUTPUT_KEPT) kept.shift();
        onLine?.(line);
      }
    });
  }
  return kept;
}

function serverOf(child: ChildProcess, url: string, output: readonly string[]): Server {
  const { pid } = child;
  if (pid === undefined) throw new Error('the server could not be started');
  let asked = false;
  const forget = beforeExit(() => signalGroup(pid, 'SIGKILL'));
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      if (asked) return;
      resolve(
        `the server ended by itself (${signal ?? `exit ${code}`}):\n${output.slice(-30).join('\n')}`,
      );
    });
  });
  const kill = (): void => {
    asked = true;
    signalGroup(pid, 'SIGKILL');
  };
  return {
    url,
    pid,
    ended,
    kill,
    async stop() {
      asked = true;
      signalGroup(pid, 'SIGTERM');
      await Promise.race([exited, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
      // The runtime's own processes may outlive their parent by a moment, or for ever.
      signalGroup(pid, 'SIGKILL');
      forget();
    },
  };
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The whole group is gone already.
  }
}

async function untilReady(url: string): Promise<void> {
  const giveUpAtMs = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < giveUpAtMs) {
    try {
      const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2_000) });
      if (answer.ok) return;
    } catch {
      // Not listening yet.
    }
    await sleep(50);
  }
  throw new Error(`the server did not answer at ${url} within ${READY_TIMEOUT_MS / 1_000} s`);
}

/** A port that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
