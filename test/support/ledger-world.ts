import type { Budget, BudgetTerms } from '../../src/domain/budget.ts';
import { Ledger } from '../../src/runtime/budget/ledger.ts';
import type { BudgetNotice } from '../../src/runtime/budget/notices.ts';
import type { BudgetOrder, BudgetVerdict } from '../../src/services/ports/budgets.ts';
import { NodeSqlite } from './node-sqlite.ts';
import { PROJECT } from './shard-driver.ts';

export const START_MS = Date.UTC(2026, 10, 23, 12);

/** A ledger on Node's SQLite, with a clock that a test moves. */
export class LedgerWorld {
  readonly db = new NodeSqlite();
  readonly notices: BudgetNotice[] = [];
  /** False while nobody can be told. */
  takesNotices = true;
  nowMs = START_MS;
  alarmAtMs: number | null = null;
  alarmsSet = 0;
  ledger: Ledger;

  constructor() {
    this.ledger = this.#open();
  }

  #open(): Ledger {
    return new Ledger({
      sql: this.db.port(),
      log: () => {},
      announce: (notice, { taken }) => {
        this.notices.push(notice);
        if (this.takesNotices) taken();
      },
      setAlarm: (atMs) => {
        this.alarmAtMs = atMs;
        this.alarmsSet += 1;
      },
      nowMs: () => this.nowMs,
    });
  }

  /** The object is evicted or killed: what it has not written down is gone. */
  restart(): void {
    this.ledger = this.#open();
  }

  /** Lets time pass, with the alarms that come due. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (this.alarmAtMs !== null && this.alarmAtMs <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.alarmAtMs);
      this.alarmAtMs = null;
      this.ledger.alarm();
    }
    this.nowMs = untilMs;
  }

  reserve(terms: readonly BudgetTerms[], key: string, estimate: number | null, forMs = 60_000) {
    return this.order(terms, {
      kind: 'reserve',
      key,
      budgets: terms.map(({ id }) => id),
      estimateNanoUsd: estimate,
      forMs,
    });
  }

  settle(terms: readonly BudgetTerms[], key: string, cost: number | null, estimate = 0) {
    const budgets = terms.map(({ id }) => id);
    const order = { kind: 'settle', key, budgets, costNanoUsd: cost } as const;
    return this.order(terms, { ...order, estimateNanoUsd: estimate });
  }

  order(terms: readonly BudgetTerms[], order: BudgetOrder): BudgetVerdict {
    const [verdict] = this.ledger.exchange({ terms, orders: [order] });
    if (verdict === undefined) throw new Error('an order was not answered');
    return verdict;
  }

  sums(terms: BudgetTerms) {
    const [standing] = this.ledger.standing([terms]);
    if (standing === undefined) throw new Error('a budget has no standing');
    const { paidNanoUsd: paid, assumedNanoUsd: assumed, reservedNanoUsd: reserved } = standing;
    return { paid, assumed, reserved, unknown: standing.unknownCalls };
  }
}

export function termsOf(rest: Partial<BudgetTerms> = {}): BudgetTerms {
  const id = 'bud_a';
  const base = { id, period: 'day', limitNanoUsd: 100, isHard: true, warnAt: [] } as const;
  return { ...base, onExceed: 'reject', ...rest };
}

export function budgetOf(rest: Partial<Budget>): Budget {
  return {
    ...termsOf({ period: 'month', limitNanoUsd: 1_000_000 }),
    project: PROJECT,
    name: 'a budget',
    scope: { kind: 'project', value: '' },
    createdAtMs: 0,
    createdBy: 'root',
    updatedAtMs: 0,
    ...rest,
  };
}
