import type { Actor } from '../../../domain/access.ts';
import { missingScope } from '../../access/require-scope.ts';
import { done, type Result } from '../../result.ts';
import { DAY_MS } from '../facts/fact.ts';
import { countUpToPower, type Histogram } from '../rollup/histogram.ts';
import { mergeSeries, setNames, type Series, type SetName } from '../rollup/series.ts';
import { OTHERS } from '../rollup/stored-rollup.ts';
import { keptSignals, signals, type KeptSignal } from '../signals.ts';
import { groupSums } from './group.ts';
import type { MetricsDeps } from './metrics-deps.ts';
import { sampleQueues, type BacklogDeps, type QueueSample } from './queues.ts';
import { readWindow } from './read-window.ts';
import { targetStates, type TargetState, type TargetStateDeps } from './target-states.ts';

/**
 * Prometheus' text format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). Counters and histograms
 * begin anew at midnight UTC, which `rate()` and `increase()` take for what it is. A counter that went back would be taken
 * for one that began anew, so only what the roll-up has stored is told.
 */

/** What series are told apart by; versions, steps and tags are for the API. */
const LABELS = {
  attempts: ['pipeline', 'provider', 'model'],
  checks: ['pipeline', 'rule'],
  jobs: ['pipeline', 'status'],
  tags: [],
  moderation: ['pipeline', 'category'],
  webhooks: ['endpoint', 'class'],
  feedback: ['pipeline', 'label'],
  queues: [],
  runnable: [],
  targets: [],
} as const satisfies Record<SetName, readonly string[]>;
const LABELS_OF: Readonly<Record<string, readonly string[]>> = {
  failures: ['provider', 'model', 'class'],
  provider_latency: ['provider', 'model'],
  time_to_first_token: ['provider', 'model'],
};

/** Series of one metric; what is beyond is one more, under `(others)`. */
const SERIES_MAX = 200;
/** Upper bounds of histograms: powers of two of a millisecond, from 16 ms to 70 minutes, at which counts are exact. */
const BOUNDS = [4, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22] as const;

type Labels = Readonly<Record<string, string>>;

/** What scrapers read: of the whole deployment for its root key, of the project for any other. */
export async function prometheusText(
  deps: MetricsDeps & BacklogDeps & TargetStateDeps,
  actor: Actor,
): Promise<Result<string>> {
  const refused = missingScope(actor, 'metrics:read');
  if (refused !== null) return refused;
  const { metrics, machine } = deps;
  const project = actor.isRoot ? null : actor.project;
  const nowMs = machine.nowMs();
  const [{ units }, sample, targets] = await Promise.all([
    readWindow(metrics.store, {
      project,
      range: { fromMs: Math.floor(nowMs / DAY_MS) * DAY_MS, toMs: nowMs + 1 },
      sets: setNames,
      grain: 'hour',
      nowMs,
      minutesFromMs: nowMs - metrics.kept.minutesKeptMs,
      storedOnly: true,
    }),
    sampleQueues(deps, project),
    targetStates(deps, actor),
  ]);
  const kept = keptSignals.flatMap((signal) => {
    const [set] = signal.sets;
    if (signal.kind === 'ratio' || set === undefined || isSampled(set)) return [];
    const names = labelsFor(signal, set);
    const groups = groupSums(units, { set, groupBy: names, filters: {}, pointOf: () => 0 });
    const series = groups.flatMap(({ values, points }) => {
      const point = points.get(0);
      return point === undefined || !has(signal, point) ? [] : [{ values, point }];
    });
    return family(signal, names, bounded(series));
  });
  return done(
    [...kept, ...gaugeLines(sample), ...targetLines(targets)].map((text) => `${text}\n`).join(''),
  );
}

/** How it stands now is told beside. */
function isSampled(set: SetName): boolean {
  return set === 'queues' || set === 'runnable' || set === 'targets';
}

function labelsFor({ name, kind }: KeptSignal, set: SetName): readonly string[] {
  if (kind === 'distribution' && set === 'jobs') return ['pipeline'];
  return LABELS_OF[name] ?? LABELS[set];
}

function has({ kind, name }: KeptSignal, { sums, distributions }: Series): boolean {
  return kind === 'distribution' ? distributions.has(name) : sums.has(name);
}

type Labelled = { readonly values: readonly string[]; readonly point: Series };

