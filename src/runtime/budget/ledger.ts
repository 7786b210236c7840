import { periodAt, type BudgetTerms } from '../../domain/budget.ts';
import { refusalOf } from '../../services/budgets/room.ts';
import type { Log } from '../../services/ports/log.ts';
import type {
  BudgetMessage,
  BudgetOrder,
  BudgetStanding,
  BudgetVerdict,
} from '../../services/ports/budgets.ts';
import type { Sql } from '../job-shard/sql.ts';
import { StandingAlarm, type AlarmPorts } from '../standing-alarm.ts';
import { settled, type Entry } from './entries.ts';
import type { BudgetNotice } from './notices.ts';
import { Pages } from './pages.ts';
import { UntoldNotices } from './untold.ts';

export type Telling = {
  /** It was told before, or may have been. */
  readonly again: boolean;
  /** Nobody needs to be told any more. */
  readonly taken: () => void;
};

/** What a ledger needs of the world. In production a Durable Object, in tests a script. */
export type LedgerPorts = AlarmPorts & {
  readonly sql: Sql;
  readonly log: Log;
  /** Tells whoever wants to know, again and again until it says that this was taken. Must not throw and must not wait. */
  announce(notice: BudgetNotice, telling: Telling): void;
};

/** An attempt's report may take so long beyond its time. */
const GRACE_MS = 5_000;
/** Nobody holds room for longer than a job may last. */
const RESERVED_MAX_MS = 31 * 86_400_000;
/** Alarms are set to such moments, so that one serves many. */
const ALARM_STEP_MS = 10_000;
/** How long calls take while nobody knows, and how much the latest counts. */
const HELD_FIRST_MS = 2_000;
const HELD_SHARE = 0.1;
/** Calls that wait are asked to come one after the other, as far ahead as this. */
const LINE_MAX_MS = 30_000;

/**
 * What a project has spent of its budgets. Before each paid call room for its estimate is taken; afterwards its cost
 * takes the estimate's place. Of a call that never reports, or whose cost stays unknown, the estimate stays as spent,
 * until a late bill replaces it. So the limit of a hard cap holds, however many calls there are at once, as long as
 * estimates are upper bounds. A call counts in the period in which its room was taken.
 */
export class Ledger {
  readonly #ports: LedgerPorts;
  #pages: Pages;
  #untold: UntoldNotices;
  #heldMs = HELD_FIRST_MS;
  /** When the next call that waits for what others hold is asked to come. */
  #lineEndsMs = 0;
  readonly #alarm: StandingAlarm;

  constructor(ports: LedgerPorts) {
    this.#ports = ports;
    this.#pages = new Pages(ports.sql);
    this.#untold = new UntoldNotices(ports.sql);
    this.#alarm = new StandingAlarm(ports, null);
  }

