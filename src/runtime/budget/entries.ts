import type { NanoUsd } from '../../domain/money.ts';
import type { Tally } from './tally.ts';

/**
 * What is known of one attempt. STORED CONTRACT: entries lie as JSON in the pages of a ledger, so fields are added as
 * optional, and their names are short.
 */
export type Entry = {
  /** Names the attempt in its project. */
  readonly k: string;
  /** Reserved; assumed to cost its estimate, because nobody knows; or paid. */
  readonly s: 'r' | 'a' | 'p';
  /** What it may cost at most; 0 where nobody knows. */
  readonly e: NanoUsd;
  /** What it cost, once that is paid. */
  readonly c: NanoUsd;
  /** When it was reserved. */
  readonly at: number;
  /** Until when it is expected to report. */
  readonly until: number;
  /** The budgets that count it, each with the beginning of the period that it counts in. */
  readonly b: readonly (readonly [budget: string, startMs: number])[];
};

/** Adds what an entry says to the sums of its budgets, or takes it away again. */
export function count(tally: Tally, entry: Entry, sign: 1 | -1): void {
  for (const [budget, startMs] of entry.b) tally.add(budget, startMs, sumsOf(entry), sign);
}

function sumsOf({ s, e, c }: Entry) {
  switch (s) {
    case 'r':
      return { reserved: e, assumed: 0, paid: 0, unknown: 0 };
    case 'a':
      return { reserved: 0, assumed: e, paid: 0, unknown: 1 };
    case 'p':
      return { reserved: 0, assumed: 0, paid: c, unknown: 0 };
  }
}

/** What comes of an entry when its attempt's cost is told; the entry itself when that changes nothing. */
export function settled(entry: Entry, costNanoUsd: NanoUsd | null): Entry {
  if (entry.s === 'p') return entry;
  if (costNanoUsd !== null) return { ...entry, s: 'p', c: costNanoUsd };
  return entry.s === 'a' ? entry : { ...entry, s: 'a' };
}
