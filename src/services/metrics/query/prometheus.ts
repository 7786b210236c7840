import type { Actor } from '../../../domain/access.ts';
import { missingScope } from '../../access/require-scope.ts';
import { done, type Result } from '../../result.ts';
import type { TimeRange } from '../../ports/metrics-store.ts';
import { DAY_MS, MINUTE_MS } from '../facts/fact.ts';
import { countUpToPower, type Histogram } from '../rollup/histogram.ts';
import { setNames, type Series, type SetName } from '../rollup/series.ts';
import { keptSignals, signals, type KeptSignal } from '../signals.ts';
import type { MetricsDeps } from './metrics-deps.ts';
import { sampleQueues, type BacklogDeps, type QueueSample } from './queues.ts';
import { readWindow } from './read-window.ts';
import { deploymentScopes, projectScope, type ScrapeScope } from './scrape-scopes.ts';
import { bounded, groupedOnce, has, type Labelled } from './scrape-series.ts';
import {
  sampledTargets,
  targetStates,
  type StandingTarget,
  type TargetStateDeps,
} from './target-states.ts';

/**
 * Prometheus' text format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). Counters and histograms
 * count a day of UTC, and begin anew a little after its end, which `rate()` and `increase()` take for what it is. A counter
 * that went back would be taken for one that began anew, so only what the roll-up has stored is told.
 */

/** So long after midnight the day before is told, and nothing else: its last minutes have been summed up and scraped by then. */
const DAY_TOLD_MS = 10 * MINUTE_MS;

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

/** Upper bounds of histograms: powers of two of a millisecond, from 16 ms to 70 minutes, at which counts are exact. */
const BOUNDS = [4, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22] as const;

type Labels = Readonly<Record<string, string>>;

/** What scrapers read: of the whole deployment, by project, for its root key, of the project for any other. */
export async function prometheusText(
  deps: MetricsDeps & BacklogDeps & TargetStateDeps,
  actor: Actor,
): Promise<Result<string>> {
  const refused = missingScope(actor, 'metrics:read');
  if (refused !== null) return refused;
  const { metrics, machine } = deps;
  const project = actor.isRoot ? null : actor.project;
  const nowMs = machine.nowMs();
  const [{ units }, sample] = await Promise.all([
    readWindow(metrics.store, {
      project,
      range: countedDay(nowMs),
      sets: setNames,
      grain: 'hour',
      nowMs,
      minutesFromMs: nowMs - metrics.kept.minutesKeptMs,
      storedOnly: true,
    }),
    sampleQueues(deps, project),
  ]);
  const targets = await targetStates(deps, actor, project === null ? sampledTargets(units) : []);
  const scopes = (project === null ? deploymentScopes(units) : projectScope(units)).map(
    (scope) => ({ ...scope, groups: groupedOnce(scope.units) }),
  );
  const kept = keptSignals.flatMap((signal) => {
    const [set] = signal.sets;
    if (signal.kind === 'ratio' || set === undefined || isSampled(set)) return [];
    // Buckets are those of times.
    if (signal.kind === 'distribution' && signal.unit !== 'ms') return [];
    const names = labelsFor(signal, set);
    const ofScope = ({ groups, ...scope }: (typeof scopes)[number]) =>
      samples(signal, scope, names, groups(set, names));
    return [...familyHeader(signal), ...scopes.flatMap(ofScope)];
  });
  return done(
    [...kept, ...gaugeLines(sample), ...targetLines(targets)].map((text) => `${text}\n`).join(''),
  );
}

function countedDay(nowMs: number): TimeRange {
  const fromMs = Math.floor((nowMs - DAY_TOLD_MS) / DAY_MS) * DAY_MS;
  return { fromMs, toMs: Math.min(nowMs + 1, fromMs + DAY_MS) };
}

/** How it stands now is told beside. */
function isSampled(set: SetName): boolean {
  return set === 'queues' || set === 'runnable' || set === 'targets';
}

function labelsFor({ name, kind }: KeptSignal, set: SetName): readonly string[] {
  if (kind === 'distribution' && set === 'jobs') return ['pipeline'];
  return LABELS_OF[name] ?? LABELS[set];
}

function familyHeader(signal: KeptSignal): string[] {
  const type = signal.kind === 'distribution' ? 'histogram' : typeOf(signal);
  return header(nameOf(signal), type, signal.meaning);
}

/** Corrections take unknown costs back, so they are no counter. */
function typeOf({ name }: KeptSignal): 'counter' | 'gauge' {
  return name === 'unknown_costs' ? 'gauge' : 'counter';
}

function nameOf(signal: KeptSignal): string {
  if (signal.kind === 'distribution') return `penstock_${signal.name}_seconds`;
  const { suffix } = UNITS[signal.unit];
  return `penstock_${stem(signal)}${suffix}${typeOf(signal) === 'counter' ? '_total' : ''}`;
}

/** What a scope has of a metric. */
function samples(
  signal: KeptSignal,
  { labels, seriesMax }: Pick<ScrapeScope, 'labels' | 'seriesMax'>,
  names: readonly string[],
  groups: readonly Labelled[],
): string[] {
  const series = groups.filter(({ point }) => has(signal, point));
  const max = signal.kind === 'distribution' ? seriesMax.distribution : seriesMax.sum;
  return bounded(signal, series, max).flatMap(({ values, point }) => {
    const own = names.map((name, index) => [name, values[index] ?? ''] as const);
    return sampleLines(signal, { ...labels, ...Object.fromEntries(own) }, point);
  });
}

function sampleLines(signal: KeptSignal, labels: Labels, point: Series): string[] {
  const name = nameOf(signal);
  if (signal.kind !== 'distribution') {
    const { scale } = UNITS[signal.unit];
    return [line(name, labels, Number(point.sums.get(signal.name) ?? 0n) / scale)];
  }
  const histogram = point.distributions.get(signal.name);
  return histogram === undefined ? [] : buckets(name, labels, histogram);
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
  // Of what waits and does not tell since when, no age is told: 0 would say that nothing waits.
  const aged = told.filter(({ messages, oldestAtMs }) => messages === 0 || oldestAtMs !== null);
  return [
    ...gauge(
      'queue_messages',
      '',
      told.map(({ queue, messages }) => [{ queue }, messages ?? 0]),
    ),
    ...gauge(
      'queue_oldest_age',
      '_seconds',
      aged.map(({ queue, oldestAtMs }) => [{ queue }, age(oldestAtMs)]),
    ),
    ...gauge('runnable_jobs', '', [[{}, runnable.jobs]]),
    ...gauge('runnable_oldest_age', '_seconds', [[{}, age(runnable.oldestSinceMs)]]),
    ...gauge('silent_shards', '', [[{}, runnable.silent]]),
  ];
}

/** The state that a target is in, as a series of its own. */
function targetLines(targets: readonly StandingTarget[]): string[] {
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
