import type { Actor } from '../../../domain/access.ts';
import { missingScope } from '../../access/require-scope.ts';
import type { TimeRange } from '../../ports/metrics-store.ts';
import { done, refuse, refuseAt, type Result } from '../../result.ts';
import { HOUR_MS } from '../facts/fact.ts';
import {
  dimensionsOfSignal,
  keptSignal,
  keptSignals,
  setFor,
  signals,
  type KeptSignal,
} from '../signals.ts';
import type { Filters } from './group.ts';
import type { Measured } from './measure.ts';
import { measureGroups } from './measure-groups.ts';
import type { MetricsDeps } from './metrics-deps.ts';
import { readVisible, type VisibleDeps } from './read-visible.ts';
import { stepOf, STEPS, windowOf, type Step, type WindowInput } from './window.ts';

export type TimeseriesRequest = WindowInput & {
  readonly metric: string;
  readonly groupBy: readonly string[];
  readonly filters: Filters;
  readonly step: Step | undefined;
};

export type Timeseries = {
  readonly signal: KeptSignal;
  readonly step: Step;
  readonly range: TimeRange;
  readonly asOfMs: number;
  readonly series: readonly {
    readonly group: Readonly<Record<string, string>>;
    readonly points: readonly (Measured & { readonly atMs: number })[];
  }[];
};

/** Series, and points of all of them together, that an answer has at most. */
const SERIES_MAX = 200;
const ALL_POINTS_MAX = 50_000;
const USUAL_WINDOW_MS = 3 * HOUR_MS;

/** How a signal went over time, told apart by some of its dimensions. Points at which nothing happened are left out. */
export async function timeseries(
  deps: MetricsDeps & VisibleDeps,
  actor: Actor,
  request: TimeseriesRequest,
): Promise<Result<Timeseries>> {
  const { kept } = deps.metrics;
  const refused = missingScope(actor, 'metrics:read');
  if (refused !== null) return refused;
  const nowMs = deps.machine.nowMs();
  const signal = signalOf(request.metric);
  if (!signal.ok) return signal;
  const set = setOf(signal.value, request);
  if (!set.ok) return set;
  const window = windowOf(request, USUAL_WINDOW_MS, nowMs, kept);
  if (!window.ok) return window;
  const step = stepOf(request.step, window.value, nowMs, kept);
  if (!step.ok) return step;
  const stepMs = STEPS[step.value];
  const fromMs = Math.floor(window.value.fromMs / stepMs) * stepMs;
  const range = { fromMs, toMs: window.value.toMs };
  const { units, asOfMs } = await readVisible(deps, actor, {
    range,
    sets: [set.value],
    grain: stepMs >= HOUR_MS ? 'hour' : 'minute',
    nowMs,
    minutesFromMs: nowMs - kept.minutesKeptMs,
  });
  const { groupBy, filters } = request;
  const pointOf = (atMs: number): number => Math.floor(atMs / stepMs) * stepMs;
  const selection = { set: set.value, groupBy, filters, pointOf };
  const groups = measureGroups(units, signal.value, selection);
  const points = groups.reduce((sum, group) => sum + group.points.size, 0);
  if (groups.length > SERIES_MAX || points > ALL_POINTS_MAX) {
    return refuse(
      'unprocessable',
      `the answer would have ${groups.length} series and ${points} points; at most ${SERIES_MAX} and ${ALL_POINTS_MAX} are answered. Filter by a dimension, group by fewer, or ask for a longer step.`,
    );
  }
  const series = groups.map((group) => ({
    group: Object.fromEntries(groupBy.map((name, index) => [name, group.values[index] ?? ''])),
    points: [...group.points]
      .toSorted(([a], [b]) => a - b)
      .map(([atMs, measured]) => ({ atMs, ...measured })),
  }));
  return done({ signal: signal.value, step: step.value, range, asOfMs, series });
}

function signalOf(name: string): Result<KeptSignal> {
  const signal = keptSignal(name);
  if (signal !== null) return done(signal);
  const known = keptSignals.map((each) => each.name).join(', ');
  const isGauge = signals.some((each) => each.name === name);
  const kept = name === 'target_state' ? ' (target_samples, grouped by state, is)' : '';
  const where = isGauge ? `is told by /metrics and is not kept${kept}` : 'is not a metric';
  return refuseAt('invalid_request', '/query/metric', `${name} ${where}; there are ${known}`);
}

/** The set that has all dimensions that are grouped or filtered by. */
function setOf(
  signal: KeptSignal,
  { groupBy, filters }: Pick<TimeseriesRequest, 'groupBy' | 'filters'>,
) {
  const known = dimensionsOfSignal(signal);
  const names = [...groupBy, ...Object.keys(filters)];
  const strange = names.find((name) => !known.includes(name));
  if (strange !== undefined) {
    const pointer = groupBy.includes(strange) ? 'group_by' : filterName(strange);
    return refuseAt(
      'invalid_request',
      `/query/${pointer}`,
      `${signal.name} is not told apart by ${strange}; it is by ${known.join(', ')}`,
    );
  }
  const set = setFor(signal, names);
  return set === null ? refuseTogether(names) : done(set);
}

/** `step` is how wide a point is. */
function filterName(dimension: string): string {
  return dimension === 'step' ? 'step_id' : dimension;
}

/** Tags in combination with steps and versions would make more series than anybody reads. */
export function refuseTogether(names: readonly string[]) {
  const wrong = names.filter((name) => !TAGGED.includes(name));
  return refuseAt(
    'unprocessable',
    '/query/group_by',
    `a tag cannot be combined with ${wrong.join(', ')}; together with it there are ${TAGGED.filter((name) => name !== 'tag').join(', ')}`,
  );
}

const TAGGED: readonly string[] = ['tag', 'pipeline', 'provider', 'model'];
