import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

import { ROOT } from '../../../scripts/lib/server.ts';
import { watchFamily } from './processes.ts';
import { until } from './until.ts';

export type Command = {
  /** All that it has put out so far. */
  output(): string;
  /** Waits until it has put out something like this. */
  says(words: RegExp): Promise<RegExpMatchArray>;
  /** What Ctrl-C does: a signal to the command and everything in its process group. */
  interrupt(): void;
  /** Kills what runs below it in process groups of its own: the server, with all that belongs to it. */
  crashServer(): void;
  /** Waits for its end: the exit code, or the signal that ended it. */
  ended(): Promise<number | NodeJS.Signals>;
  /** Waits until nothing is left of it: no process, and no file in the folder for temporary ones. */
  leavesNothing(): Promise<void>;
};

export type CommandOptions = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
};

/** Runs a command as a user at a terminal does. */
export function runCommand(
  [program = '', ...args]: readonly string[],
  { cwd = ROOT, env = {} }: CommandOptions = {},
): Command {
  const temporary = mkdtempSync(join(tmpdir(), 'penstock-e2e-command-'));
  const child = spawn(program, args, {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...userEnvironment(), TMPDIR: temporary, ...env },
  });
  const pid = child.pid ?? 0;
  const family = watchFamily(pid);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  let end: number | NodeJS.Signals | null = null;
  child.once('exit', (code, signal) => {
    end = code ?? signal;
  });
  onTestFinished(() => {
    family.stop();
    for (const survivor of family.survivors()) kill(survivor.pid);
    rmSync(temporary, { recursive: true, force: true });
  });
  return {
    output: () => output,
    says: (words) =>
      until(`${args.join(' ')} to say ${words}`, () => {
        const match = words.exec(output);
        if (match === null && end !== null) throw new Error(`it ended with ${end}:\n${output}`);
        return match;
      }),
    interrupt: () => process.kill(-pid, 'SIGINT'),
    crashServer() {
      for (const one of family.survivors()) if (one.group !== pid) kill(one.pid);
    },
    ended: () => until(`${args.join(' ')} to end`, () => end),
    leavesNothing: async () => {
      await until('no process to be left', () => family.survivors().length === 0, 10_000);
      await until('no file to be left', () => filesIn(temporary).length === 0, 10_000);
    },
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Caches that node and its tools share between runs are not what a command leaves behind. */
function filesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => !name.startsWith('node-compile-cache'));
}

/** The environment without what the test runner has put into it. */
function userEnvironment(): NodeJS.ProcessEnv {
  const own = /^(VITEST|NODE_ENV$|NODE_OPTIONS$|TEST$|DEV$|PROD$|MODE$|SSR$|BASE_URL$|npm_)/;
  const settings = /^(ROOT_API_KEY|LOG_LEVEL|JOB_SHARDS|[A-Z]+_(API_KEY|BASE_URL)$)/;
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !own.test(name) && !settings.test(name)),
  );
}
