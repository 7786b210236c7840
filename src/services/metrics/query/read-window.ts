import type { ProjectId } from '../../../domain/ids.ts';
import type {
  Grain,
  MetricsStore,
  MetricUnit,
  StoredSums,
  TimeRange,
} from '../../ports/metrics-store.ts';
import { HOUR_MS, hourOf } from '../facts/fact.ts';
import type { SetName } from '../rollup/series.ts';

export type WindowSums = {
  readonly units: readonly StoredSums[];
  /** What was told by this moment is in the sums. */
  readonly asOfMs: number;
};

export type WindowRequest = {
  /** Null for all of them. */
  readonly project: ProjectId | null;
  readonly range: TimeRange;
  readonly sets: readonly SetName[];
  /** The coarsest sums that will do. */
  readonly grain: Grain;
  readonly nowMs: number;
  /** Since when there are minutes. */
  readonly minutesFromMs: number;
  /** Only what the roll-up has stored: lags behind by minutes, and never goes back from one question to the next. */
  readonly storedOnly?: true;
};

/** Minutes whose facts a question adds up itself; beyond, it answers as of then. */
const FRESH_MAX = 60;
/** Facts that it adds up: once there are more, it begins no further minute. It takes some 20 µs for each. */
const FRESH_FACTS_MAX = 100_000;
const HOURS_MARKED_MAX = 10_000;
/** Of a busy minute there are megabytes in memory. */
const AT_ONCE = 4;

/**
 * The sums of a window, of hours where they are whole and settled and of minutes elsewhere. Minutes that are marked, those
 * of now among them, are added up out of their facts for this answer, so that it does not lag behind the roll-up.
 */
export async function readWindow(
  store: MetricsStore,
  { project, range, sets, grain, nowMs, minutesFromMs, storedOnly }: WindowRequest,
): Promise<WindowSums> {
  // Older hours are answered as they stand until the roll-up has made them anew.
  const settledMs = hourOf(minutesFromMs) + HOUR_MS;
  const recent = { ...range, fromMs: Math.max(range.fromMs, settledMs) };
  const outer = { ...recent, fromMs: hourOf(recent.fromMs) };
  const [marked, markedHours] = await Promise.all([
    store.marks(project, 'minute', recent, FRESH_MAX + 1),
    grain === 'hour' ? store.marks(project, 'hour', outer, HOURS_MARKED_MAX) : [],
  ]);
  const freshMax = storedOnly === true ? 0 : FRESH_MAX;
  const unsettled = new Set(
    [...marked, ...markedHours].map((unit) => keyOf(unit, hourOf(unit.atMs))),
  );
  const hours = grain === 'hour' ? wholeHours(range) : null;
  const isOfHour = (unit: MetricUnit): boolean =>
    hours !== null &&
    unit.atMs >= hours.fromMs &&
    unit.atMs < hours.toMs &&
    !unsettled.has(keyOf(unit, hourOf(unit.atMs)));
  const inMinutes = minuteRanges(range, hours, [...marked, ...markedHours]);
  const [hourSums, minuteSums, freshSums] = await Promise.all([
    hours === null ? [] : store.sums(project, 'hour', [hours], sets),
    store.sums(project, 'minute', inMinutes, sets),
    sumFresh(store, marked.slice(0, freshMax)),
  ]);
  const anew = new Set(freshSums.map((unit) => keyOf(unit, unit.atMs)));
  const stored = minuteSums.filter((unit) => !isOfHour(unit) && !anew.has(keyOf(unit, unit.atMs)));
  return {
    units: [...hourSums.filter(isOfHour), ...stored, ...freshSums],
    asOfMs: marked[freshSums.length]?.atMs ?? nowMs,
  };
}

function keyOf({ project }: MetricUnit, atMs: number): string {
  return `${project}:${atMs}`;
}

function wholeHours({ fromMs, toMs }: TimeRange): TimeRange | null {
  const first = Math.ceil(fromMs / HOUR_MS) * HOUR_MS;
  const end = hourOf(toMs);
  return first < end ? { fromMs: first, toMs: end } : null;
}

/** What lies outside of whole hours, and the whole hours that are not settled. */
function minuteRanges(
  range: TimeRange,
  hours: TimeRange | null,
  unsettled: readonly MetricUnit[],
): TimeRange[] {
  if (hours === null) return [range];
  const inside = [...new Set(unsettled.map(({ atMs }) => hourOf(atMs)))]
    .filter((atMs) => atMs >= hours.fromMs && atMs < hours.toMs)
    .map((atMs) => ({ fromMs: atMs, toMs: atMs + HOUR_MS }));
  const edges = [
    { fromMs: range.fromMs, toMs: hours.fromMs },
    { fromMs: hours.toMs, toMs: range.toMs },
  ];
  return [...edges, ...inside].filter(({ fromMs, toMs }) => fromMs < toMs);
}

/** Of the first units, as many as have not too many facts. */
async function sumFresh(
  store: MetricsStore,
  units: readonly MetricUnit[],
): Promise<readonly StoredSums[]> {
  const sums: StoredSums[] = [];
  let facts = 0;
  for (let first = 0; first < units.length; first += AT_ONCE) {
    const made = await Promise.all(
      units.slice(first, first + AT_ONCE).map(async (unit) => {
        const { rollup, sources } = await store.sumFacts(unit.project, unit.atMs);
        return { sources, sums: { ...unit, rollup } };
      }),
    );
    sums.push(...made.map((each) => each.sums));
    facts += made.reduce((sum, { sources }) => sum + sources, 0);
    if (facts > FRESH_FACTS_MAX) break;
  }
  return sums;
}
