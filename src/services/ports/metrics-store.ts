import type { ProjectId } from '../../domain/ids.ts';
import type { JobFacts } from '../metrics/facts/fact.ts';
import type { Rollup, SetName } from '../metrics/rollup/series.ts';

export type Grain = 'minute' | 'hour';

/** One project's minute or hour, by its first millisecond. */
export type MetricUnit = {
  readonly project: ProjectId;
  readonly grain: Grain;
  readonly atMs: number;
};

export type StoredSums = MetricUnit & { readonly rollup: Rollup };

/** From the first moment to before the second. */
export type TimeRange = { readonly fromMs: number; readonly toMs: number };

/** The facts of a minute, and what must not have changed when its sums are stored. */
export type MinuteFacts = {
  /** Each fact once. */
  readonly jobs: readonly JobFacts[];
  readonly rowsRead: number;
};

/** What is measured. A null project stands for all of them. */
export type MetricsStore = {
  /** The sums that are stored, in the order of their times. */
  sums(
    project: ProjectId | null,
    grain: Grain,
    ranges: readonly TimeRange[],
    sets: readonly SetName[],
  ): Promise<readonly StoredSums[]>;
  /** Units whose sums are to be made anew, the oldest first. */
  marks(
    project: ProjectId | null,
    grain: Grain,
    range: TimeRange,
    limit: number,
  ): Promise<readonly MetricUnit[]>;
  facts(project: ProjectId, minuteMs: number): Promise<MinuteFacts>;
};

/** What the roll-up needs beside. Whatever runs at the same time, older sums never replace newer ones. */
export type RollupStore = MetricsStore & {
  /** Stores a minute's sums unless facts came meanwhile; then its mark stays, and it is done again. True when stored. */
  storeMinute(unit: MetricUnit, facts: MinuteFacts, rollup: Rollup): Promise<boolean>;
  /** The stored minutes of an hour, and how many facts they are made of. */
  minutesOf(hour: MetricUnit): Promise<{ rollups: readonly Rollup[]; sources: number }>;
  /** Stores an hour's sums unless one of its minutes was made anew meanwhile. */
  storeHour(hour: MetricUnit, rollup: Rollup, sources: number): Promise<boolean>;
  /** Marks every minute and hour of the range that has facts or sums. Gives how many were not marked before. */
  mark(range: TimeRange): Promise<number>;
  /** Minutes whose facts are older than a moment and not marked. */
  minutesBefore(ms: number, limit: number): Promise<readonly MetricUnit[]>;
  /** Moves the facts of a minute out of the database. False when another did at the same time. */
  archive(unit: MetricUnit): Promise<boolean>;
  /** Deletes sums older than a moment, at most `limit` of them. Gives how many. */
  deleteSums(grain: Grain, beforeMs: number, limit: number): Promise<number>;
  recordRun(atMs: number, counts: Readonly<Record<string, number>>): Promise<void>;
};
