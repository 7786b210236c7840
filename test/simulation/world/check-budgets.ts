import { attemptKey } from '../../../src/domain/job/attempt.ts';
import { isBudgetReason, type Budget } from '../../../src/domain/budget.ts';
import type { JobEvent } from '../../../src/domain/job/event.ts';
import type { JobId } from '../../../src/domain/ids.ts';
import { planFor } from './pipelines.ts';
import type { Standing, Stored } from './checks.ts';
import { demand } from './demand.ts';
import { billOf, billOfWork } from './spending.ts';
import type { World } from './world.ts';

/** Compares what providers have charged with what jobs and budgets allow. */

type Bill = { readonly attempt: string; readonly nanoUsd: number };

/** Everything that providers have charged so far, by job. */
function billsOf({ provider, slow }: World): ReadonlyMap<string, readonly Bill[]> {
  const bills = [
    ...provider.calls.map((call) => ({ key: call.key, nanoUsd: billOf(call) })),
    ...slow.works.map((work) => ({ key: work.key, nanoUsd: billOfWork(work) })),
  ].map(({ key, nanoUsd }) => {
    const colon = key.indexOf(':');
    return { job: key.slice(0, colon), attempt: key.slice(colon + 1), nanoUsd };
  });
  return Map.groupBy(bills, ({ job }) => job);
}

function sumOf(bills: readonly Bill[]): number {
  return bills.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);
}

/** At every moment: what was charged to a budget, and to a job with all that are below it, is within the limit. */
export function checkCharged(world: World, jobs: readonly Standing[]): void {
  const bills = billsOf(world);
  const parents = new Map(jobs.map(({ jobId, state }) => [jobId, state.birth.parent?.jobId]));
  const above = (jobId: JobId): readonly JobId[] => {
    const parent = parents.get(jobId);
    return parent === undefined ? [jobId] : [jobId, ...above(parent)];
  };
  const charged = new Map<string, number>();
  for (const { jobId, state } of jobs) {
    const nanoUsd = sumOf(bills.get(jobId) ?? []);
    if (nanoUsd === 0) continue;
    const { pipeline, parent } = state.birth;
    const places = [...above(jobId), ...(parent?.lineage ?? []), pipeline];
    for (const place of places) charged.set(place, (charged.get(place) ?? 0) + nanoUsd);
  }
  for (const terms of world.spending.hard) checkBudget(world, terms, charged);
  for (const { jobId, state } of jobs) {
    const { max_cost_usd: usd } = planFor(state.birth.pipeline)?.definition.budget ?? {};
    const limit = Math.min((usd ?? Infinity) * 1e9, state.birth.maxCostNanoUsd ?? Infinity);
    const nanoUsd = charged.get(jobId) ?? 0;
    demand(nanoUsd <= limit, `${jobId}: ${nanoUsd} was charged, its limit is ${limit}`);
  }
}

/** A budget knows of everything that was charged, and of nothing that was not. */
function checkBudget(
  { spending }: World,
  terms: Budget,
  charged: ReadonlyMap<string, number>,
): void {
  const { id, scope, period, limitNanoUsd } = terms;
  if (period !== 'total') return;
  const nanoUsd = charged.get(scope.value) ?? 0;
  const { paidNanoUsd: paid, assumedNanoUsd: assumed, reservedNanoUsd } = spending.host.sums(terms);
  demand(nanoUsd <= limitNanoUsd, `${id}: ${nanoUsd} was charged, the limit is ${limitNanoUsd}`);
  demand(paid <= nanoUsd, `${id}: ${paid} counts as paid, and ${nanoUsd} was charged`);
  const known = paid + assumed + reservedNanoUsd;
  demand(nanoUsd <= known, `${id}: ${nanoUsd} was charged, and it knows of ${known}`);
}

/** Once all is over: nothing is reserved any more, and nobody was charged for what was refused. */
export function checkBudgetsOver(world: World, jobs: readonly Stored[]): void {
  for (const terms of world.spending.hard) {
    const { reservedNanoUsd, unknownCalls } = world.spending.host.sums(terms);
    demand(reservedNanoUsd === 0, `${terms.id} holds ${reservedNanoUsd} for nobody`);
    const most = world.spending.unknownMax.get(terms.id) ?? 0;
    demand(
      terms.period !== 'total' || unknownCalls <= most,
      `${terms.id} does not know what ${unknownCalls} attempts cost; ${most} may not have told`,
    );
  }
  const bills = billsOf(world);
  for (const { jobId, events } of jobs) {
    const paid = new Set((bills.get(jobId) ?? []).map(({ attempt }) => attempt));
    for (const event of events.filter(isRefused)) {
      const { step = '', item = null, attempt = 0 } = event;
      const key = attemptKey(step, item, attempt);
      demand(!paid.has(key), `${jobId}: ${key} was refused, and paid for`);
    }
  }
}

function isRefused(event: JobEvent): boolean {
  if (event.type === 'attempt.declined') return isBudgetReason(event.data.reason);
  return event.type === 'attempt.failed' && event.data.failure.class === 'budget_exceeded';
}
