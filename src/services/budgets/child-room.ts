import type { ProjectId } from '../../domain/ids.ts';
import { isModelStepKind } from '../../domain/definition/step-kinds.ts';
import type { JobState } from '../../domain/job/job.ts';
import { LINEAGE_MAX } from '../../domain/job/lineage.ts';
import type { NanoUsd } from '../../domain/money.ts';
import { atMostNanoUsd, maxCostNanoUsd } from '../../engine/attempts/job-budget.ts';
import type { DeclinedCall } from '../../engine/attempts/settlement.ts';
import type { Plan, PlannedStep } from '../../engine/plan/plan.ts';
import { findPipeline } from '../pipelines/find-pipeline.ts';
import type { PlanCache } from '../pipelines/plan-cache.ts';
import type { JobSnapshot } from '../ports/job-shard/snapshot.ts';
import type { WorkItem } from '../ports/job-shard/work-item.ts';
import type { Pipelines } from '../ports/pipelines.ts';
import type { Providers } from '../ports/targets/providers.ts';
import type { Machine } from '../ports/runtime.ts';
import { overAllowance } from './over-allowance.ts';

/** What a child job may cost, of a job that has a limit. */

type RoomDeps = {
  readonly pipelines: Pipelines;
  readonly plans: PlanCache;
  readonly providers: Pick<Providers, 'get'>;
  readonly machine: Pick<Machine, 'nowMs'>;
};

export type ChildRoom =
  /** The limit that it is born with; null where nothing above it has one. */
  | { readonly kind: 'room'; readonly maxCostNanoUsd: NanoUsd | null }
  /** It is not made yet: its attempt has too little, and may get more. */
  | { readonly kind: 'none'; readonly declined: DeclinedCall };

/** What a child of this pipeline is born with. One that cannot pay needs nothing, and gets nothing. */
export async function childRoom(
  deps: RoomDeps,
  project: ProjectId,
  { allowanceNanoUsd, askedNanoUsd }: Pick<WorkItem, 'allowanceNanoUsd' | 'askedNanoUsd'>,
  pipeline: string,
): Promise<ChildRoom> {
  if (allowanceNanoUsd === undefined) return { kind: 'room', maxCostNanoUsd: null };
  const found = await findPipeline(deps, project, pipeline, '/pipeline');
  // That there is none, the submit says.
  if (!found.ok || !(await mayPay(deps, project, found.value.plan, 1)))
    return { kind: 'room', maxCostNanoUsd: 0 };
  const own = maxCostNanoUsd(found.value.plan.definition);
  const enough = Math.max(1, askedNanoUsd ?? own ?? 1);
  if (allowanceNanoUsd >= enough)
    return { kind: 'room', maxCostNanoUsd: Math.min(allowanceNanoUsd, own ?? allowanceNanoUsd) };
  const wantsNanoUsd = own ?? askedNanoUsd;
  const needs = { allowanceNanoUsd, estimateNanoUsd: null, wantsNanoUsd };
  return { kind: 'none', declined: overAllowance(deps.machine, 'budget', needs) };
}

/** True when a step of the pipeline, or of one that it names, may ask a target outside the Worker. */
async function mayPay(
  deps: RoomDeps,
  project: ProjectId,
  { steps }: Plan,
  depth: number,
): Promise<boolean> {
  for (const step of steps) if (await stepMayPay(deps, project, step, depth)) return true;
  return false;
}

async function stepMayPay(
  deps: RoomDeps,
  project: ProjectId,
  { definition, route }: PlannedStep,
  depth: number,
): Promise<boolean> {
  if (isModelStepKind(definition.uses)) {
    const providers = (route?.targets ?? []).map(({ provider }) => deps.providers.get(provider));
    return providers.some((provider) => provider?.capabilities.local === false);
  }
  if (definition.uses !== 'pipeline') return false;
  const named = definition.with?.['pipeline'];
  if (typeof named !== 'string' || named.includes('${{') || depth >= LINEAGE_MAX) return true;
  const found = await findPipeline(deps, project, named, '/pipeline');
  return found.ok && mayPay(deps, project, found.value.plan, depth + 1);
}

/**
 * What a child's end says that has failed only because its parent let it cost too little, and that has paid for
 * nothing: its attempt may be made again with as much as it lacked. Null for any other.
 */
export function fellShort(
  machine: Pick<Machine, 'nowMs'>,
  { state, definition }: Pick<JobSnapshot, 'state' | 'definition'>,
  allowanceNanoUsd: NanoUsd | undefined,
): DeclinedCall | null {
  const own = maxCostNanoUsd(definition);
  const hasPaid = state.cost.unpricedAttempts > 0 || atMostNanoUsd(state) > 0;
  if (allowanceNanoUsd === undefined || hasPaid || !isShort(state, own)) return null;
  const { neededNanoUsd: estimateNanoUsd = null } = state;
  const needs = { allowanceNanoUsd, estimateNanoUsd, wantsNanoUsd: own ?? undefined };
  return overAllowance(machine, 'budget', needs);
}

/** True when its own pipeline would have let it cost enough. */
function isShort(
  { birth, status, reason, neededNanoUsd = 0 }: JobState,
  own: NanoUsd | null,
): boolean {
  if (status !== 'failed' || reason?.code !== 'budget_exceeded') return false;
  return neededNanoUsd > (birth.maxCostNanoUsd ?? Infinity) && neededNanoUsd <= (own ?? Infinity);
}
