import type { Definition, StepDefinition } from '../../../domain/definition/definition.ts';
import { HELD_ATTEMPT_MAX_MS } from '../../../domain/definition/definition-parts.ts';
import { leavesOf } from '../../../domain/definition/definition-route.ts';
import { durationMs } from '../../../domain/duration.ts';
import type { Violation } from '../../../domain/job/failure.ts';
import { jsonPointer } from '../../../domain/json.ts';
import { isModelStepKind } from '../../../domain/definition/step-kinds.ts';
import { neededKind } from '../../../steps/model/table.ts';
import type { Providers } from '../../ports/targets/providers.ts';

/** Only an attempt that goes on at its provider by itself, or in a job of its own, may take longer than a runner lives. */
export function attemptTimeViolations(
  definition: Definition,
  providers: Providers,
): readonly Violation[] {
  return definition.steps.flatMap((step, index) => {
    const tooLong = durationMs(step.timeouts?.attempt, 0) > HELD_ATTEMPT_MAX_MS;
    if (!tooLong || step.uses === 'pipeline' || isTicketed(definition, step, providers)) return [];
    const message =
      'must be between 100ms and 10m: only a target with `execution` `background` or `batch`, or a provider that works so, may take longer';
    const pointer = jsonPointer(['steps', index, 'timeouts', 'attempt']);
    return [{ pointer, code: 'out_of_range', message }];
  });
}

/** True when a target of the step answers with a ticket. */
function isTicketed(
  { routes }: Definition,
  { uses, route }: StepDefinition,
  providers: Providers,
): boolean {
  if (!isModelStepKind(uses)) return false;
  const used = typeof route === 'string' ? routes?.[route] : route;
  return leavesOf(used ?? { targets: [] }).some(({ target: { provider, execution } }) => {
    if (execution !== undefined) return execution !== 'sync';
    const known = providers.capabilitiesOf(provider)?.executions?.[neededKind[uses]];
    return known?.includes('sync') === false;
  });
}
