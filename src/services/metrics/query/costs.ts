import type { Actor } from '../../../domain/access.ts';
import type { ProjectId } from '../../../domain/ids.ts';
import { missingScope } from '../../access/require-scope.ts';
import type { TimeRange } from '../../ports/metrics-store.ts';
import { done, refuse, refuseAt, type Result } from '../../result.ts';
import { DAY_MS, HOUR_MS, hourOf } from '../facts/fact.ts';
import { dimensionsOf, type SetName } from '../rollup/series.ts';
import { CostSums, type CostGrouping, type CostLine } from './cost-sums.ts';
import type { Filters } from './group.ts';
import type { MetricsDeps } from './metrics-deps.ts';
import { readWindow } from './read-window.ts';
import { refuseTogether } from './timeseries.ts';
import { windowOf, type WindowInput } from './window.ts';

/** What costs are grouped by: projects, dimensions, and the hours and days of UTC. */
export const costGroups = [
  'project',
  'pipeline',
  'version',
  'step',
  'provider',
  'model',
  'class',
  'tag',
  'hour',
  'day',
] as const;
export type CostGroup = (typeof costGroups)[number];

export type CostsRequest = WindowInput & {
  readonly groupBy: readonly CostGroup[];
  readonly filters: Filters;
};

export type Costs = {
  readonly range: TimeRange;
  readonly asOfMs: number;
  readonly lines: readonly CostLine[];
  /** Of all attempts once, though a line for each tag may have several times what has several tags. */
  readonly total: CostLine;
};

const LINES_MAX = 10_000;
const USUAL_WINDOW_MS = 30 * DAY_MS;
/** A window of all projects, which is read in so many parts, so that an answer holds only one of them at a time. */
const EVERYWHERE_MAX_MS = 32 * DAY_MS;
const PARTS = 8;

/** What a window cost, to the nano-dollar: of the actor's project; of all of them for the root key that groups by project. */
export async function costs(
  deps: MetricsDeps,
  actor: Actor,
  request: CostsRequest,
): Promise<Result<Costs>> {
  const refused = missingScope(actor, 'metrics:read');
  if (refused !== null) return refused;
  const nowMs = deps.machine.nowMs();
  const window = windowOf(request, USUAL_WINDOW_MS, nowMs, deps.metrics.kept);
  if (!window.ok) return window;
  const grouping = groupingOf(request, window.value);
  if (!grouping.ok) return grouping;
  const project = actor.isRoot && request.groupBy.includes('project') ? null : actor.project;
  return sumParts(deps, { project, range: window.value, nowMs, grouping: grouping.value });
}

type Asked = {
  /** Null for all of them. */
  readonly project: ProjectId | null;
  readonly range: TimeRange;
  readonly nowMs: number;
  readonly grouping: CostGrouping;
};

async function sumParts(
  { metrics: { store, kept } }: MetricsDeps,
  { project, range, nowMs, grouping }: Asked,
): Promise<Result<Costs>> {
  const isEverywhere = project === null;
  if (isEverywhere && range.toMs - range.fromMs > EVERYWHERE_MAX_MS) return tooLongEverywhere();
  const sums = new CostSums(grouping);
  let asOfMs = nowMs;
  for (const part of isEverywhere ? partsOf(range) : [range]) {
    const read = await readWindow(store, {
      project,
      range: part,
      sets: [...new Set<SetName>([grouping.set, grouping.totalSet])],
      grain: 'hour',
      nowMs,
      minutesFromMs: nowMs - kept.minutesKeptMs,
    });
    sums.add(read.units);
    asOfMs = Math.min(asOfMs, read.asOfMs);
    if (sums.count > LINES_MAX) return tooManyLines(sums.count);
  }
  return done({ range, asOfMs, lines: sums.lines(), total: sums.total });
}

function groupingOf(
  { groupBy, filters }: CostsRequest,
  { fromMs }: TimeRange,
): Result<CostGrouping> {
  const dimensions = groupBy.filter((name) => !APART.has(name));
  const names = [...dimensions, ...Object.keys(filters)];
  const set = costSet(names);
  if (set === null) return refuseTogether(names);
  const totalSet = filters['tag'] === undefined ? 'attempts' : 'tags';
  return done({ groupBy, dimensions, set, totalSet, filters, fromMs });
}

/** What lines are told apart by beside the dimensions of a set. */
const APART: ReadonlySet<string> = new Set<CostGroup>(['project', 'hour', 'day']);

function tooLongEverywhere(): Result<never> {
  return refuseAt(
    'unprocessable',
    '/query/group_by',
    'the costs of all projects are answered for at most 32 days: ask for a month at a time, such as period=2026-11, or for one project with the header penstock-project and without grouping by project',
  );
}

function tooManyLines(count: number): Result<never> {
  return refuse(
    'unprocessable',
    `the answer would have ${count} lines, at most ${LINES_MAX} are answered: filter by a dimension, group by fewer, or ask for a shorter window`,
  );
}

/** Parts of whole hours, so that hours are read as hours. */
function partsOf({ fromMs, toMs }: TimeRange): TimeRange[] {
  const lengthMs = Math.max(HOUR_MS, Math.ceil((toMs - fromMs) / PARTS / HOUR_MS) * HOUR_MS);
  const firstMs = hourOf(fromMs);
  return Array.from({ length: PARTS + 1 }, (_, index) => ({
    fromMs: Math.max(fromMs, firstMs + index * lengthMs),
    toMs: Math.min(toMs, firstMs + (index + 1) * lengthMs),
  })).filter((part) => part.fromMs < part.toMs);
}

function costSet(names: readonly string[]): 'attempts' | 'tags' | null {
  const sets = ['attempts', 'tags'] as const;
  const fits = sets.find((set) => {
    const known: readonly string[] = dimensionsOf[set];
    return names.every((name) => known.includes(name));
  });
  return fits ?? null;
}
