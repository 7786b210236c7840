import { attemptKey, type ActiveAttempt } from '../../domain/job/attempt.ts';
import { shardOf, type JobId, type ProjectId } from '../../domain/ids.ts';
import { hasSucceeded } from '../../domain/job/job.ts';
import type { ParentLink } from '../../domain/job/lineage.ts';
import type { Plan, PlannedStep } from '../../engine/plan/plan.ts';
import { fellShort } from '../budgets/child-room.ts';
import { jobOutput } from '../values/job-output.ts';
import type { Chores, JobContext, SettlementReport } from '../ports/job-shard/turn.ts';
import type { JobSnapshot } from '../ports/job-shard/snapshot.ts';
import { errorName } from '../ports/log.ts';
import type { ExecuteDeps } from './attempt.ts';
import { childFacts, childFailure } from './child-end.ts';
import { packOutput } from './pack-output.ts';
import { cancelTickets } from './calls/provider-chores.ts';

type Job = { readonly jobId: JobId; readonly project: ProjectId };

/**
 * What a runner does for a job beside its steps: it tells the job's parent that it has ended, and the job's
 * children and providers that they are not wanted any more. All of it may be done twice, or by two runners at once; what is not
 * done is asked for again.
 */
export async function doChores(
  deps: ExecuteDeps,
  job: JobContext,
  chores: Chores,
  plan: Plan | null,
): Promise<void> {
  const { cancelTickets: tickets = [] } = chores;
  await Promise.all([
    ...chores.cancelChildren.map((child) => cancelChild(deps, job, child)),
    ...(plan === null || tickets.length === 0 ? [] : [cancelTickets(deps, job, plan, tickets)]),
    ...(chores.tellParent === null ? [] : [tellParent(deps, job, chores.tellParent)]),
  ]);
}

/** Stops a child whose parent does not wait for it any more. */
export async function cancelChild(
  { shards, log }: ExecuteDeps,
  { jobId, project }: Job,
  child: JobId,
): Promise<void> {
  try {
    await shards.of(project, shardOf(child)).cancel({ jobId: child, by: jobId });
  } catch (error) {
    log('warn', 'child.not_cancelled', { job_id: child, parent: jobId, error: errorName(error) });
  }
}

async function tellParent(
  deps: ExecuteDeps,
  { jobId, project }: Job,
  parent: ParentLink,
): Promise<void> {
  const { shards, log } = deps;
  try {
    const home = shards.of(project, shardOf(jobId));
    const child = await home.read({ jobId, include: [] });
    if (child === null) return;
    if (await report(deps, project, parent, child)) await home.parentTold({ jobId });
  } catch (error) {
    log('warn', 'child.parent_not_told', {
      job_id: jobId,
      parent: parent.jobId,
      error: errorName(error),
    });
  }
}

/**
 * Reports the child's end as the end of the parent's attempt. A parent that is gone needs no report. False where it
 * cannot be told yet whether anybody waits for it.
 */
async function report(
  deps: ExecuteDeps,
  project: ProjectId,
  parent: ParentLink,
  child: JobSnapshot,
): Promise<boolean> {
  const home = deps.shards.of(project, shardOf(parent.jobId));
  const waiting = await home.read({ jobId: parent.jobId, include: [] });
  if (waiting === null) return true;
  const { definitionHash } = waiting.state.birth;
  const plan = deps.plans.get(definitionHash) ?? deps.plans.put(definitionHash, waiting.definition);
  const step = plan.byId.get(parent.step);
  if (step === undefined) return true;
  const held = waitingAttempt(parent, waiting, child);
  if (held === 'nobody') return true;
  if (held === 'unknown') return false;
  const outcome =
    fellShort(deps.machine, child, held.allowanceNanoUsd) ??
    (await outcomeOf(deps, project, held, { parent: parent.jobId, step, child }));
  const answer = await home.next({
    jobId: parent.jobId,
    requestId: deps.machine.newUuid(),
    settled: [
      {
        step: step.id,
        item: held.item,
        attempt: held.attempt,
        facts: childFacts(child.state),
        outcome,
      },
    ],
    capacity: { calls: 0, local: 0 },
    untilMs: deps.machine.nowMs(),
    hinted: false,
    returning: false,
    knownDefinition: definitionHash,
  });
  // It may be over by this, and have a parent itself.
  const { context, chores = null } = answer;
  if (context !== null && chores !== null) await doChores(deps, context, chores, plan);
  return true;
}

/**
 * The attempt that waits for the child by now: a later one than it was made for, when that one's runner was lost on
 * the way; of one that has no child yet it is not known whether it will find this one. Nobody else needs the report:
 * an attempt to come finds the child over, or makes another one.
 */
function waitingAttempt(
  { step, item, attempt }: ParentLink,
  { state: { active } }: JobSnapshot,
  { state: { birth } }: JobSnapshot,
): ActiveAttempt | 'unknown' | 'nobody' {
  const held = Object.values(active).filter((each) => each.step === step && each.item === item);
  const waiting =
    held.find(({ child }) => child === birth.id) ??
    held.find((each) => each.attempt === attempt && each.child === undefined);
  if (waiting !== undefined) return waiting;
  return held.some(({ child }) => child === undefined) ? 'unknown' : 'nobody';
}

type Ended = {
  readonly parent: JobId;
  readonly step: PlannedStep;
  readonly child: JobSnapshot;
};

async function outcomeOf(
  deps: ExecuteDeps,
  project: ProjectId,
  { item, attempt }: ActiveAttempt,
  { parent, step, child }: Ended,
): Promise<SettlementReport['outcome']> {
  if (!hasSucceeded(child.state.status)) return { ok: false, failure: childFailure(child.state) };
  const output = await jobOutput(deps.objects, child);
  const key = attemptKey(step.id, item, attempt);
  return packOutput(deps, { project, jobId: parent, step, item, key }, { output, checked: output });
}
