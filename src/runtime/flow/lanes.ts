import type { JobId } from '../../domain/ids.ts';
import type { Running, Waiting } from './tables.ts';

/**
 * Who runs and who waits, in memory: a copy of the tables by which the next job is found without reading them.
 * Waiting jobs stand in lanes, one for each key and priority, in the order of asking.
 */
export class Lanes {
  readonly running = new Map<JobId, Running>();
  readonly waiting = new Map<JobId, Waiting>();
  readonly #lanes = new Map<string, Map<JobId, Waiting>>();
  readonly #perKey = new Map<string | null, number>();
  /** The key that was served last. */
  lastKey: string | null = null;
  #place = 0;

  constructor(running: readonly Running[], waiting: readonly Waiting[]) {
    for (const slot of running) this.start(slot);
    for (const ask of waiting) this.wait(ask);
  }

  /** The place behind all that wait. */
  nextPlace(): number {
    return this.#place + 1;
  }

  start(slot: Running): void {
    this.running.set(slot.jobId, slot);
    this.#perKey.set(slot.key, (this.#perKey.get(slot.key) ?? 0) + 1);
    this.lastKey = slot.key;
  }

  end(jobId: JobId): void {
    const slot = this.running.get(jobId);
    if (slot === undefined) return;
    this.running.delete(jobId);
    const left = (this.#perKey.get(slot.key) ?? 1) - 1;
    if (left > 0) this.#perKey.set(slot.key, left);
    else this.#perKey.delete(slot.key);
  }

  wait(ask: Waiting): void {
    const name = laneOf(ask);
    const lane = this.#lanes.get(name) ?? new Map<JobId, Waiting>();
    lane.set(ask.jobId, ask);
    this.#lanes.set(name, lane);
    this.waiting.set(ask.jobId, ask);
    this.#place = Math.max(this.#place, ask.place);
  }

  leave(jobId: JobId): void {
    const ask = this.waiting.get(jobId);
    if (ask === undefined) return;
    this.waiting.delete(jobId);
    const lane = this.#lanes.get(laneOf(ask));
    lane?.delete(jobId);
    if (lane?.size === 0) this.#lanes.delete(laneOf(ask));
  }

  /** The first job of each lane, where its limits have room. */
  *candidates(): Generator<Waiting> {
    for (const lane of this.#lanes.values()) {
      const [first] = lane.values();
      if (first !== undefined && this.#hasRoom(first)) yield first;
    }
  }

  #hasRoom({ key, keyLimit, projectLimit }: Waiting): boolean {
    const underKey = this.#perKey.get(key) ?? 0;
    const keyHasRoom = keyLimit === null || underKey < keyLimit;
    return keyHasRoom && (projectLimit === null || this.running.size < projectLimit);
  }
}

/** Priorities have no line break in them, so no two lanes share a name. */
function laneOf({ key, priority }: Waiting): string {
  return `${priority}\n${key === null ? '' : `=${key}`}`;
}
