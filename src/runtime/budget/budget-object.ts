import { DurableObject } from 'cloudflare:workers';

import type { BudgetTerms } from '../../domain/budget.ts';
import { isProjectId } from '../../domain/ids.ts';
import type { Announcements } from '../../services/ports/announcements.ts';
import type { BudgetMessage, BudgetStanding, BudgetVerdict } from '../../services/ports/budgets.ts';
import { errorName, type Log } from '../../services/ports/log.ts';
import { makeAlarmClock, type AlarmClock } from '../alarm-clock.ts';
import { sqlOf } from '../object-sql.ts';
import { Ledger, type Telling } from './ledger.ts';
import { announcementOf, logNotice, type BudgetNotice } from './notices.ts';

/** What a ledger needs of the deployment. `index.ts` says where it comes from. */
export type BudgetDeployment = {
  readonly log: Log;
  /** Tells a project's webhooks. Absent where there are none. */
  readonly announcements?: Announcements;
};

/** The Durable Object around a project's ledger: storage, alarm and clock, and nothing else. */
export class BudgetObject extends DurableObject<Env> {
  readonly #alarm: AlarmClock;
  readonly #ledger: Ledger;
  readonly #deployment: BudgetDeployment;

  /** Set by the Worker's entry before any object is made; a class has no other way to its deployment. */
  static deployment: (env: Env) => BudgetDeployment = () => {
    throw new Error('the entry has not told the ledgers where they are deployed');
  };

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#deployment = BudgetObject.deployment(env);
    this.#alarm = makeAlarmClock(ctx.storage);
    this.#ledger = new Ledger({
      sql: sqlOf(ctx.storage),
      log: this.#deployment.log,
      announce: (notice, telling) => this.#tell(notice, telling),
      setAlarm: (atMs) => this.#alarm.set(atMs),
      nowMs: () => Date.now(),
    });
  }

  exchange(message: BudgetMessage): readonly BudgetVerdict[] {
    return this.#ledger.exchange(message);
  }

  standing(terms: readonly BudgetTerms[]): readonly BudgetStanding[] {
    return this.#ledger.standing(terms);
  }

  forget(budgetId: string): void {
    this.#ledger.forget(budgetId);
  }

  override alarm(info?: AlarmInvocationInfo): void {
    this.#alarm.fired(info);
    this.#ledger.alarm();
  }

  /** May tell twice: receivers know a notice by its id. */
  #tell(notice: BudgetNotice, { again, taken }: Telling): void {
    const { log, announcements } = this.#deployment;
    const { name: project = '' } = this.ctx.id;
    if (!again) logNotice(log, project, notice);
    if (announcements === undefined || !isProjectId(project)) {
      taken();
      return;
    }
    const told = announcements
      .announce(project, [announcementOf(project, notice)])
      .then(taken)
      .catch((error: unknown) => {
        log('error', 'budget.not_announced', { project, error: errorName(error) });
      });
    this.ctx.waitUntil(told);
  }
}
