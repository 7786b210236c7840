import { cpus } from 'node:os';

import { PRICES, PRICES_AS_OF } from '../prices.ts';
import { costOf, sum, totalUsd, type CostLine, type Counts } from './cost.ts';
import type { CountedJob } from './count-jobs.ts';
import { round, spreadOf, type Spread } from './stats.ts';
import { atMost, overheads, seededTargets, timingTargets, type Target } from './targets.ts';
import { LATENCIES, type Row } from './timings.ts';

export type Measured = {
  readonly quick: boolean;
  readonly rows: readonly Row[];
  readonly memory: { readonly startMb: number; readonly endMb: number; readonly peakMb: number };
  readonly cpuMsPerJob: number;
  readonly jobs: readonly CountedJob[];
  readonly deletion: Counts;
  readonly seeded: {
    readonly jobs: number;
    readonly before: readonly Row[];
    readonly after: readonly Row[];
  } | null;
};

type Overhead = {
  readonly contestant: string;
  readonly modelLatencyMs: number;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
};

type Bill = {
  readonly name: string;
  readonly load: string;
  readonly counts: Counts;
  readonly lines: readonly CostLine[];
  readonly usdPerMillion: number;
};

export type Report = {
  readonly at: string;
  readonly conditions: readonly string[];
  readonly timings: readonly Omit<Row, 'samples'>[];
  readonly overheads: readonly Overhead[];
  readonly doorAdded: readonly Overhead[];
  readonly memory: Measured['memory'];
  readonly cpuMsPerJob: number;
  readonly bills: readonly Bill[];
  readonly deletion: Counts;
  readonly seeded: {
    readonly jobs: number;
    readonly timings: readonly Omit<Row, 'samples'>[];
  } | null;
  readonly targets: readonly Target[];
  readonly prices: { readonly asOf: string; readonly list: typeof PRICES };
};

const THREE_STEP_MAX_USD = 40;
const THREE_STEP_STRETCH_USD = 25;

export function reportOf(measured: Measured): Report {
  const bills = measured.jobs.map((job) => billOf(job, measured.cpuMsPerJob));
  const { seeded } = measured;
  return {
    at: new Date().toISOString(),
    conditions: conditionsOf(measured),
    timings: measured.rows.map(withoutSamples),
    overheads: LATENCIES.flatMap((latencyMs) =>
      [
        'floor, inline',
        'floor with merged hops, inline',
        'Penstock, inline',
        'floor, queued',
        'Workflows',
        'Penstock, queued',
      ].map((contestant) => ({
        contestant,
        modelLatencyMs: latencyMs,
        p50Ms: spreadOf(overheads(measured.rows, contestant, latencyMs)),
        p99Ms: spreadOf(overheads(measured.rows, contestant, latencyMs, 'endP99Ms')),
      })),
    ),
    doorAdded: doorOf(measured.rows),
    memory: measured.memory,
    cpuMsPerJob: round(measured.cpuMsPerJob),
    bills,
    deletion: measured.deletion,
    seeded: seeded && { jobs: seeded.jobs, timings: seeded.after.map(withoutSamples) },
    targets: [
      ...LATENCIES.flatMap((latencyMs) => timingTargets(measured.rows, latencyMs)),
      ...bills.filter(({ name }) => name.startsWith('three')).flatMap(costTargets),
      ...(seeded === null ? [] : seededTargets(seeded.before, seeded.after)),
    ],
    prices: { asOf: PRICES_AS_OF, list: PRICES },
  };
}

function conditionsOf({ quick, rows }: Measured): string[] {
  return [
    `${cpus().length} cores of ${cpus()[0]?.model ?? 'an unknown kind'}, Node ${process.version}`,
    'Path: the Workers runtime (workerd) on the Worker’s own socket, without the development proxy and its entry Worker. Queues, D1, R2 and Workflows are the local runtime’s. State is on disk.',
    'The simulator, the runtime and the load share the machine: ratios mean something, absolute figures little.',
    `${rows[0]?.samples.length ?? 0} repeats${quick ? ' (quick)' : ''}; figures are min / median / max over them.`,
    'Everything on: history, output checks, measurements; logs of errors only.',
  ];
}

function withoutSamples({ samples: _samples, ...row }: Row): Omit<Row, 'samples'> {
  return row;
}

