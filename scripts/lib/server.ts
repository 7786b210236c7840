import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { beforeExit } from './cleanup.ts';
import type { Settings } from './settings.ts';

/** The repository, whatever folder a script is started from. */
export const ROOT = join(import.meta.dirname, '..', '..');
const CONFIG = join(ROOT, 'wrangler.toml');
const WRANGLER = join(ROOT, 'node_modules', 'wrangler', 'bin', 'wrangler.js');
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;
const PORT_TIMEOUT_MS = 2_000;
/** How long a server gets to clean up after itself when this process is in a hurry to end. */
const HURRIED_STOP_MS = 250;
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
  /** The Worker's configuration; the repository's own unless given. */
  readonly config?: string;
  /** True for state whose database is known to be at the newest version. */
  readonly migrated?: boolean;
  readonly onLine?: (line: string) => void;
};

/** Quiet, without a call to the network, and with the bundle that a deployment gets. */
const ENVIRONMENT = {
  CI: '1',
  NODE_ENV: 'production',
  NO_COLOR: '1',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  X_LOCAL_OBSERVABILITY: 'false',
  X_LOCAL_EXPLORER: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
};

/**
 * Starts the Worker in the local runtime and waits until it answers. It runs in a process group of its own,
 * because the runtime starts processes that outlive their parent.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { port, persistTo, onLine, config = CONFIG } = options;
  await untilFree(port);
  mkdirSync(persistTo, { recursive: true });
  const environment = { ...process.env, ...ENVIRONMENT, TMPDIR: temporaryFolder() };
  if (options.migrated !== true) applyMigrations(config, persistTo, environment);
  const child = spawn(process.execPath, [WRANGLER, ...serverArguments(options)], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
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

/** A folder for what the tool leaves behind when it is killed; it goes when this process does. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-server-'));
  beforeExit(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

function serverArguments(options: ServerOptions): string[] {
  const { port, persistTo, settings, config = CONFIG } = options;
  // Secrets go through a private file, never through the command line, which other users can read.
  const envFile = join(persistTo, 'settings.env');
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${envValue(value)}`);
  writeFileSync(envFile, `${lines.join('\n')}\n`, { mode: 0o600 });
  return [
    'dev',
    `--config=${config}`,
    '--ip=127.0.0.1',
    `--port=${port}`,
    `--persist-to=${persistTo}`,
    `--env-file=${envFile}`,
    '--show-interactive-dev-session=false',
  ];
}

/** A value as the local tools read it back: in quotes that it does not have, and with no dollar that names a variable. */
function envValue(value: string): string {
  const quote = ["'", '`', '"'].find((mark) => !value.includes(mark));
  if (quote === undefined) throw new Error('a setting may not have all three kinds of quotes');
  return `${quote}${value.replaceAll('$', String.raw`\$`)}${quote}`;
}

/** Brings the local database to the newest version. */
function applyMigrations(config: string, persistTo: string, environment: NodeJS.ProcessEnv): void {
  const command = ['d1', 'migrations', 'apply', 'DB', '--local'];
  const result = spawnSync(
    process.execPath,
    [WRANGLER, ...command, `--config=${config}`, `--persist-to=${persistTo}`],
    { cwd: ROOT, encoding: 'utf8', env: environment },
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
  const forget = beforeExit(() => {
    signalGroup(pid, 'SIGTERM');
    pauseAll(HURRIED_STOP_MS);
    signalGroup(pid, 'SIGKILL');
  });
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

/** Stops this thread for a while: what runs before an exit cannot wait in any other way. */
function pauseAll(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
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
export async function freePort(): Promise<number> {
  const port = await listenFor(0);
  if (port === null) throw new Error('this machine has no free port');
  return port;
}

/** Waits a moment for the port, because a server that was just stopped may not have let go of it yet. */
async function untilFree(port: number): Promise<void> {
  const giveUpAtMs = Date.now() + PORT_TIMEOUT_MS;
  while ((await listenFor(port)) === null) {
    if (Date.now() >= giveUpAtMs) {
      throw new Error(`port ${port} is in use: stop what listens there, or choose another one`);
    }
    await sleep(50);
  }
}

/** Listens on a port for a moment (on any free one for 0) and gives it; null when somebody else does. */
function listenFor(port: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address();
      const taken = typeof address === 'object' && address !== null ? address.port : null;
      probe.close(() => resolve(taken));
    });
  });
}
