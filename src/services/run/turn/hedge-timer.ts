import type { WorkItem } from '../../ports/job-shard/work-item.ts';
import type { Machine } from '../../ports/runtime.ts';
import type { StopSignal } from '../../stop.ts';

/** The moments at which a turn asks its shard for second attempts beside those of its own that take long. */
export type HedgeTimer = {
  /** An attempt has been handed out. */
  note(work: Pick<WorkItem, 'key' | 'hedgeInMs'>): void;
  /** An attempt has ended. */
  drop(attemptKey: string): void;
  /** Resolves when the next moment has come, or the signal aborts; null when there is none. */
  next(signal: StopSignal): Promise<void> | null;
  /**
   * True when a moment has come since this was last asked. Each is told once: should the shard not give the attempt
   * out, it calls somebody by itself.
   */
  takeDue(): boolean;
};

/** A timer may fire a moment early, and the shard would have nothing to give yet. */
const AFTER_MS = 2;

export function makeHedgeTimer(machine: Pick<Machine, 'nowMs' | 'wait'>): HedgeTimer {
  const dueAtMs = new Map<string, number>();
  return {
    note({ key, hedgeInMs }) {
      if (hedgeInMs !== undefined) dueAtMs.set(key, machine.nowMs() + hedgeInMs + AFTER_MS);
    },
    drop: (key) => void dueAtMs.delete(key),
    next(signal) {
      if (dueAtMs.size === 0) return null;
      const firstMs = Math.min(...dueAtMs.values());
      return machine.wait(Math.max(0, firstMs - machine.nowMs()), signal);
    },
    takeDue() {
      const due = [...dueAtMs].filter(([, atMs]) => atMs <= machine.nowMs());
      for (const [key] of due) dueAtMs.delete(key);
      return due.length > 0;
    },
  };
}