/** What a request through a door takes longer than a direct call. */
function doorOf(rows: readonly Row[]): Overhead[] {
  const calls = rows.filter(({ work }) => work === 'one call');
  return calls
    .filter(({ contestant }) => contestant !== 'direct call')
    .map((row) => {
      const direct = calls.find(
        ({ contestant, lanes, modelLatencyMs }) =>
          contestant === 'direct call' &&
          lanes === row.lanes &&
          modelLatencyMs === row.modelLatencyMs,
      );
      const added = (field: 'endP50Ms' | 'endP99Ms') =>
        spreadOf(
          row.samples.map((one, index) => one[field] - (direct?.samples[index]?.[field] ?? 0)),
        );
      return {
        contestant: `${row.contestant}, ${row.lanes} connection(s)`,
        modelLatencyMs: row.modelLatencyMs,
        p50Ms: added('endP50Ms'),
        p99Ms: added('endP99Ms'),
      };
    });
}

/** Processor time is the local runtime's whole process, an upper bound. */
function billOf({ name, load, counts }: CountedJob, cpuMs: number): Bill {
  const all = name.startsWith('three') ? { ...counts, cpu_ms: cpuMs } : counts;
  const lines = costOf(all);
  return { name, load, counts: all, lines, usdPerMillion: round(totalUsd(lines)) };
}

function costTargets({ name, load, usdPerMillion }: Bill): Target[] {
  const only: Spread = { min: usdPerMillion, median: usdPerMillion, max: usdPerMillion };
  return [THREE_STEP_MAX_USD, THREE_STEP_STRETCH_USD].map((bound) =>
    atMost(`dollars per million jobs, ${name}, ${load}`, bound, only),
  );
}

export function printReport(report: Report): string {
  const sections = [
    report.conditions.join('\n'),
    table(
      [
        'work',
        'who',
        'model ms',
        'lanes',
        'jobs',
        'jobs/s',
        'submit p50 ms',
        'submit p99 ms',
        'end p50 ms',
        'end p99 ms',
      ],
      [
        ...report.timings,
        ...(report.seeded?.timings ?? []).map((row) => ({ ...row, work: `${row.work} (seeded)` })),
      ].map(({ work, contestant, modelLatencyMs, lanes, jobs, spread }) => [
        work,
        contestant,
        `${modelLatencyMs}`,
        `${lanes}`,
        `${jobs}`,
        show(spread.perSecond),
        show(spread.submitP50Ms),
        show(spread.submitP99Ms),
        show(spread.endP50Ms),
        show(spread.endP99Ms),
      ]),
    ),
    overheadTable('overhead beyond three direct calls', report.overheads),
    overheadTable('added to a direct call', report.doorAdded),
    `Memory of the runtime: ${report.memory.startMb} MB at the start, ${report.memory.endMb} MB at the end, ${report.memory.peakMb} MB at most. Processor time: ${report.cpuMsPerJob} ms a three-step job, all of the local runtime.`,
    table(
      [
        'job',
        'load',
        'rows written',
        'object calls',
        'queue ops',
        'D1 rows',
        'requests',
        '$ per million',
      ],
      report.bills.map(({ name, load, counts, usdPerMillion }) => [
        name,
        load,
        ...[
          'object_rows_written.',
          'object_calls.',
          'queue_operations.',
          'd1_rows_written',
          'invocations.',
        ].map((prefix) => `${round(sum(counts, prefix))}`),
        `${usdPerMillion}`,
      ]),
    ),
    table(
      ['target', 'bound', 'measured', 'holds'],
      report.targets.map(({ what, bound, measured, holds }) => [
        what,
        bound,
        show(measured),
        holds ? 'yes' : 'NO',
      ]),
    ),
  ];
  return `${sections.join('\n\n')}\n`;
}

function overheadTable(what: string, rows: readonly Overhead[]): string {
  return table(
    [what, 'model ms', 'p50 ms', 'p99 ms'],
    rows.map(({ contestant, modelLatencyMs, p50Ms, p99Ms }) => [
      contestant,
      `${modelLatencyMs}`,
      show(p50Ms),
      show(p99Ms),
    ]),
  );
}

function show({ min, median, max }: Spread): string {
  return min === max ? `${median}` : `${min} / ${median} / ${max}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, index) =>
    Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
