import type { ActiveAttempt, AttemptRecord, NextAttempt } from '../../domain/job/attempt.ts';
import type { BudgetRefusal } from '../../domain/budget.ts';
import type { Definition } from '../../domain/definition/definition.ts';
import type { JobState } from '../../domain/job/job.ts';
import type { NanoUsd } from '../../domain/money.ts';
import { attemptsOf, type Draft } from '../draft.ts';
import { runnableCount } from '../due.ts';
import { nextAttempts } from '../fold/fold-parts.ts';
import type { PlannedStep } from '../plan/plan.ts';

/**
 * What one job may cost. Nobody here knows what a call may cost before its runner has made it: an attempt is handed out
 * with a part of what is left, and a runner whose call may cost more sends nothing and tells how much. The attempt
 * after it has so much, if nobody else holds it. So spent and held together never exceed the limit, while attempts run
 * side by side.
 *
 * A child job is held to what its attempt was handed out with, and holds so much until it ends; then what it has spent
 * takes its place. What it needs is not known before it has begun: it gets an equal share of what is left, or as much as
 * its runner says that its pipeline may cost, or that an earlier child, which had paid for nothing, has lacked.
 */

/** An attempt that has not asked for more gets one in so many parts of what is left. */
const PARTS = 4;

const NANO = 1_000_000_000;

/** The limit that a pipeline sets its jobs; null where it sets none. */
export function maxCostNanoUsd({ budget }: Pick<Definition, 'budget'>): NanoUsd | null {
  const usd = budget?.max_cost_usd;
  return usd === undefined ? null : Math.round(usd * NANO);
}

/** The smaller of the pipeline's limit and what a parent has handed out; null where neither is. */
function limitOf({ plan, state }: Pick<Draft, 'plan' | 'state'>): NanoUsd | null {
  const limits = [maxCostNanoUsd(plan.definition), state.birth.maxCostNanoUsd ?? null].filter(
    (limit) => limit !== null,
  );
  return limits.length === 0 ? null : Math.min(...limits);
}

/** Known costs, and the most that calls may have cost of which nobody knows. */
function spentNanoUsd({ cost, assumedNanoUsd = 0 }: JobState): NanoUsd {
  return cost.nanoUsd + assumedNanoUsd;
}

/** By attempts that are open, and by children that attempts may have made whose runners were lost. */
function heldNanoUsd({ active, steps }: JobState): NanoUsd {
  const open = Object.values(active).map(({ allowanceNanoUsd = 0 }) => allowanceNanoUsd);
  const between = Object.values(steps).flatMap(({ phase }) => nextAttempts(phase));
  return [...open, ...between.map(({ heldNanoUsd: held = 0 }) => held)].reduce(
    (sum, held) => sum + held,
    0,
  );
}

/** What a job may have cost at most, with all that is still open. Right in jobs that have a limit. */
export function atMostNanoUsd(state: JobState): NanoUsd {
  return spentNanoUsd(state) + heldNanoUsd(state);
}

type Starting = Pick<ActiveAttempt, 'item' | 'target' | 'local'> & {
  /** The attempt as it was planned; absent for one beside another. */
  readonly next?: NextAttempt;
};

/** What an attempt that starts now may cost; nothing is said of those that cost nothing, or where there is no limit. */
export function allowancePart(
  draft: Draft,
  step: PlannedStep,
  { item, target, local, next }: Starting,
): Pick<ActiveAttempt, 'allowanceNanoUsd'> {
  const limit = limitOf(draft);
  const isChild = step.definition.uses === 'pipeline';
  const isFree = !isChild && (target === null || local);
  if (limit === null || isFree) return {};
  // It may find a child that holds this.
  if (next?.heldNanoUsd !== undefined) return { allowanceNanoUsd: next.heldNanoUsd };
  const free = Math.max(0, limit - atMostNanoUsd(draft.state));
  const part = isChild ? childPart(draft, step, item, free) : callPart(draft, step, item, free);
  return { allowanceNanoUsd: Math.min(free, part) };
}

type PartOf = (draft: Draft, step: PlannedStep, item: number | null, free: NanoUsd) => NanoUsd;

const callPart: PartOf = (draft, step, item, free) =>
  askedOf(draft, step, item) ?? Math.floor(free / PARTS);

/** As much as it asks for, and more where an equal share of what is left is more. */
const childPart: PartOf = (draft, step, item, free) => {
  const rivals = Math.max(1, runnableCount(draft.state, draft.plan, draft.world.nowMs));
  return Math.max(askedOf(draft, step, item) ?? 0, Math.floor(free / rivals));
};

function askedOf(draft: Draft, step: PlannedStep, item: number | null): NanoUsd | null {
  return askedBy(attemptsOf(draft, step.id, item));
}

/** What the attempt before has found out to be needed; null for one that did not ask. A lost one has found out nothing. */
export function askedBy(attempts: readonly AttemptRecord[]): NanoUsd | null {
  const last = attempts.findLast(({ outcome }) => outcome !== 'lost');
  return last?.declined?.askedNanoUsd ?? null;
}

/** What the child of a lost attempt may cost stays held for the attempt after it, which finds that child. */
export function heldPart({
  allowanceNanoUsd,
  target,
}: ActiveAttempt): Pick<NextAttempt, 'heldNanoUsd'> {
  const mayHaveChild = target === null && allowanceNanoUsd !== undefined;
  return mayHaveChild ? { heldNanoUsd: allowanceNanoUsd } : {};
}

export type JobRoom = {
  readonly refusal: BudgetRefusal;
  /** What the attempt after it asks for. */
  readonly askedNanoUsd: NanoUsd;
  /** `now`: an attempt that asks for it gets it; `later`: others hold it; `never`: it is more than is left. */
  readonly comes: 'now' | 'later' | 'never';
};

/**
 * How the job's budget stands towards a call, or a child, for which its attempt's allowance was too small. A child
 * wants `wantsNanoUsd`, and takes less where less is left.
 */
export function jobRoom(
  draft: Draft,
  active: ActiveAttempt,
  told: BudgetRefusal,
  wantsNanoUsd: NanoUsd = 0,
): JobRoom {
  const { state } = draft;
  const limitNanoUsd = limitOf(draft) ?? Number.MAX_SAFE_INTEGER;
  const spent = spentNanoUsd(state);
  const heldByOthers = heldNanoUsd(state) - (active.allowanceNanoUsd ?? 0);
  const left = limitNanoUsd - spent;
  // Of a child nothing is known but that it pays.
  const needed = told.estimateNanoUsd ?? 1;
  const askedNanoUsd = Math.max(needed, Math.min(wantsNanoUsd, left));
  const refusal = { ...told, limitNanoUsd, spentNanoUsd: spent, reservedNanoUsd: heldByOthers };
  if (left < needed) return { refusal, askedNanoUsd, comes: 'never' };
  return { refusal, askedNanoUsd, comes: left - askedNanoUsd >= heldByOthers ? 'now' : 'later' };
}
