import type { Budget } from '../../../src/domain/budget.ts';
import type { JobId } from '../../../src/domain/ids.ts';
import type { BudgetMessage } from '../../../src/services/ports/budgets.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { budgetOf, LedgerWorld } from '../../support/ledger-world.ts';
import { World, type Answer } from '../../support/shard-world.ts';

/** $0.40 for a million tokens read, $1.60 for a million written. */
export const MINI = { provider: 'openai', model: 'gpt-4.1-mini' };
export const NANO = { provider: 'openai', model: 'gpt-4.1-nano' };
/** A hundred tokens may be written: 160,000 nano-dollars, and what the prompt takes. */
export const PARAMETERS = { max_output_tokens: 100 };
export const LEAST_ESTIMATE = 160_000;
/** Ten tokens read and ten written. */
export const COST = 20_000;

export function asking(step: Partial<DefinitionBody['steps'][number]> = {}): DefinitionBody {
  return {
    steps: [
      {
        id: 'a',
        uses: 'model.chat',
        route: { targets: [{ ...MINI, parameters: PARAMETERS }] },
        with: { messages: [{ role: 'user', content: 'Hi' }] },
        retry: { max_attempts: 1 },
        ...step,
      },
    ],
  };
}

const SPENT = { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20 };

export const answering: Answer = () =>
  Response.json({
    id: 'c',
    model: MINI.model,
    choices: [{ message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
    usage: SPENT,
  });

export class BudgetedWorld extends World {
  readonly ledger = new LedgerWorld();
  budgets: Budget[] = [];
  readonly messages: BudgetMessage[] = [];
  /** False while the ledger does not answer. */
  answersOrders = true;
  /** So many of its next answers do not arrive; what was ordered is done. */
  answersLost = 0;

  constructor(...budgets: Partial<Budget>[]) {
    super();
    this.budgets = budgets.map((budget, index) => budgetOf({ id: `bud_${index}`, ...budget }));
    this.answers = [answering];
    this.shared = {
      budgets: { list: async () => this.budgets },
      ledgers: {
        of: () => ({
          exchange: async (message) => {
            this.messages.push(message);
            if (!this.answersOrders) throw new Error('no answer');
            this.ledger.nowMs = this.driver.nowMs;
            const verdicts = this.ledger.ledger.exchange(message);
            this.answersLost -= 1;
            if (this.answersLost >= 0) throw new Error('the answer was lost');
            return verdicts;
          },
          standing: async (terms) => this.ledger.ledger.standing(terms),
          forget: async (id) => this.ledger.ledger.forget(id),
        }),
      },
    };
  }

  submit(body: DefinitionBody): JobId {
    const request = this.driver.request(body, { input: 'Hi' });
    this.driver.shard.submit(request);
    return request.birth.id;
  }

  async finish(body: DefinitionBody) {
    const id = this.submit(body);
    await this.run(id);
    return this.view(id);
  }

  sums(index = 0) {
    const budget = this.budgets[index];
    if (budget === undefined) throw new Error('no such budget');
    this.ledger.nowMs = this.driver.nowMs;
    return this.ledger.sums(budget);
  }
}
