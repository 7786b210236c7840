import type { ModelLatencyMs } from './simulator.ts';
import { round, spreadOf, type Spread } from './stats.ts';
import type { Row } from './timings.ts';

/** A target, what was measured in each repeat, and whether the median meets it. */
export type Target = {
  readonly what: string;
  readonly bound: string;
  readonly measured: Spread;
  readonly holds: boolean;
};

const CALLS = 3;

/** The row of a contestant; there is exactly one. */
function find(
  rows: readonly Row[],
  work: Row['work'],
  contestant: string,
  lanes: number,
  latencyMs: ModelLatencyMs,
): Row {
  const row = rows.find(
    (one) =>
      one.work === work &&
      one.contestant === contestant &&
      one.lanes === lanes &&
      one.modelLatencyMs === latencyMs,
  );
  if (row === undefined) throw new Error(`${work} of ${contestant} was not measured`);
  return row;
}

/** How long a job took beyond its model calls, as a direct caller sees these, in each repeat. */
export function overheads(
  rows: readonly Row[],
  contestant: string,
  latencyMs: ModelLatencyMs,
  share: 'endP50Ms' | 'endP99Ms' = 'endP50Ms',
): number[] {
  const calls = find(rows, 'one call', 'direct call', 1, latencyMs).samples;
  const jobs = find(rows, 'three calls', contestant, 1, latencyMs).samples;
  return jobs.map((job, index) => job[share] - CALLS * (calls[index]?.endP50Ms ?? 0));
}

function throughputs(
  rows: readonly Row[],
  work: Row['work'],
  contestant: string,
  latencyMs: ModelLatencyMs,
) {
  return find(rows, work, contestant, 32, latencyMs).samples.map(({ perSecond }) => perSecond);
}

function ratios(above: readonly number[], below: readonly number[]): Spread {
  return spreadOf(above.map((value, index) => value / (below[index] ?? Number.NaN)));
}

function atLeast(what: string, bound: number, measured: Spread): Target {
  return { what, bound: `≥ ${bound}`, measured, holds: measured.median >= bound };
}

export function atMost(what: string, bound: number, measured: Spread): Target {
  return { what, bound: `≤ ${bound}`, measured, holds: measured.median <= bound };
}

/** The ratios of a run, repeat by repeat. */
export function timingTargets(rows: readonly Row[], latencyMs: ModelLatencyMs): Target[] {
  const at = `, model at ${latencyMs} ms`;
  const three = (name: string) => throughputs(rows, 'three calls', name, latencyMs);
  const over = (name: string) => overheads(rows, name, latencyMs);
  const door = (lanes: number, name: string) =>
    find(rows, 'one call', name, lanes, latencyMs).samples.map(({ perSecond }) => perSecond);
  const queued = three('Penstock, queued');
  return [
    atLeast(`jobs/s queued ÷ Workflows${at}`, 2, ratios(queued, three('Workflows'))),
    atLeast(`jobs/s queued ÷ floor queued${at}`, 0.5, ratios(queued, three('floor, queued'))),
    atLeast(
      `jobs/s inline ÷ floor inline${at}`,
      0.5,
      ratios(three('Penstock, inline'), three('floor, inline')),
    ),
    atMost(
      `overhead p50 inline ÷ floor${at}`,
      1.5,
      ratios(over('Penstock, inline'), over('floor, inline')),
    ),
    atMost(
      `overhead p50 queued ÷ floor${at}`,
      2,
      ratios(over('Penstock, queued'), over('floor, queued')),
    ),
    ...[1, 32].map((lanes) =>
      atLeast(
        `synchronous door requests/s ÷ bare proxy, ${lanes} connection(s)${at}`,
        0.5,
        ratios(door(lanes, 'Penstock, inline'), door(lanes, 'bare proxy')),
      ),
    ),
  ];
}

function only(value: number): Spread {
  return { min: value, median: value, max: value };
}

/** The same work with many finished jobs stored, in relation to before. */
export function seededTargets(before: readonly Row[], after: readonly Row[]): Target[] {
  return ['Penstock, inline', 'Penstock, queued'].flatMap((name) => {
    const of = (rows: readonly Row[], lanes: number, field: 'perSecond' | 'endP50Ms') =>
      find(rows, 'three calls', name, lanes, 0).spread[field].median;
    const jobs = round(of(after, 32, 'perSecond') / of(before, 32, 'perSecond'));
    const latency = round(of(after, 1, 'endP50Ms') / of(before, 1, 'endP50Ms'));
    return [
      atLeast(`${name}: jobs/s with 200,000 jobs stored ÷ without`, 0.8, only(jobs)),
      atMost(`${name}: latency p50 with 200,000 jobs stored ÷ without`, 1.2, only(latency)),
    ];
  });
}
