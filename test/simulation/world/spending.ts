import { onExceeds, type Budget } from '../../../src/domain/budget.ts';
import type { ProjectPrice } from '../../../src/domain/model/price.ts';
import type { Budgets } from '../../../src/services/ports/budgets.ts';
import type { Prices } from '../../../src/services/ports/prices.ts';
import { PROJECT } from '../../support/shard-driver.ts';
import { LedgerHost } from './ledger-host.ts';
import type { Clock } from './clock.ts';
import type { Faults, Process } from './faults.ts';
import { Random } from './random.ts';
import { WORKS_FROM, type Work } from './slow-provider.ts';
import type { PaidCall } from './provider.ts';

/** How many lives have budgets. */
const LIVES_WITH_BUDGETS = 0.12;

/** By list price, a token read and one written, in nano-dollars; of the slow provider by a price of the project. */
const PRICES = {
  openai: { input: 400, output: 1_600 },
  groq: { input: 590, output: 790 },
  slow: { input: 1, output: 20 },
} as const;

const slowPrice: ProjectPrice = {
  id: 'prc_slow',
  provider: 'slow',
  model: '*',
  execution: 'standard',
  prices: { million_input_tokens: '0.001', million_output_tokens: '0.02' },
  effectiveFromMs: 0,
  effectiveToMs: null,
  createdAtMs: 0,
  createdBy: 'key_1',
};

/** About as much as a call of these pipelines may cost. */
const CALL_NANO_USD = 750_000;

type BudgetParts = { readonly clock: Clock; readonly faults: Faults };

/** What limits spending in a life: budgets, and the ledger that knows what was spent of them. */
export class Spending {
  readonly isLimited: boolean;
  readonly host: LedgerHost;
  /** For how many attempts at most a budget may never know what they cost, because something befell them. */
  readonly unknownMax = new Map<string, number>();
  #budgets: readonly Budget[];

  constructor(seed: number, parts: BudgetParts) {
    const random = new Random(seed ^ 0x3c6ef372);
    this.isLimited = random.chance(LIVES_WITH_BUDGETS);
    this.#budgets = this.isLimited ? someBudgets(random, parts.clock.nowMs) : [];
    this.host = new LedgerHost({ ...parts, random, hard: () => this.hard });
  }

  /** Those whose limits hold. */
  get hard(): readonly Budget[] {
    return this.#budgets.filter(({ isHard }) => isHard);
  }

  /** What runners know of them; nothing in a life without any. */
  depsFor(process: Process) {
    if (!this.isLimited) return {};
    const ledger = this.host.portFor(process);
    return {
      budgets: { list: async () => this.#budgets } satisfies Pick<Budgets, 'list'>,
      ledgers: { of: () => ledger },
      prices: { list: async () => [slowPrice] } as unknown as Prices,
    };
  }

  /** The world is fair from now on. Somebody notices what waits, and gives it room. */
  turnFair(late: number): void {
    for (const terms of this.hard) {
      const { unknownCalls } = this.host.sums(terms);
      this.unknownMax.set(terms.id, unknownCalls + this.host.unsettled(terms) + late);
    }
    this.#budgets = this.#budgets.map((budget) => ({
      ...budget,
      limitNanoUsd: budget.onExceed === 'queue' ? 1e12 : budget.limitNanoUsd,
    }));
  }
}

function someBudgets(random: Random, nowMs: number): readonly Budget[] {
  const scopes = ['thrift', 'thrift-map', 'thrift-slow', 'family'].filter(() => random.chance(0.7));
  return scopes.map((pipeline) => ({
    id: `bud_${pipeline}`,
    name: pipeline,
    project: PROJECT,
    scope: { kind: 'pipeline', value: pipeline },
    period: random.chance(0.7) ? 'total' : 'day',
    limitNanoUsd: Math.floor(CALL_NANO_USD * (random.pick([0, 1, 2, 5, 12]) + random.next())),
    isHard: random.chance(0.9),
    onExceed: random.pick(onExceeds),
    warnAt: [0.5],
    createdAtMs: nowMs,
    createdBy: 'key_1',
    updatedAtMs: nowMs,
  }));
}

/** What a call cost by its provider's own books. */
export function billOf({ provider, inputTokens }: PaidCall): number {
  if (inputTokens === null) return 0;
  const { input, output } = PRICES[provider];
  return inputTokens * input + 10 * output;
}

export function billOfWork({ number }: Work): number {
  return (WORKS_FROM + number) * PRICES.slow.input + 10 * PRICES.slow.output;
}
