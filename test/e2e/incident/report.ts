import { writeFileSync } from 'node:fs';

import { servedBy, type PhaseResult, type Targets } from './stream.ts';

export type PhaseFigures = {
  readonly phase: string;
  readonly jobs: number;
  readonly succeeded: number;
  readonly callsToFirst: number;
  readonly callsToSecond: number;
  readonly paidCalls: number;
  /** Of the jobs. */
  readonly servedBySecond: number;
  /** From a job's submit to its answer. */
  readonly p50Ms: number;
  readonly p95Ms: number;
};

export function figuresOf(
  { phase, served, calls }: PhaseResult,
  { first, second }: Targets,
): PhaseFigures {
  const times = served.map(({ tookMs }) => tookMs).toSorted((left, right) => left - right);
  const at = (share: number) => Math.round(times[Math.ceil(share * times.length) - 1] ?? 0);
  const callsTo = (model: string) => calls.filter((call) => call.model === model).length;
  return {
    phase: phase.name,
    jobs: served.length,
    succeeded: served.filter(({ job }) => job.status === 'succeeded').length,
    callsToFirst: callsTo(first),
    callsToSecond: callsTo(second),
    paidCalls: calls.filter(({ paid }) => paid).length,
    servedBySecond: served.filter((one) => servedBy(one) === second).length,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
  };
}

/** The figures as a table; what a phase adds is counted from the first one. */
function tableOf(figures: readonly PhaseFigures[]): string {
  const [base] = figures;
  const rows = figures.map((each) => [
    each.phase,
    `${each.succeeded} of ${each.jobs}`,
    (each.paidCalls / each.jobs).toFixed(2),
    String(each.callsToFirst),
    String(each.callsToSecond),
    `${Math.round((100 * each.servedBySecond) / each.jobs)} %`,
    `${each.p50Ms} / ${each.p95Ms}`,
    `${signed(each.p50Ms - (base?.p50Ms ?? 0))} / ${signed(each.p95Ms - (base?.p95Ms ?? 0))}`,
  ]);
  const head = [
    'phase of the first target',
    'jobs succeeded',
    'paid calls a job',
    'calls to the first',
    'calls to the second',
    'served by the second',
    'ms, p50 / p95',
    'added ms, p50 / p95',
  ];
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `${lines.join('\n')}\n`;
}

function signed(ms: number): string {
  return ms > 0 ? `+${ms}` : String(ms);
}

/** Writes the table to the file that `PENSTOCK_INCIDENT_REPORT` names, if it does, and puts it out. */
export function tellIncident(figures: readonly PhaseFigures[]): void {
  const path = process.env['PENSTOCK_INCIDENT_REPORT'];
  if (path === undefined || path === '') return;
  const table = tableOf(figures);
  writeFileSync(path, table);
  process.stdout.write(`\n${table}`);
}
