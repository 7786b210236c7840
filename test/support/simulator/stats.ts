import type { JournalEntry } from './journal.ts';

/** Totals since the start or the last reset; unlike the journal they forget nothing. */
export type Stats = {
  readonly requests: number;
  readonly paid: number;
  readonly in_flight: number;
  readonly peak_concurrency: number;
  readonly by_path: Readonly<Record<string, number>>;
  readonly by_model: Readonly<Record<string, ModelStats>>;
  /** Counts by HTTP status; `none` where no status was sent. */
  readonly by_status: Readonly<Record<string, number>>;
};

type ModelStats = {
  readonly requests: number;
  readonly paid: number;
  readonly in_flight: number;
  readonly peak_concurrency: number;
};

type Counts = { -readonly [Field in keyof ModelStats]: number };

export type StatsKeeper = {
  begin(entry: JournalEntry): void;
  end(entry: JournalEntry): void;
  read(): Stats;
  /** Resolves once no request is under way. */
  idle(): Promise<void>;
  reset(): void;
};

/** Beyond so many different names all others are counted together. */
const namesMax = 1_000;
const otherName = '(other)';

export function createStats(): StatsKeeper {
  let total = emptyCounts();
  let models = new Map<string, Counts>();
  let paths = new Map<string, number>();
  let statuses = new Map<string, number>();
  let waiting: (() => void)[] = [];

  const countsOf = (model: string | null): Counts => {
    const name = roomFor(models, model ?? '(none)');
    const counts = models.get(name) ?? emptyCounts();
    models.set(name, counts);
    return counts;
  };

  return {
    begin(entry) {
      start(total);
      start(countsOf(entry.model));
      increment(paths, entry.path);
    },
    end(entry) {
      finish(total, entry.paid);
      finish(countsOf(entry.model), entry.paid);
      increment(statuses, String(entry.status ?? 'none'));
      if (total.in_flight > 0) return;
      for (const wake of waiting) wake();
      waiting = [];
    },
    read: () => ({
      ...total,
      by_path: Object.fromEntries(paths),
      by_model: Object.fromEntries([...models].map(([name, counts]) => [name, { ...counts }])),
      by_status: Object.fromEntries(statuses),
    }),
    idle: () =>
      new Promise((resolve) => {
        if (total.in_flight === 0) resolve();
        else waiting.push(resolve);
      }),
    reset() {
      total = emptyCounts(total.in_flight);
      models = new Map(
        [...models]
          .filter(([, counts]) => counts.in_flight > 0)
          .map(([name, counts]) => [name, emptyCounts(counts.in_flight)]),
      );
      paths = new Map();
      statuses = new Map();
    },
  };
}

function emptyCounts(inFlight = 0): Counts {
  return { requests: 0, paid: 0, in_flight: inFlight, peak_concurrency: inFlight };
}

function start(counts: Counts): void {
  counts.requests += 1;
  counts.in_flight += 1;
  counts.peak_concurrency = Math.max(counts.peak_concurrency, counts.in_flight);
}

function finish(counts: Counts, paid: boolean): void {
  counts.in_flight -= 1;
  if (paid) counts.paid += 1;
}

function increment(counts: Map<string, number>, wanted: string): void {
  const name = roomFor(counts, wanted);
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function roomFor(counts: ReadonlyMap<string, unknown>, name: string): string {
  return counts.has(name) || counts.size < namesMax ? name : otherName;
}
