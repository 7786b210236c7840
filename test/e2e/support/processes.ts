import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A process, with the moment of its start, because numbers are given again. */
type Process = {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly since: string;
};

/** Every living process of this machine: from /proc where there is one, which needs no other program. */
function living(): Process[] {
  return process.platform === 'linux' ? fromProc() : fromPs();
}

function fromProc(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const stat = readStat(pid);
      // The name in brackets may hold anything; what follows it is plain.
      const [state, parent, group, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z' || group === undefined) return [];
      const since = rest[16] ?? '';
      return [{ pid: Number(pid), parent: Number(parent), group: Number(group), since }];
    });
}

function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // It has ended since the folder was read.
    return '';
  }
}

function fromPs(): Process[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,pgid=,lstart='], {
    encoding: 'utf8',
  });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, group, since] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    if (since === undefined) return [];
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group), since }];
  });
}

export type Family = {
  /** Those of the family that are still alive. */
  survivors(): readonly Process[];
  stop(): void;
};

const LOOK_EVERY_MS = 100;

/** Watches a process and all that descend from it, also those that outlive their parents. */
export function watchFamily(root: number): Family {
  const met = new Map<string, Process>();
  const look = (): void => {
    const all = living();
    const pids = new Set([root, ...[...met.values()].map(({ pid }) => pid)]);
    for (const one of all) if (one.pid === root) met.set(nameOf(one), one);
    // Children are found after their parents, however they are listed.
    for (let grown = true; grown;) {
      const fresh = all.filter((one) => pids.has(one.parent) && !met.has(nameOf(one)));
      for (const one of fresh) {
        met.set(nameOf(one), one);
        pids.add(one.pid);
      }
      grown = fresh.length > 0;
    }
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    survivors() {
      const alive = new Set(living().map(nameOf));
      return [...met].filter(([name]) => alive.has(name)).map(([, one]) => one);
    },
    stop: () => clearInterval(timer),
  };
}

function nameOf({ pid, since }: Process): string {
  return `${pid} since ${since}`;
}
