import type { ActiveAttempt } from '../../domain/job/attempt.ts';
import type { BudgetRefusal } from '../../domain/budget.ts';
import type { JobState } from '../../domain/job/job.ts';
import type { NanoUsd } from '../../domain/money.ts';
import { attemptsOf, type Draft } from '../draft.ts';
import type { Plan } from '../plan/plan.ts';

/**
 * What one job may cost. Nobody here knows what a call may cost before its runner has made it: an attempt is handed out
 * with a part of what is left, and a runner whose call may cost more sends nothing and tells how much. The attempt
 * after it has so much, if nobody else holds it. So spent and held together never exceed the limit, while attempts run
 * side by side.
 */

/** Stands for the job's own budget where budgets are named. */
export const JOB_BUDGET = 'job';

/** An attempt that has not asked for more gets one in so many parts of what is left. */
const PARTS = 4;

const NANO = 1_000_000_000;

/** Null for a pipeline that sets no limit. */
function maxCostNanoUsd({ definition }: Plan): NanoUsd | null {
  const usd = definition.budget?.max_cost_usd;
  return usd === undefined ? null : Math.round(usd * NANO);
}

/** Known costs, and the most that calls may have cost of which nobody knows. */
function spentNanoUsd({ cost, assumedNanoUsd = 0 }: JobState): NanoUsd {
  return cost.nanoUsd + assumedNanoUsd;
}

function heldNanoUsd({ active }: JobState): NanoUsd {
  return Object.values(active).reduce((sum, { allowanceNanoUsd = 0 }) => sum + allowanceNanoUsd, 0);
}

/** What an attempt that starts now may cost; nothing is said of those that cost nothing, or where there is no limit. */
export function allowancePart(
  draft: Draft,
  { step, item }: Pick<ActiveAttempt, 'step' | 'item'>,
  { target, local }: Pick<ActiveAttempt, 'target' | 'local'>,
): Pick<ActiveAttempt, 'allowanceNanoUsd'> {
  const max = maxCostNanoUsd(draft.plan);
  if (max === null || target === null || local) return {};
  const free = Math.max(0, max - spentNanoUsd(draft.state) - heldNanoUsd(draft.state));
  const asked = attemptsOf(draft, step, item).at(-1)?.declined?.askedNanoUsd;
  return { allowanceNanoUsd: Math.min(free, asked ?? Math.floor(free / PARTS)) };
}

export type JobRoom = {
  readonly refusal: BudgetRefusal;
  /** `now`: an attempt that asks for it gets it; `later`: others hold it; `never`: it is more than is left. */
  readonly comes: 'now' | 'later' | 'never';
};

/** How the job's budget stands towards a call for which its attempt's allowance was too small. */
export function jobRoom(draft: Draft, active: ActiveAttempt, told: BudgetRefusal): JobRoom {
  const { state, plan } = draft;
  const limitNanoUsd = maxCostNanoUsd(plan) ?? Number.MAX_SAFE_INTEGER;
  const spent = spentNanoUsd(state);
  const heldByOthers = heldNanoUsd(state) - (active.allowanceNanoUsd ?? 0);
  const left = limitNanoUsd - spent - (told.estimateNanoUsd ?? 0);
  const refusal = { ...told, limitNanoUsd, spentNanoUsd: spent, reservedNanoUsd: heldByOthers };
  if (left < 0) return { refusal, comes: 'never' };
  return { refusal, comes: left >= heldByOthers ? 'now' : 'later' };
}
