import type { Scripted } from './types.ts';

/** Work that goes on after its submit was answered. It moves on when it is asked for, never with the clock. */
export type Work = {
  readonly id: string;
  readonly model: string;
  readonly createdAtMs: number;
  readonly scripted: Scripted;
  /** So many questions are still answered with "not yet". */
  pollsLeft: number;
  /** Has nobody asked yet? */
  isNew: boolean;
  isCancelled: boolean;
};

export type Works<Kind extends Work> = {
  add(work: Kind): void;
  get(id: string): Kind | null;
  /** The oldest first. */
  all(): readonly Kind[];
  clear(): void;
};

const pollsUsual = 2;
const worksMax = 10_000;

/** Keeps the last works; older ones are forgotten, as by a real provider. */
export function createWorks<Kind extends Work>(): Works<Kind> {
  const works = new Map<string, Kind>();
  return {
    add(work) {
      works.set(work.id, work);
      const [oldest] = works.keys();
      if (works.size > worksMax && oldest !== undefined) works.delete(oldest);
    },
    get: (id) => works.get(id) ?? null,
    all: () => [...works.values()],
    clear: () => works.clear(),
  };
}

export function newWork(id: string, model: string, scripted: Scripted, nowMs: number): Work {
  const pollsLeft = scripted.reply?.polls ?? pollsUsual;
  return { id, model, createdAtMs: nowMs, scripted, pollsLeft, isNew: true, isCancelled: false };
}

/** One question: what is true now, and a step forward. */
export function progressOf(work: Work): 'queued' | 'in_progress' | 'ended' | 'cancelled' {
  if (work.isCancelled) return 'cancelled';
  if (work.pollsLeft === 0) return 'ended';
  const progress = work.isNew ? 'queued' : 'in_progress';
  work.isNew = false;
  work.pollsLeft -= 1;
  return progress;
}
