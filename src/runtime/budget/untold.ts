import type { Sql } from '../job-shard/sql.ts';
import type { BudgetNotice } from './notices.ts';
import { deleteNotice, loadNotices, saveNotice } from './tables.ts';

/** A notice that nobody has taken is told again after so long … */
const AGAIN_MS = 60_000;
/** … and given up after this. */
const KEPT_MS = 86_400_000;

type Untold = { readonly id: number; readonly notice: BudgetNotice; dueAtMs: number };
/** `again` for what was told before, or may have been. */
type Due = Pick<Untold, 'id' | 'notice'> & { readonly again: boolean };

/** What was noticed and nobody has taken yet. It is on disk: whoever is to be told hears of it though the object dies. */
export class UntoldNotices {
  readonly #sql: Sql;
  readonly #untold = new Map<number, Untold>();
  #lastId = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
    for (const { id, notice } of loadNotices(sql)) {
      this.#untold.set(id, { id, notice, dueAtMs: notice.atMs + AGAIN_MS });
      this.#lastId = id;
    }
  }

  add(notice: BudgetNotice): void {
    this.#lastId += 1;
    const id = this.#lastId;
    saveNotice(this.#sql, { id, notice });
    this.#untold.set(id, { id, notice, dueAtMs: notice.atMs });
  }

  taken(id: number): void {
    deleteNotice(this.#sql, id);
    this.#untold.delete(id);
  }

  /** What is to be told now. */
  due(nowMs: number): readonly Due[] {
    const due = [...this.#untold.values()].filter(({ dueAtMs }) => nowMs >= dueAtMs);
    return due.map((each) => {
      const { id, notice, dueAtMs } = each;
      each.dueAtMs = nowMs + AGAIN_MS;
      return { id, notice, again: dueAtMs > notice.atMs };
    });
  }

  giveUp(nowMs: number): void {
    for (const { id, notice } of this.#untold.values()) {
      if (nowMs >= notice.atMs + KEPT_MS) this.taken(id);
    }
  }

  /** When something is to be told again; null when nothing is. */
  dueAtMs(): number | null {
    const due = [...this.#untold.values()].map(({ dueAtMs }) => dueAtMs);
    return due.length === 0 ? null : Math.min(...due);
  }
}