  exchange({ terms, orders }: BudgetMessage): readonly BudgetVerdict[] {
    const byId = new Map(terms.map((each) => [each.id, each]));
    return this.#change((nowMs) => {
      const verdicts = orders.map((order) => this.#carryOut(order, byId, nowMs));
      for (const each of terms) this.#warn(each, nowMs);
      return verdicts;
    });
  }

  /** Warns, too: once a limit was lowered below what is spent, no call gets here any more that could. */
  standing(terms: readonly BudgetTerms[]): readonly BudgetStanding[] {
    return this.#change((nowMs) => {
      for (const each of terms) this.#warn(each, nowMs);
      return terms.map((each) => this.#standingOf(each, nowMs));
    });
  }

  #standingOf({ id, period }: BudgetTerms, nowMs: number): BudgetStanding {
    const sums = this.#pages.tally.of(id, periodAt(period, nowMs).startMs);
    return {
      id,
      paidNanoUsd: sums.paid,
      assumedNanoUsd: sums.assumed,
      reservedNanoUsd: sums.reserved,
      unknownCalls: sums.unknown,
    };
  }

  forget(budgetId: string): void {
    this.#change(() => this.#pages.forget(budgetId));
  }

  /** May fire twice, and late. */
  alarm(): void {
    this.#alarm.fired();
    this.#change((nowMs) => this.#pages.fold(nowMs));
  }

  #change<Result>(work: (nowMs: number) => Result): Result {
    const nowMs = this.#ports.nowMs();
    let result: Result;
    try {
      result = this.#ports.sql.transaction(() => {
        this.#expire(nowMs);
        this.#untold.giveUp(nowMs);
        const made = work(nowMs);
        this.#pages.write();
        return made;
      });
    } catch (error) {
      // What could not be written down has not happened.
      this.#pages = new Pages(this.#ports.sql);
      this.#untold = new UntoldNotices(this.#ports.sql);
      throw error;
    }
    const due = this.#untold.due(nowMs);
    this.#arm();
    for (const { id, notice, again } of due) {
      this.#ports.announce(notice, { again, taken: () => this.#untold.taken(id) });
    }
    return result;
  }

  /** Nobody knows what attempts that do not report have cost: their estimates stay as spent. */
  #expire(nowMs: number): void {
    const over = [...this.#pages.open].filter(({ until }) => nowMs >= until);
    for (const entry of over) this.#pages.put(settled(entry, null), nowMs);
    if (over.length > 0) this.#ports.log('info', 'budget.expired', { count: over.length });
  }

  #carryOut(
    order: BudgetOrder,
    byId: ReadonlyMap<string, BudgetTerms>,
    nowMs: number,
  ): BudgetVerdict {
    const known = this.#pages.get(order.key);
    const terms = order.budgets.flatMap((id) => byId.get(id) ?? []);
    if (order.kind === 'settle') return this.#settle(order, terms, known, nowMs);
    if (order.kind === 'adopt') return this.#adopt(order, terms, known, nowMs);
    // Whoever asks again has the room that it was given.
    if (known !== undefined) return { kind: 'done' };
    const { estimateNanoUsd } = order;
    const wanted = { terms, estimateNanoUsd, nowMs, heldMs: this.#heldMs };
    const refused = refusalOf((id, startMs) => this.#pages.tally.of(id, startMs), wanted);
    if (refused === null) {
      this.#pages.put(entryOf(order, terms, nowMs), nowMs);
      return { kind: 'done' };
    }
    const { spentNanoUsd, limitNanoUsd, budgetId } = refused.refusal;
    if (estimateNanoUsd === null) return refused;
    if (spentNanoUsd + estimateNanoUsd <= limitNanoUsd) return this.#inLine(refused, nowMs);
    this.#tellExceeded(byId.get(budgetId), nowMs);
    return refused;
  }

  /** Those who wait for what others hold come one after the other, as fast as calls end lately. */
  #inLine(refused: Extract<BudgetVerdict, { readonly kind: 'refused' }>, nowMs: number) {
    const spacingMs = this.#heldMs / Math.max(1, this.#pages.openCount);
    const turnAtMs = Math.min(
      nowMs + refused.forMs + LINE_MAX_MS,
      Math.max(this.#lineEndsMs, nowMs + refused.forMs),
    );
    this.#lineEndsMs = turnAtMs + spacingMs;
    return { ...refused, forMs: Math.ceil(turnAtMs - nowMs) };
  }

  #settle(
    order: Extract<BudgetOrder, { readonly kind: 'settle' }>,
    terms: readonly BudgetTerms[],
    known: Entry | undefined,
    nowMs: number,
  ): BudgetVerdict {
    const { costNanoUsd } = order;
    if (known === undefined && costNanoUsd === 0) return { kind: 'done' };
    const before = known ?? entryOf({ ...order, forMs: 0 }, terms, nowMs);
    const after = settled(before, costNanoUsd);
    if (known?.s === 'r') this.#heldMs += HELD_SHARE * (nowMs - known.at - this.#heldMs);
    if (after !== known) this.#pages.put(after, nowMs);
    return { kind: 'done' };
  }

  /**
   * What goes on at a provider has its room already, whatever the limit is by now. It counts with the later attempt
   * alone, also when that one has reported before this comes.
   */
  #adopt(
    order: Extract<BudgetOrder, { readonly kind: 'adopt' }>,
    terms: readonly BudgetTerms[],
    known: Entry | undefined,
    nowMs: number,
  ): BudgetVerdict {
    const from = this.#pages.get(order.from);
    const isOpen = from !== undefined && from.s !== 'p';
    if (isOpen) this.#pages.put(settled(from, 0), nowMs);
    if (known !== undefined) return { kind: 'done' };
    const made = entryOf(order, terms, nowMs);
    this.#pages.put(isOpen ? { ...made, e: from.e, b: from.b } : made, nowMs);
    return { kind: 'done' };
  }

  #warn(terms: BudgetTerms, nowMs: number): void {
    const { startMs } = periodAt(terms.period, nowMs);
    const { paid, assumed } = this.#pages.tally.of(terms.id, startMs);
    const spentNanoUsd = paid + assumed;
    for (const threshold of terms.warnAt) {
      if (spentNanoUsd < threshold * terms.limitNanoUsd) return;
      this.#notice({ terms, startMs, threshold, spentNanoUsd, atMs: nowMs }, String(threshold));
    }
    // From now on jobs are refused before any of their calls gets here.
    if (terms.isHard && spentNanoUsd >= terms.limitNanoUsd) this.#tellExceeded(terms, nowMs);
  }

  #tellExceeded(terms: BudgetTerms | undefined, nowMs: number): void {
    if (terms === undefined) return;
    const { startMs } = periodAt(terms.period, nowMs);
    const { paid, assumed } = this.#pages.tally.of(terms.id, startMs);
    const spentNanoUsd = paid + assumed;
    this.#notice({ terms, startMs, threshold: null, spentNanoUsd, atMs: nowMs }, 'exceeded');
  }

  #notice(notice: BudgetNotice, what: string): void {
    const { terms, startMs } = notice;
    // A share of another limit is another sum.
    const named = `${what}@${terms.limitNanoUsd}`;
    if (this.#pages.told(terms.id, startMs).includes(named)) return;
    this.#pages.tell(terms.id, startMs, named);
    this.#untold.add(notice);
  }

  #arm(): void {
    let dueAtMs = Math.min(this.#pages.foldsAtMs() ?? Infinity, this.#untold.dueAtMs() ?? Infinity);
    for (const { until } of this.#pages.open) dueAtMs = Math.min(dueAtMs, until);
    if (dueAtMs === Infinity) return;
    const laterMs = Math.max(dueAtMs, this.#ports.nowMs() + 1);
    this.#alarm.arm(Math.ceil(laterMs / ALARM_STEP_MS) * ALARM_STEP_MS);
  }
}

function entryOf(
  { key, estimateNanoUsd, forMs }: Pick<BudgetOrder, 'key' | 'estimateNanoUsd'> & { forMs: number },
  terms: readonly BudgetTerms[],
  nowMs: number,
): Entry {
  return {
    k: key,
    s: 'r',
    e: estimateNanoUsd ?? 0,
    c: 0,
    at: nowMs,
    until: nowMs + Math.min(RESERVED_MAX_MS, Math.max(0, forMs)) + GRACE_MS,
    b: terms.map(({ id, period }) => [id, periodAt(period, nowMs).startMs] as const),
  };
}
