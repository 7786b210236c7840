import type { ProjectId } from '../../domain/ids.ts';
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

/** The sums of a minute made anew, and what must not have changed when they are stored. */
export type MinuteSums = {
  readonly rollup: Rollup;
  /** How many facts they are made of, each once. */
  readonly sources: number;
  readonly rowsRead: number;
};

/** The sums of an hour made anew, and out of what. */
export type HourSums = {
  readonly rollups: readonly Rollup[];
  /** How many facts they are made of. */
  readonly sources: number;
  /** Rows of facts that were read; null where the hour is made of the sums of its minutes. */
  readonly factRows: number | null;
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
  /** The sums of a minute, out of its facts. */
  sumFacts(project: ProjectId, minuteMs: number): Promise<MinuteSums>;
};

/** What the roll-up needs beside. Whatever runs at the same time, older sums never replace newer ones. */
export type RollupStore = MetricsStore & {
  /** Units of all projects before a moment whose sums are to be made anew, the newest first. */
  due(grain: Grain, beforeMs: number, limit: number): Promise<readonly MetricUnit[]>;
  /** Stores a minute's sums unless facts came meanwhile; then its mark stays, and it is done again. True when stored. */
  storeMinute(unit: MetricUnit, sums: MinuteSums): Promise<boolean>;
  /** What an hour is made of: its minutes, or where these are gone their facts. */
  partsOf(hour: MetricUnit): Promise<HourSums>;
  /** Stores an hour's sums unless one of its minutes was made anew meanwhile. */
  storeHour(hour: MetricUnit, rollup: Rollup, made: HourSums): Promise<boolean>;
  /**
   * Marks every minute and hour of the range that has facts or sums. Gives how many were not marked before; null, and marks
   * none, if there are more than `limit`.
   */
  mark(range: TimeRange, limit: number): Promise<number | null>;
  /** Minutes whose facts are older than a moment and not marked. */
  minutesBefore(ms: number, limit: number): Promise<readonly MetricUnit[]>;
  /** Moves the facts of a minute out of the database. False when another did at the same time. */
  archive(unit: MetricUnit): Promise<boolean>;
  /** Deletes sums older than a moment, at most `limit` of them. Gives how many. */
  deleteSums(grain: Grain, beforeMs: number, limit: number): Promise<number>;
  recordRun(atMs: number, counts: Readonly<Record<string, number>>): Promise<void>;
};
