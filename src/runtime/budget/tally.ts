import type { NanoUsd } from '../../domain/money.ts';

export type Sums = {
  readonly reserved: NanoUsd;
  readonly assumed: NanoUsd;
  readonly paid: NanoUsd;
  /** Attempts whose cost is assumed. */
  readonly unknown: number;
};

const NOTHING: Sums = { reserved: 0, assumed: 0, paid: 0, unknown: 0 };

/** Sums by budget and beginning of its period. */
export class Tally {
  readonly #sums = new Map<string, Sums>();

  of(budget: string, startMs: number): Sums {
    return this.#sums.get(keyOf(budget, startMs)) ?? NOTHING;
  }

  add(budget: string, startMs: number, by: Sums, sign: 1 | -1): void {
    const sums = this.of(budget, startMs);
    this.#sums.set(keyOf(budget, startMs), {
      reserved: sums.reserved + sign * by.reserved,
      assumed: sums.assumed + sign * by.assumed,
      paid: sums.paid + sign * by.paid,
      unknown: sums.unknown + sign * by.unknown,
    });
  }

  forget(budget: string): void {
    for (const key of this.#sums.keys()) {
      if (key.startsWith(`${budget}@`)) this.#sums.delete(key);
    }
  }
}

function keyOf(budget: string, startMs: number): string {
  return `${budget}@${startMs}`;
}