/** The first ones by name, and all others together. */
function bounded(series: readonly Labelled[]): readonly Labelled[] {
  if (series.length <= SERIES_MAX) return series;
  const [first, ...more] = series.slice(SERIES_MAX - 1);
  if (first === undefined) return series;
  const point = more.reduce((sum, each) => mergeSeries(sum, each.point), first.point);
  return [...series.slice(0, SERIES_MAX - 1), { values: first.values.map(() => OTHERS), point }];
}

function family(
  signal: KeptSignal,
  names: readonly string[],
  series: readonly Labelled[],
): string[] {
  const labelsOf = (values: readonly string[]): Labels =>
    Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
  if (signal.kind === 'distribution') {
    const name = `penstock_${signal.name}_seconds`;
    return [
      ...header(name, 'histogram', signal.meaning),
      ...series.flatMap(({ values, point }) => {
        const histogram = point.distributions.get(signal.name);
        return histogram === undefined ? [] : buckets(name, labelsOf(values), histogram);
      }),
    ];
  }
  // Corrections take unknown costs back, so they are no counter.
  const isCounter = signal.name !== 'unknown_costs';
  const { suffix, scale } = UNITS[signal.unit];
  const name = `penstock_${stem(signal)}${suffix}${isCounter ? '_total' : ''}`;
  return [
    ...header(name, isCounter ? 'counter' : 'gauge', signal.meaning),
    ...series.map(({ values, point }) =>
      line(name, labelsOf(values), Number(point.sums.get(signal.name) ?? 0n) / scale),
    ),
  ];
}

/** Names carry the base unit. */
const UNITS = {
  count: { suffix: '', scale: 1 },
  ratio: { suffix: '', scale: 1 },
  tokens: { suffix: '', scale: 1 },
  units: { suffix: '', scale: 1 },
  state: { suffix: '', scale: 1 },
  s: { suffix: '_seconds', scale: 1 },
  ms: { suffix: '_seconds', scale: 1_000 },
  nano_usd: { suffix: '_usd', scale: 1e9 },
} as const;

function stem({ name, unit }: KeptSignal): string {
  return unit === 'ms' ? name.replace(/_ms$/, '') : name;
}

function buckets(name: string, labels: Labels, histogram: Histogram): string[] {
  const { count, sum } = histogram;
  return [
    ...BOUNDS.map((exponent) =>
      line(
        `${name}_bucket`,
        { ...labels, le: String(2 ** exponent / 1_000) },
        countUpToPower(histogram, exponent),
      ),
    ),
    line(`${name}_bucket`, { ...labels, le: '+Inf' }, count),
    line(`${name}_sum`, labels, sum / 1_000),
    line(`${name}_count`, labels, count),
  ];
}

function gaugeLines({ atMs, queues, runnable }: QueueSample): string[] {
  const age = (sinceMs: number | null): number =>
    sinceMs === null ? 0 : Math.max(0, atMs - sinceMs) / 1_000;
  const told = queues.filter(({ messages }) => messages !== null);
  return [
    ...gauge(
      'queue_messages',
      '',
      told.map(({ queue, messages }) => [{ queue }, messages ?? 0]),
    ),
    ...gauge(
      'queue_oldest_age',
      '_seconds',
      told.map(({ queue, oldestAtMs }) => [{ queue }, age(oldestAtMs)]),
    ),
    ...gauge('runnable_jobs', '', [[{}, runnable.jobs]]),
    ...gauge('runnable_oldest_age', '_seconds', [[{}, age(runnable.oldestSinceMs)]]),
  ];
}

/** The state that a target is in, as a series of its own. */
function targetLines(targets: readonly TargetState[]): string[] {
  return gauge(
    'target_state',
    '',
    targets.map(({ target: { provider, model }, state }) => [{ provider, model, state }, 1]),
  );
}

function gauge(
  name: string,
  suffix: string,
  lines: readonly (readonly [Labels, number])[],
): string[] {
  return [
    ...header(`penstock_${name}${suffix}`, 'gauge', meaningOf(name)),
    ...lines.map(([labels, value]) => line(`penstock_${name}${suffix}`, labels, value)),
  ];
}

function meaningOf(name: string): string {
  return signals.find((signal) => signal.name === name)?.meaning ?? '';
}

function header(name: string, type: string, help: string): string[] {
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return [`# HELP ${name} ${escaped}`, `# TYPE ${name} ${type}`];
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
