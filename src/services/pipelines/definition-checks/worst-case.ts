import type { Violation } from '../../../domain/job/failure.ts';
import { jsonPointer } from '../../../domain/json.ts';
import { isModelStepKind } from '../../../domain/definition/step-kinds.ts';
import type { Plan, PlannedStep } from '../../../engine/plan/plan.ts';
import type { WorstCase } from '../../../engine/plan/worst-case.ts';
import { neededKind } from '../../../steps/model/table.ts';
import type { Providers } from '../../ports/targets/providers.ts';

/** Steps whose attempts and pauses may together outlast the job: the last of them would never be made. */
export function worstCaseWarnings(plan: Plan, { steps }: WorstCase): Violation[] {
  return steps.flatMap(({ step: id, unboundedMs }) => {
    const step = plan.byId.get(id);
    if (step === undefined || unboundedMs === null || unboundedMs <= plan.jobTimeoutMs) return [];
    // What a map takes depends on its list, and a child job has deadlines of its own.
    if (!isModelStepKind(step.definition.uses) || step.forEach !== null) return [];
    const message = `with all its attempts and pauses ${id} may take ${seconds(unboundedMs)}, and the job is over after ${seconds(plan.jobTimeoutMs)}; shorten \`timeouts.attempt\`, lower \`retry.max_attempts\`, or give the job more time`;
    const pointer = jsonPointer(['steps', plan.definition.steps.indexOf(step.definition)]);
    return [{ pointer, code: 'worst_case', message }];
  });
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)}s`;
}

/** True for a target that answers with a ticket, as far as that is known without its provider's settings. */
export function isTicketed(
  { definition: { uses }, route }: PlannedStep,
  targetIndex: number,
  providers: Pick<Providers, 'capabilitiesOf'>,
): boolean {
  const target = route?.targets[targetIndex];
  if (target === undefined || !isModelStepKind(uses)) return false;
  if (target.execution !== undefined) return target.execution !== 'sync';
  const known = providers.capabilitiesOf(target.provider)?.executions?.[neededKind[uses]];
  return known?.includes('sync') === false;
}
