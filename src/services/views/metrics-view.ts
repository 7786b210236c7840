import { z } from 'zod';

import { formatUsd } from '../../domain/money.ts';
import { isoTime } from '../../domain/wire.ts';
import type { CostLine } from '../metrics/query/cost-sums.ts';
import type { Costs } from '../metrics/query/costs.ts';
import type { QueueSample } from '../metrics/query/queues.ts';
import type { Summary } from '../metrics/query/summary.ts';
import type { Timeseries } from '../metrics/query/timeseries.ts';
import type { TimeRange } from '../ports/metrics-store.ts';

/** What the API tells of measurements. */

const time = z.iso.datetime();
const windowFields = {
  from: time.meta({ description: 'The window that is answered: whole minutes, or whole hours' }),
  to: time,
  as_of: time.meta({ description: 'What was told by this moment is in the answer' }),
  unmeasured: z.literal(true).optional().meta({
    description:
      'The deployment keeps no measurements at present (`METRICS=off`): only what was measured before is in the answer',
  }),
};
const unit = z.string().meta({ description: '`ms`, `nano_usd`, `ratio`, `count`, `tokens` …' });

const measured = z.union([
  z.object({ value: z.number().nullable() }),
  z.object({
    count: z.int(),
    mean: z.number().nullable(),
    p50: z.number().nullable(),
    p90: z.number().nullable(),
    p95: z.number().nullable(),
    p99: z.number().nullable(),
    max: z.number().nullable(),
  }),
]);

export const summarySchema = z
  .object({
    object: z.literal('metrics_summary'),
    ...windowFields,
    metrics: z.record(z.string(), z.intersection(z.object({ unit }), measured)),
  })
  .meta({ id: 'MetricsSummary' });

export function summaryView({ range, asOfMs, metrics }: Summary): z.infer<typeof summarySchema> {
  const entries = metrics.map(
    ([{ name, unit: of }, each]) => [name, { unit: of, ...each }] as const,
  );
  return {
    object: 'metrics_summary',
    ...windowView(range, asOfMs),
    metrics: Object.fromEntries(entries),
  };
}

export const timeseriesSchema = z
  .object({
    object: z.literal('timeseries'),
    metric: z.string(),
    unit,
    step: z.string(),
    ...windowFields,
    data: z.array(
      z.object({
        group: z.record(z.string(), z.string()),
        points: z.array(z.intersection(z.object({ at: time }), measured)),
      }),
    ),
  })
  .meta({ id: 'Timeseries' });

export function timeseriesView(told: Timeseries): z.infer<typeof timeseriesSchema> {
  return {
    object: 'timeseries',
    metric: told.signal.name,
    unit: told.signal.unit,
    step: told.step,
    ...windowView(told.range, told.asOfMs),
    data: told.series.map(({ group, points }) => ({
      group,
      points: points.map(({ atMs, ...each }) => ({ at: isoTime(atMs), ...each })),
    })),
  };
}

const exact = z.string().meta({ description: 'A whole number of nano-dollars, exactly' });
const costLine = z.object({
  group: z.record(z.string(), z.string()),
  nano_usd: exact,
  usd: z.string().meta({ description: 'The same in dollars, exactly', example: '0.001200000' }),
  saved_nano_usd: exact,
  attempts: z.int(),
  unknown_costs: z.int().meta({
    description: 'Attempts whose cost is not known, less those it has become known of since',
  }),
  usage: z.record(z.string(), z.int()),
});

export const costsSchema = z
  .object({
    object: z.literal('costs'),
    ...windowFields,
    data: z.array(costLine),
    total: costLine.omit({ group: true }),
  })
  .meta({ id: 'Costs' });

export function costsView({ range, asOfMs, lines, total }: Costs): z.infer<typeof costsSchema> {
  const { group: _none, ...sum } = costLineView(total);
  return {
    object: 'costs',
    ...windowView(range, asOfMs),
    data: lines.map(costLineView),
    total: sum,
  };
}

function costLineView(line: CostLine): z.infer<typeof costLine> {
  return {
    group: line.group,
    nano_usd: line.costNanoUsd.toString(),
    usd: formatUsd(line.costNanoUsd),
    saved_nano_usd: line.savedNanoUsd.toString(),
    attempts: Number(line.attempts),
    unknown_costs: Number(line.unknownCosts),
    usage: Object.fromEntries(Object.entries(line.usage).map(([name, sum]) => [name, Number(sum)])),
  };
}

/** One line a group, with a header (RFC 4180); the same columns whatever was used. */
export function costsCsv(
  { lines }: Costs,
  groupBy: readonly string[],
  usage: readonly string[],
): string {
  const header = [
    ...groupBy,
    'usd',
    'nano_usd',
    'saved_nano_usd',
    'attempts',
    'unknown_costs',
    ...usage,
  ];
  const rows = lines.map((line) => [
    ...groupBy.map((name) => line.group[name] ?? ''),
    formatUsd(line.costNanoUsd),
    line.costNanoUsd.toString(),
    line.savedNanoUsd.toString(),
    line.attempts.toString(),
    line.unknownCosts.toString(),
    ...usage.map((name) => (line.usage[name] ?? 0n).toString()),
  ]);
  return [header, ...rows].map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

/** A cell that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, "CSV Injection"). */
function csvCell(text: string): string {
  const harmless = /^[=+@\t\r\n＝＋－＠]|^-(?!\d+(\.\d+)?$)/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

export const queuesSchema = z
  .object({
    object: z.literal('queues'),
    sampled_at: time,
    queues: z.array(
      z.object({
        queue: z.string().meta({ description: 'The name of its binding' }),
        messages: z.int().nullable(),
        bytes: z.int().nullable(),
        oldest_at: time.nullable(),
        oldest_age_s: z.number().nullable(),
        unavailable: z.string().nullable().meta({ description: 'Why nothing is told of it' }),
      }),
    ),
    runnable: z.object({
      jobs: z.int().meta({ description: 'Jobs that could go on and that no runner has taken' }),
      oldest_since: time.nullable(),
      oldest_age_s: z.number().nullable(),
      shards: z.int(),
      shards_silent: z.int().meta({ description: 'Shards that did not answer in time' }),
    }),
  })
  .meta({ id: 'Queues' });

function timeOf(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}

export function queuesView({ atMs, queues, runnable }: QueueSample): z.infer<typeof queuesSchema> {
  const age = (ms: number | null) => (ms === null ? null : Math.max(0, atMs - ms) / 1_000);
  return {
    object: 'queues',
    sampled_at: isoTime(atMs),
    queues: queues.map(({ queue, messages, bytes, oldestAtMs, unavailable }) => ({
      queue,
      messages,
      bytes,
      oldest_at: timeOf(oldestAtMs),
      oldest_age_s: age(oldestAtMs),
      unavailable,
    })),
    runnable: {
      jobs: runnable.jobs,
      oldest_since: timeOf(runnable.oldestSinceMs),
      oldest_age_s: age(runnable.oldestSinceMs),
      shards: runnable.shards,
      shards_silent: runnable.silent,
    },
  };
}

/** To be told beside what a deployment answers that measures nothing. */
export function unmeasuredView(unmeasured = false): { unmeasured?: true } {
  return unmeasured ? { unmeasured: true } : {};
}

function windowView({ fromMs, toMs }: TimeRange, asOfMs: number) {
  return { from: isoTime(fromMs), to: isoTime(toMs), as_of: isoTime(asOfMs) };
}
