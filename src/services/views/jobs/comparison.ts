import { differencesOf } from '../../reruns/json-difference.ts';
import type { ComparisonView } from './comparison-schema.ts';
import type { JobView, StepView } from './job-schema.ts';

const DIFFERENCES_MAX = 100;

/** A rerun beside the job that it runs again. */
export function comparisonOf(before: JobView, after: JobView): ComparisonView {
  const note = whatCannotBeCompared(before, after);
  return {
    with: before.id,
    note,
    output: note === null ? outputs(before, after) : null,
    cost: costs(before.cost, after.cost),
    latency: latencies(before, after),
    steps: stepIds(before, after).map((id) => comparedStep(id, before, after)),
  };
}

/** The comparison of a rerun whose original is no more. */
export function comparisonWithNothing(id: string): ComparisonView {
  const note = `${id} does not exist any more: its retention is over, so there is nothing to compare with`;
  return { with: id, note, output: null, cost: null, latency: null, steps: [] };
}

function whatCannotBeCompared(before: JobView, after: JobView): string | null {
  const open = [before, after].find(({ terminal }) => !terminal);
  if (open !== undefined)
    return `${open.id} is ${open.status}: its output is compared once it is over`;
  const erased = [before, after].find((job) => job.payloads_erased);
  return erased === undefined
    ? null
    : `the payloads of ${erased.id} have been erased: outputs cannot be compared`;
}

function outputs(before: JobView, after: JobView): ComparisonView['output'] {
  const differences = differencesOf(before.output, after.output, DIFFERENCES_MAX);
  return { equal: differences.length === 0, differences: [...differences] };
}

function costs(
  { nano_usd: before }: JobView['cost'],
  { nano_usd: after }: JobView['cost'],
): NonNullable<ComparisonView['cost']> {
  return {
    before_nano_usd: before,
    after_nano_usd: after,
    difference_nano_usd: after - before,
  };
}

type Timed = Pick<JobView, 'started_at' | 'finished_at'>;

function latencies(before: Timed | undefined, after: Timed | undefined) {
  const [beforeMs, afterMs] = [latencyMs(before), latencyMs(after)];
  return {
    before_ms: beforeMs,
    after_ms: afterMs,
    difference_ms: beforeMs === null || afterMs === null ? null : afterMs - beforeMs,
  };
}

function latencyMs(timed: Timed | undefined): number | null {
  if (timed === undefined || timed.started_at === null || timed.finished_at === null) return null;
  return Date.parse(timed.finished_at) - Date.parse(timed.started_at);
}

/** The steps as they stand now, then those that only the old job had. */
function stepIds(before: JobView, after: JobView): string[] {
  return [...new Set([...after.steps, ...before.steps].map(({ id }) => id))];
}

const NOTHING: JobView['cost'] = { nano_usd: 0, usd: '0', unpriced_attempts: 0 };

function costOf(step: StepView | undefined): JobView['cost'] {
  return step?.cost ?? NOTHING;
}

function statusOf(step: StepView | undefined): string | null {
  return step?.status ?? null;
}

function comparedStep(
  id: string,
  { steps: stepsBefore }: JobView,
  { steps: stepsAfter }: JobView,
): ComparisonView['steps'][number] {
  const before = stepsBefore.find((step) => step.id === id);
  const after = stepsAfter.find((step) => step.id === id);
  return {
    id,
    status: { before: statusOf(before), after: statusOf(after) },
    reused: after?.reused === true,
    cost: costs(costOf(before), costOf(after)),
    latency: latencies(before, after),
    output_equal: sameOutput(before, after),
  };
}

function sameOutput(before: StepView | undefined, after: StepView | undefined): boolean | null {
  const [left, right] = [before?.output ?? null, after?.output ?? null];
  return left === null || right === null ? null : left.sha256 === right.sha256;
}
