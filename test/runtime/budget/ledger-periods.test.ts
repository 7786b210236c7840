import {
  array,
  assert,
  constant,
  constantFrom,
  integer,
  nat,
  oneof,
  property,
  record,
  type Arbitrary,
} from 'fast-check';
import { expect, test } from 'vitest';

import type { BudgetPeriodKind, BudgetTerms } from '../../../src/domain/budget.ts';
import { Ledger } from '../../../src/runtime/budget/ledger.ts';
import { text } from '../../../src/runtime/job-shard/sql.ts';
import { LedgerWorld, termsOf } from '../../support/ledger-world.ts';

const STARTS = ['2028-02-27T20:00:00Z', '2027-02-26T20:00:00Z', '2026-12-30T20:00:00Z'];
const BUDGETS = [
  termsOf({ id: 'bud_day', period: 'day', limitNanoUsd: 700 }),
  termsOf({ id: 'bud_month', period: 'month', limitNanoUsd: 2_000, onExceed: 'queue' }),
  termsOf({ id: 'bud_total', period: 'total', limitNanoUsd: 5_000, onExceed: 'cheaper' }),
  termsOf({ id: 'bud_soft', period: 'month', limitNanoUsd: 100, isHard: false, warnAt: [0.5, 1] }),
];
const RESERVED_MS = 6 * 3_600_000;
const GRACE_MS = 5_000;
/** Nobody tells anything of an attempt that was paid, or given up, longer ago. */
const REPEATED_MS = { reserved: Infinity, paid: 14 * 60_000, assumed: 23 * 3_600_000 };

const attempt = nat(30);
const budget = nat(BUDGETS.length - 1);
const happening = oneof(
  { weight: 6, arbitrary: record({ kind: constant('reserve' as const), attempt }) },
  {
    weight: 6,
    // Of the estimate; unknown above a hundred.
    arbitrary: record({ kind: constant('settle' as const), attempt, percent: nat(120) }),
  },
  { weight: 2, arbitrary: record({ kind: constant('adopt' as const), attempt }) },
  {
    weight: 1,
    arbitrary: record({
      kind: constant('limit' as const),
      budget,
      limitNanoUsd: constantFrom(1, 300, 2_500, 1e15),
    }),
  },
  { weight: 1, arbitrary: record({ kind: constant('replace' as const), budget }) },
  { weight: 1, arbitrary: record({ kind: constant('restart' as const) }) },
  {
    weight: 4,
    arbitrary: record({
      kind: constant('pass' as const),
      ms: oneof(integer({ min: 1, max: 600_000 }), integer({ min: 1, max: 12 * 3_600_000 })),
    }),
  },
);
type Happening = typeof happening extends Arbitrary<infer Value> ? Value : never;

type Known = {
  readonly state: 'reserved' | 'assumed' | 'paid';
  readonly estimate: number;
  readonly cost: number;
  readonly untilMs: number;
  readonly changedAtMs: number;
  /** The budgets that count it, each with the day or month, as it is written. */
  readonly counts: ReadonlyMap<string, string>;
};

const WRITTEN: Readonly<Record<BudgetPeriodKind, number>> = { day: 10, month: 7, total: 0 };

function estimateOf(number: number): number {
  return 20 + ((number * 37) % 130);
}

/** A ledger beside the plainest account of what it was told. */
class Accounts {
  readonly world = new LedgerWorld();
  /** Calls that were let through without room, or refused where there was room. */
  readonly surprises: string[] = [];
  #budgets: readonly BudgetTerms[] = BUDGETS;
  readonly #known = new Map<string, Known>();
  /** By number of the attempt: how many others that number has stood for before. */
  readonly #lives = new Map<number, number>();

  constructor(start: string) {
    this.world.nowMs = Date.parse(start);
  }

  apply(each: Happening): void {
    if (each.kind === 'pass') this.world.pass(each.ms);
    else if (each.kind === 'restart') this.world.restart();
    else if (each.kind === 'limit') this.#change(each.budget, { limitNanoUsd: each.limitNanoUsd });
    else if (each.kind === 'replace') this.#replace(each.budget);
    else if (each.kind === 'reserve') this.#reserve(each.attempt);
    else if (each.kind === 'adopt') this.#adopt(each.attempt);
    else this.#settle(each.attempt, each.percent);
    for (const [key, known] of this.#known) {
      if (known.state !== 'reserved' || this.world.nowMs < known.untilMs) continue;
      this.#known.set(key, { ...known, state: 'assumed', changedAtMs: known.untilMs });
    }
  }

