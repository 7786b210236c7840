import { array, assert, constant, double, integer, nat, oneof, property, record } from 'fast-check';
import { expect, test } from 'vitest';

import type { BudgetTerms } from '../../../src/domain/budget.ts';
import { LedgerWorld, termsOf } from '../../support/ledger-world.ts';

/** Attempts are few, so that orders meet each other again and again. */
const attempt = nat(40);
const happening = oneof(
  { weight: 5, arbitrary: record({ kind: constant('reserve' as const), attempt }) },
  {
    weight: 5,
    arbitrary: record({
      kind: constant('settle' as const),
      attempt,
      /** Of the estimate; unknown above 1. */
      share: double({ min: 0, max: 1.3, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: record({ kind: constant('restart' as const) }) },
  {
    weight: 2,
    arbitrary: record({
      kind: constant('pass' as const),
      ms: integer({ min: 1, max: 100_000 }),
    }),
  },
  { weight: 1, arbitrary: record({ kind: constant('disk full' as const), attempt }) },
);

type Happening =
  | { readonly kind: 'reserve' | 'disk full'; readonly attempt: number }
  | { readonly kind: 'settle'; readonly attempt: number; readonly share: number }
  | { readonly kind: 'restart' }
  | { readonly kind: 'pass'; readonly ms: number };

const TOTAL = termsOf({ period: 'total', limitNanoUsd: 1_000 });
const OTHER = termsOf({ id: 'bud_b', period: 'total', limitNanoUsd: 600, onExceed: 'queue' });
const RESERVED_MS = 60_000;
const GRACE_MS = 5_000;
/** A runner's life: nobody repeats an order about a call that ended longer ago. */
const REPEATED_MS = 14 * 60_000;

function estimateOf(number: number): number {
  return 20 + ((number * 37) % 130);
}

function termsFor(number: number): readonly BudgetTerms[] {
  return number % 3 === 0 ? [TOTAL, OTHER] : [TOTAL];
}

type Known = {
  readonly state: 'reserved' | 'assumed' | 'paid';
  readonly cost: number;
  readonly untilMs: number;
  /** When it was paid. */
  readonly paidAtMs?: number;
};

/** A ledger beside the plainest account of what it was told. */
class Accounts {
  readonly world = new LedgerWorld();
  readonly #known = new Map<number, Known>();

  apply(each: Happening): void {
    switch (each.kind) {
      case 'restart':
        this.world.restart();
        break;
      case 'pass':
        this.world.pass(each.ms);
        break;
      case 'reserve':
        this.#reserve(each.attempt);
        break;
      case 'settle':
        this.#settle(each.attempt, each.share);
        break;
      case 'disk full':
        this.#failToSettle(each.attempt);
        break;
    }
    for (const [number, known] of this.#known) {
      const expired = known.state === 'reserved' && this.world.nowMs >= known.untilMs;
      if (expired) this.#known.set(number, { ...known, state: 'assumed' });
    }
  }

  #isLongOver(number: number): boolean {
    const { paidAtMs } = this.#known.get(number) ?? {};
    return paidAtMs !== undefined && this.world.nowMs - paidAtMs > REPEATED_MS;
  }

  #reserve(number: number): void {
    if (this.#isLongOver(number)) return;
    const cost = estimateOf(number);
    const verdict = this.world.reserve(termsFor(number), `a#${number}`, cost, RESERVED_MS);
    if (verdict.kind === 'refused' || this.#known.has(number)) return;
    const untilMs = this.world.nowMs + RESERVED_MS + GRACE_MS;
    this.#known.set(number, { state: 'reserved', cost, untilMs });
  }

  #settle(number: number, share: number): void {
    const known = this.#known.get(number);
    // Calls are made only with room.
    if (known === undefined || this.#isLongOver(number)) return;
    const cost = share > 1 ? null : Math.floor(share * estimateOf(number));
    this.world.settle(termsFor(number), `a#${number}`, cost, estimateOf(number));
    if (known.state === 'paid') return;
    const now =
      cost === null
        ? ({ state: 'assumed' } as const)
        : ({ state: 'paid', cost, paidAtMs: this.world.nowMs } as const);
    this.#known.set(number, { ...known, ...now });
  }

  /** What cannot be written down has not happened. */
  #failToSettle(number: number): void {
    this.world.db.beforeExec = (query) => {
      if (query.includes('INTO pages')) throw new Error('full');
    };
    try {
      this.world.settle(termsFor(number), `a#${number}`, 1, 1);
    } catch {
      // Nobody was told anything.
    }
    this.world.db.beforeExec = () => {};
  }

  /** What the ledger says and what it should say. */
  compare(terms: BudgetTerms) {
    const { paid, assumed, reserved } = this.world.sums(terms);
    const expected = { reserved: 0, assumed: 0, paid: 0 };
    for (const [number, { state, cost }] of this.#known) {
      if (termsFor(number).includes(terms)) expected[state] += cost;
    }
    return { said: { reserved, assumed, paid }, expected };
  }
}

test('spent and reserved never exceed a hard cap, nothing leaks, and repetitions change nothing', () => {
  assert(
    property(array(happening, { maxLength: 150, size: 'max' }), (happenings) => {
      const accounts = new Accounts();
      for (const each of happenings) {
        accounts.apply(each);
        for (const terms of [TOTAL, OTHER]) {
          const { said, expected } = accounts.compare(terms);
          expect(said).toEqual(expected);
          expect(said.paid + said.assumed + said.reserved).toBeLessThanOrEqual(terms.limitNanoUsd);
        }
      }
      const { world } = accounts;
      world.pass(3 * 86_400_000);
      expect(world.sums(TOTAL).reserved).toBe(0);
      expect(world.db.count('pages')).toBe(0);
    }),
    { numRuns: 300 },
  );
});
