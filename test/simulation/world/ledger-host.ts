import { periodAt, type BudgetTerms } from '../../../src/domain/budget.ts';
import type { Entry } from '../../../src/runtime/budget/entries.ts';
import { Ledger } from '../../../src/runtime/budget/ledger.ts';
import type { BudgetLedger } from '../../../src/services/ports/budgets.ts';
import { NodeSqlite } from '../../support/node-sqlite.ts';
import { throughJson } from '../../support/shard-driver.ts';
import { demand } from './demand.ts';
import type { Clock } from './clock.ts';
import type { Faults, Process } from './faults.ts';
import type { Random } from './random.ts';

type LedgerSurroundings = {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly random: Random;
  /** The budgets whose limits hold, as they are by now. */
  hard(): readonly BudgetTerms[];
};

const pool: NodeSqlite[] = [];

class Killed extends Error {}

/** A Durable Object around the project's real ledger: storage and alarm outlive the instance, nothing else does. */
export class LedgerHost {
  readonly db: NodeSqlite;
  readonly #around: LedgerSurroundings;
  #epoch = 0;
  #ledger: Ledger;
  /** Statements that this instance may still carry out; it dies over the one after. */
  #statementsLeft = Number.POSITIVE_INFINITY;
  alarmAtMs: number | null = null;

  constructor(around: LedgerSurroundings) {
    this.#around = around;
    this.db = pool.pop() ?? new NodeSqlite();
    this.#ledger = this.#open();
  }

  /** Gives the storage back for the next world. */
  close(): void {
    this.#epoch += 1;
    for (const table of ['pages', 'sums', 'notices']) this.db.port().exec(`DELETE FROM ${table}`);
    pool.push(this.db);
  }

  /** The instance is gone, with all that it remembered. */
  kill(): void {
    this.#ledger = this.#open();
  }

  #open(): Ledger {
    this.#epoch += 1;
    this.#statementsLeft = Number.POSITIVE_INFINITY;
    const epoch = this.#epoch;
    const sql = this.db.port();
    return new Ledger({
      sql: {
        ...sql,
        exec: (query, ...bindings) => {
          this.#statementsLeft -= 1;
          if (epoch !== this.#epoch || this.#statementsLeft <= 0)
            throw new Killed('this instance is gone');
          return sql.exec(query, ...bindings);
        },
      },
      log: () => {},
      announce: (_notice, { taken }) => taken(),
      setAlarm: (atMs) => {
        if (epoch === this.#epoch) this.alarmAtMs = atMs;
      },
      nowMs: () => this.#around.clock.nowMs,
    });
  }

  /** One call to the ledger: all of it is on disk and answered, or the instance died over it and nothing happened. */
  #call<Value>(work: (ledger: Ledger) => Value): Value {
    const { faults, random } = this.#around;
    if (faults.strikes('budget.commit')) {
      this.#statementsLeft = 1 + random.below(3);
      faults.tell('budget.commit: the ledger may die');
    }
    const alarmAtMs = this.alarmAtMs;
    try {
      const value = this.db.port().transaction(() => {
        const made = work(this.#ledger);
        if (this.#statementsLeft <= 0) throw new Killed('it died on the way');
        return made;
      });
      this.#statementsLeft = Number.POSITIVE_INFINITY;
      this.#check();
      return value;
    } catch (error) {
      if (this.#statementsLeft > 0) throw error;
      this.alarmAtMs = alarmAtMs;
      this.kill();
      throw new Error('the ledger was reset', { cause: error });
    }
  }

  /** The ledger as one process reaches it. */
  portFor(process: Process): BudgetLedger {
    const { faults } = this.#around;
    return {
      exchange: (message) =>
        faults.carry(process, 'budget.exchange', () =>
          throughJson(this.#call((ledger) => ledger.exchange(throughJson(message)))),
        ),
      standing: (terms) =>
        faults.carry(process, 'budget.exchange', () =>
          this.#call((ledger) => ledger.standing(throughJson(terms))),
        ),
      forget: (budgetId) =>
        faults.carry(process, 'budget.exchange', () =>
          this.#call((ledger) => ledger.forget(budgetId)),
        ),
    };
  }

  get nextAtMs(): number {
    return this.alarmAtMs ?? Number.POSITIVE_INFINITY;
  }

  /** One firing of the alarm; the platform fires one again whose handler did not come back. */
  fireAlarm(): void {
    const { clock } = this.#around;
    this.alarmAtMs = null;
    try {
      this.#call((ledger) => ledger.alarm());
    } catch {
      const againAtMs = clock.nowMs + 2_000;
      this.alarmAtMs = Math.min(this.alarmAtMs ?? againAtMs, againAtMs);
    }
  }

  /** Attempts of which a budget does not know what they cost: some of them may still report. */
  unsettled({ id }: BudgetTerms): number {
    const open = this.db
      .rows('SELECT body FROM pages')
      .flatMap(({ body }) => (JSON.parse(String(body)) as { readonly entries: Entry[] }).entries)
      .filter(({ s, b }) => s === 'r' && b.some(([budget]) => budget === id));
    return open.length;
  }

  sums(terms: BudgetTerms) {
    const [standing] = this.#ledger.standing([terms]);
    if (standing === undefined) throw new Error(`${terms.id} has no standing`);
    return standing;
  }

  /** No limit is ever exceeded: calls here never cost more than their estimates. */
  #check(): void {
    for (const terms of this.#around.hard()) {
      const { paidNanoUsd, assumedNanoUsd, reservedNanoUsd } = this.sums(terms);
      const sums = { paidNanoUsd, assumedNanoUsd, reservedNanoUsd };
      const { startMs } = periodAt(terms.period, this.#around.clock.nowMs);
      demand(
        Object.values(sums).every((sum) => sum >= 0),
        `${terms.id} has less than nothing: ${JSON.stringify(sums)}`,
      );
      demand(
        paidNanoUsd + assumedNanoUsd + reservedNanoUsd <= terms.limitNanoUsd,
        `${terms.id} from ${startMs} on is over its limit of ${terms.limitNanoUsd}: ${JSON.stringify(sums)}`,
      );
    }
  }
}
