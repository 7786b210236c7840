import type { Sql } from '../job-shard/sql.ts';
import { count, type Entry } from './entries.ts';
import {
  deleteOldSums,
  deletePage,
  deleteSums,
  loadPages,
  loadSums,
  migrateLedger,
  savePage,
  saveSums,
  type SumsRow,
} from './tables.ts';
import { Tally } from './tally.ts';

/** A page takes so many attempts, of so long; what changes of any of them writes the page once. */
const ENTRIES_MAX = 64;
const PAGE_MS = 60_000;
/** How long an attempt is remembered after its last change … */
const KEPT_MS = 15 * 60_000;
/** … and one whose bill may still come. */
const UNKNOWN_KEPT_MS = 24 * 3_600_000;
/** How long periods that are over are kept. */
const PERIODS_KEPT_MS = 400 * 86_400_000;

type OpenPage = {
  readonly id: number;
  readonly openedAtMs: number;
  keptUntilMs: number;
  readonly entries: Map<string, Entry>;
};

/**
 * The attempts of a ledger and what they come to. Memory holds all of it and is a cache: what was written is enough to
 * make it anew. Writes of several changes go together with `write`.
 */
export class Pages {
  readonly #sql: Sql;
  readonly #pages = new Map<number, OpenPage>();
  /** Which page an attempt lies on. */
  readonly #places = new Map<string, OpenPage>();
  readonly #rows = new Map<string, SumsRow>();
  readonly #touched = new Set<OpenPage>();
  readonly #open = new Map<string, Entry>();
  readonly tally = new Tally();
  #last: OpenPage | null = null;
  #lastId = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
    migrateLedger(sql);
    for (const row of loadSums(sql)) {
      this.#rows.set(rowKey(row), row);
      this.tally.add(row.budget, row.startMs, row.sums, 1);
    }
    for (const { entries, ...page } of loadPages(sql)) {
      const opened = { ...page, entries: new Map<string, Entry>() };
      this.#pages.set(page.id, opened);
      for (const entry of entries) this.#place(opened, entry);
      this.#lastId = page.id;
    }
  }

  get(key: string): Entry | undefined {
    return this.#places.get(key)?.entries.get(key);
  }

  /** Attempts that have room and have not reported. */
  get open(): Iterable<Entry> {
    return this.#open.values();
  }

  get openCount(): number {
    return this.#open.size;
  }

  put(entry: Entry, nowMs: number): void {
    const page = this.#places.get(entry.k) ?? this.#pageFor(nowMs);
    const known = page.entries.get(entry.k);
    if (known !== undefined) count(this.tally, known, -1);
    this.#place(page, entry);
    const fromMs = entry.s === 'r' ? entry.until : nowMs;
    const keptMs = entry.s === 'a' ? UNKNOWN_KEPT_MS : KEPT_MS;
    page.keptUntilMs = Math.max(page.keptUntilMs, fromMs + keptMs);
    this.#touched.add(page);
  }

  #place(page: OpenPage, entry: Entry): void {
    page.entries.set(entry.k, entry);
    this.#places.set(entry.k, page);
    if (entry.s === 'r') this.#open.set(entry.k, entry);
    else this.#open.delete(entry.k);
    count(this.tally, entry, 1);
  }

  #pageFor(nowMs: number): OpenPage {
    const last = this.#last;
    const fits =
      last !== null && last.entries.size < ENTRIES_MAX && nowMs - last.openedAtMs < PAGE_MS;
    if (fits) return last;
    this.#lastId += 1;
    const page = { id: this.#lastId, openedAtMs: nowMs, keptUntilMs: 0, entries: new Map() };
    this.#pages.set(page.id, page);
    this.#last = page;
    return page;
  }

  /** What was told of a period. */
  told(budget: string, startMs: number): readonly string[] {
    return this.#row(budget, startMs).told;
  }

  tell(budget: string, startMs: number, what: string): void {
    const row = this.#row(budget, startMs);
    this.#saveRow({ ...row, told: [...row.told, what] });
  }

  #row(budget: string, startMs: number): SumsRow {
    const sums = { reserved: 0, assumed: 0, paid: 0, unknown: 0 };
    return this.#rows.get(rowKey({ budget, startMs })) ?? { budget, startMs, sums, told: [] };
  }

  #saveRow(row: SumsRow): void {
    this.#rows.set(rowKey(row), row);
    saveSums(this.#sql, row);
  }

  /** Writes down what has changed. */
  write(): void {
    for (const page of this.#touched) {
      savePage(this.#sql, { ...page, entries: [...page.entries.values()] });
    }
    this.#touched.clear();
  }

  /** Forgets attempts of which nothing more is expected; what they came to stays. */
  fold(nowMs: number): void {
    const done = new Tally();
    const periods = new Map<string, readonly [string, number]>();
    for (const page of this.#pages.values()) {
      if (!isDone(page, nowMs)) continue;
      for (const entry of page.entries.values()) {
        count(done, entry, 1);
        for (const [budget, startMs] of entry.b)
          periods.set(rowKey({ budget, startMs }), [budget, startMs]);
        this.#places.delete(entry.k);
      }
      this.#pages.delete(page.id);
      this.#touched.delete(page);
      if (this.#last === page) this.#last = null;
      deletePage(this.#sql, page.id);
    }
    if (periods.size === 0) return;
    for (const [budget, startMs] of periods.values()) {
      const row = this.#row(budget, startMs);
      const more = new Tally();
      more.add(budget, startMs, row.sums, 1);
      more.add(budget, startMs, done.of(budget, startMs), 1);
      this.#saveRow({ ...row, sums: more.of(budget, startMs) });
    }
    deleteOldSums(this.#sql, nowMs - PERIODS_KEPT_MS);
  }

  /** When there is something to forget; null when nothing lies here. */
  foldsAtMs(): number | null {
    let soonest: number | null = null;
    for (const { keptUntilMs } of this.#pages.values()) {
      soonest = Math.min(soonest ?? keptUntilMs, keptUntilMs);
    }
    return soonest;
  }

  forget(budget: string): void {
    for (const page of this.#pages.values()) {
      for (const entry of page.entries.values()) {
        const others = entry.b.filter(([id]) => id !== budget);
        if (others.length === entry.b.length) continue;
        const stripped = { ...entry, b: others };
        page.entries.set(entry.k, stripped);
        if (entry.s === 'r') this.#open.set(entry.k, stripped);
        this.#touched.add(page);
      }
    }
    for (const [key, row] of this.#rows) if (row.budget === budget) this.#rows.delete(key);
    this.tally.forget(budget);
    deleteSums(this.#sql, budget);
  }
}

function isDone({ keptUntilMs, entries }: OpenPage, nowMs: number): boolean {
  return nowMs >= keptUntilMs && [...entries.values()].every(({ s }) => s !== 'r');
}

function rowKey({ budget, startMs }: Pick<SumsRow, 'budget' | 'startMs'>): string {
  return `${budget}@${startMs}`;
}