  #keyOf(number: number): string {
    return `a${number}#${this.#lives.get(number) ?? 1}`;
  }

  #termsFor(number: number): readonly BudgetTerms[] {
    return this.#budgets.filter((_, index) => ((number >> index) & 1) === 0);
  }

  #written(period: BudgetPeriodKind): string {
    return new Date(this.world.nowMs).toISOString().slice(0, WRITTEN[period]);
  }

  #change(index: number, change: Partial<BudgetTerms>): void {
    this.#budgets = this.#budgets.map((terms, at) =>
      at === index ? { ...terms, ...change } : terms,
    );
  }

  /** Deletes a budget and makes another one like it. */
  #replace(index: number): void {
    const id = this.#budgets[index]?.id ?? '';
    this.world.ledger.forget(id);
    for (const [key, known] of this.#known) {
      const counts = new Map([...known.counts].filter(([each]) => each !== id));
      this.#known.set(key, { ...known, counts });
    }
    this.#change(index, { id: `${id}+` });
  }

  #isLongOver({ state, changedAtMs }: Known): boolean {
    return this.world.nowMs - changedAtMs > REPEATED_MS[state];
  }

  #reserve(number: number): void {
    const before = this.#known.get(this.#keyOf(number));
    if (before !== undefined && this.#isLongOver(before)) this.#nextLife(number);
    const key = this.#keyOf(number);
    const [terms, estimate, nowMs] = [this.#termsFor(number), estimateOf(number), this.world.nowMs];
    const isOpen = this.#known.has(key);
    const fits = terms.every(
      (each) => !each.isHard || this.#sum(each) + estimate <= each.limitNanoUsd,
    );
    const { kind } = this.world.reserve(terms, key, estimate, RESERVED_MS);
    if ((kind === 'done') !== (isOpen || fits)) this.surprises.push(`${key}: ${kind}`);
    if (isOpen || kind === 'refused') return;
    this.#known.set(key, {
      state: 'reserved',
      estimate,
      cost: 0,
      untilMs: nowMs + RESERVED_MS + GRACE_MS,
      changedAtMs: nowMs,
      counts: new Map(terms.map(({ id, period }) => [id, this.#written(period)])),
    });
  }

  #nextLife(number: number): void {
    this.#lives.set(number, (this.#lives.get(number) ?? 1) + 1);
  }

  #settle(number: number, percent: number): void {
    const key = this.#keyOf(number);
    const known = this.#known.get(key);
    if (known === undefined || this.#isLongOver(known)) return;
    const cost = percent > 100 ? null : Math.floor((percent * known.estimate) / 100);
    this.world.settle(this.#termsFor(number), key, cost, known.estimate);
    const changedAtMs = this.world.nowMs;
    if (known.state === 'paid') return;
    if (cost !== null) this.#known.set(key, { ...known, state: 'paid', cost, changedAtMs });
    else if (known.state === 'reserved')
      this.#known.set(key, { ...known, state: 'assumed', changedAtMs });
  }

  /** A later attempt goes on with what this one has begun. It says so twice. */
  #adopt(number: number): void {
    const from = this.#keyOf(number);
    const known = this.#known.get(from);
    if (known === undefined || known.state === 'paid' || this.#isLongOver(known)) return;
    this.#nextLife(number);
    const [key, terms, nowMs] = [this.#keyOf(number), this.#termsFor(number), this.world.nowMs];
    const budgets = terms.map(({ id }) => id);
    const order = { kind: 'adopt', key, from, budgets, forMs: RESERVED_MS } as const;
    for (const _ of ['once', 'twice'])
      this.world.order(terms, { ...order, estimateNanoUsd: known.estimate });
    this.#known.set(from, { ...known, state: 'paid', cost: 0, changedAtMs: nowMs });
    const untilMs = nowMs + RESERVED_MS + GRACE_MS;
    this.#known.set(key, { ...known, state: 'reserved', untilMs, changedAtMs: nowMs });
  }

  #sum({ id, period }: BudgetTerms): number {
    const { paid, assumed, reserved } = this.#expected(id, this.#written(period));
    return paid + assumed + reserved;
  }

  #expected(id: string, written: string) {
    const sums = { paid: 0, assumed: 0, reserved: 0 };
    for (const { state, cost, estimate, counts } of this.#known.values()) {
      if (counts.get(id) === written) sums[state] += state === 'paid' ? cost : estimate;
    }
    return sums;
  }

  /** How the budgets stand, and how they should. */
  standings() {
    return this.#budgets.map((terms) => {
      const { unknown: _, ...said } = this.world.sums(terms);
      return { said, expected: this.#expected(terms.id, this.#written(terms.period)) };
    });
  }

  /** The same of every period that anything counted in. */
  periods() {
    return this.#budgets.flatMap(({ id, period }) => {
      const all = [...this.#known.values()].map(({ counts }) => counts.get(id));
      return [...new Set(all.filter((written) => written !== undefined))].map((written) => {
        const at = written === '' ? this.world.nowMs : Date.parse(written);
        const [standing] = this.#ledgerAt(at).standing([termsOf({ id, period })]);
        const { paidNanoUsd, assumedNanoUsd, reservedNanoUsd } = standing ?? {};
        const said = { paid: paidNanoUsd, assumed: assumedNanoUsd, reserved: reservedNanoUsd };
        return { said, expected: this.#expected(id, written) };
      });
    });
  }

  /** What is stored of budgets that are gone. */
  leftovers() {
    const ids = new Set(this.#budgets.map(({ id }) => id));
    const stored = this.world.db.port().exec('SELECT budget FROM sums');
    return stored.filter((row) => !ids.has(text(row, 'budget')));
  }

  #ledgerAt(nowMs: number): Ledger {
    const ports = { log: () => {}, announce: () => {}, setAlarm: () => {}, nowMs: () => nowMs };
    return new Ledger({ sql: this.world.db.port(), ...ports });
  }
}

test('every nano-dollar counts once in each budget and period that applies, over ends of periods, changes of limits, adoptions and deletions', () => {
  assert(
    property(
      constantFrom(...STARTS),
      array(happening, { maxLength: 120, size: 'max' }),
      (start, happenings) => {
        const accounts = new Accounts(start);
        for (const each of happenings) {
          accounts.apply(each);
          for (const { said, expected } of accounts.standings()) expect(said).toEqual(expected);
        }
        accounts.apply({ kind: 'pass', ms: 40 * 86_400_000 });
        for (const { said, expected } of accounts.periods()) expect(said).toEqual(expected);
        expect(accounts.surprises).toEqual([]);
        expect(accounts.leftovers()).toEqual([]);
        expect(accounts.world.db.count('pages')).toBe(0);
      },
    ),
    { numRuns: 150 },
  );
});
