import type { Failure } from '../../domain/job/failure.ts';
import {
  isEffectKind,
  isModelStepKind,
  isTransformKind,
} from '../../domain/definition/step-kinds.ts';
import { moderatedOf } from '../../steps/model/moderate.ts';
import { fillTemplate } from '../../engine/expression/template.ts';
import { valueAt, type Scope } from '../../engine/expression/path.ts';
import type { PlannedStep } from '../../engine/plan/plan.ts';
import type { SettlementReport } from '../ports/job-shard/turn.ts';
import type { WorkItem } from '../ports/job-shard/work-item.ts';
import type { Objects } from '../ports/values/objects.ts';
import { contextScope, readValue, scopeOf } from '../values/resolve-scope.ts';
import type { Attempt, ExecuteDeps, Ran } from './attempt.ts';
import { defectOf } from './defect.ts';
import { localFacts } from './facts.ts';
import { packOutput } from './pack-output.ts';
import { runChild } from './run-child.ts';
import { runEffect } from './run-effect.ts';
import { runModel } from './run-model.ts';
import { runTransform } from './run-transform.ts';

/**
 * Carries out one attempt from its input to a report. Never throws: a defect is a failure like any other, and takes
 * nothing from what the attempt is known to have cost.
 */
export async function executeAttempt(
  deps: ExecuteDeps,
  attempt: Attempt,
): Promise<SettlementReport> {
  const startedAtMs = deps.machine.nowMs();
  let ran: Ran | null = null;
  try {
    ran = await run(deps, attempt);
    return await reportOf(deps, attempt, ran);
  } catch (error) {
    const failure = defectOf(deps, attempt, error);
    const facts = ran?.facts ?? localFacts(startedAtMs, deps.machine.nowMs(), null);
    return { ...whichAttempt(attempt), facts, outcome: { ok: false, failure } };
  }
}

function whichAttempt({ work }: Attempt) {
  return { step: work.step, item: work.item, attempt: work.attempt };
}

async function run(deps: ExecuteDeps, attempt: Attempt): Promise<Ran> {
  const { step } = attempt;
  const startedAtMs = deps.machine.nowMs();
  const input = await inputOf(deps, attempt);
  if (!input.ok) {
    const failure: Failure = {
      class: 'expression_failed',
      phase: 'not_sent',
      message: input.message,
    };
    return {
      facts: localFacts(startedAtMs, deps.machine.nowMs(), null),
      result: { ok: false, failure },
    };
  }
  const { uses } = step.definition;
  if (isModelStepKind(uses)) return runModel(deps, attempt, uses, input.value);
  if (isTransformKind(uses)) return runTransform(deps, uses, input.value);
  if (isEffectKind(uses)) return runEffect(deps, attempt, uses, input.value);
  if (uses === 'pipeline') return runChild(deps, attempt, input.value);
  throw new Error(`a runner cannot carry out ${uses}`);
}

/** The step's `with`, filled in. */
export async function inputOf({ objects }: ExecuteDeps, { job, step, work }: Attempt) {
  const scope = await scopeOf(objects, contextScope(job), work.reads);
  const item = await itemOf(objects, scope, step, work);
  if (!item.ok) return item;
  if (work.item !== null) Object.assign(scope, { item: item.value, index: work.item });
  const filled = fillTemplate(step.input, scope, 'fail');
  return filled.ok ? filled : { ok: false as const, message: `\`with\`: ${filled.message}` };
}

/** The map's item that an attempt is about; null outside a map. */
async function itemOf(
  objects: Objects,
  scope: Scope,
  step: PlannedStep,
  { item, itemRead }: WorkItem,
) {
  if (item === null || step.forEach === null) return { ok: true as const, value: null };
  if (itemRead !== null) {
    return { ok: true as const, value: (await readValue(objects, itemRead)) ?? null };
  }
  const list = fillTemplate(step.forEach.template, scope, 'fail');
  if (!list.ok) return { ok: false as const, message: `\`for_each\`: ${list.message}` };
  return { ok: true as const, value: valueAt(list.value, [item]) ?? null };
}

async function reportOf(
  deps: ExecuteDeps,
  attempt: Attempt,
  { facts, result, reconciled = [] }: Ran,
): Promise<SettlementReport> {
  const which = {
    ...whichAttempt(attempt),
    ...(reconciled.length === 0 ? {} : { reconciled }),
  };
  if (result.ok === 'pending' || result.ok === 'declined') {
    return { ...which, facts, outcome: result };
  }
  if (!result.ok) {
    const { failure, rejected } = result;
    return {
      ...which,
      facts,
      outcome: { ok: false, failure, ...(rejected === undefined ? {} : { rejected }) },
    };
  }
  const { job, step, work } = attempt;
  const owner = {
    project: job.project,
    jobId: job.jobId,
    step,
    item: work.item,
    key: work.key,
  };
  const outcome = await packOutput(deps, owner, result);
  const moderated =
    outcome.ok && step.definition.uses === 'model.moderate' ? moderatedOf(result.output) : null;
  return { ...which, facts: { ...facts, ...(moderated !== null && { moderated }) }, outcome };
}
