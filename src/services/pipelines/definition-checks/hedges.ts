import type {
  Definition,
  RouteDefinition,
  StepDefinition,
} from '../../../domain/definition/definition.ts';
import { durationMs } from '../../../domain/duration.ts';
import type { Violation } from '../../../domain/job/failure.ts';
import { jsonPointer } from '../../../domain/json.ts';
import { isModelStepKind } from '../../../domain/definition/step-kinds.ts';
import type { Plan, PlannedStep } from '../../../engine/plan/plan.ts';
import type { Providers } from '../../ports/targets/providers.ts';
import { isTicketed } from './worst-case.ts';

/** Second targets that steps can never ask, or that contradict what the step says of paying twice. */
export function hedgeViolations(
  plan: Plan,
  providers: Pick<Providers, 'capabilitiesOf'>,
): Violation[] {
  const { definition } = plan;
  return definition.steps.flatMap((step, index) => {
    const found = hedgedRoute(definition, step, index);
    const planned = plan.byId.get(step.id);
    if (found === null || planned === undefined) return [];
    return [
      ...tooLate(planned, found),
      ...onlyTickets(planned, providers, found),
      ...paysTwice(step, index),
    ];
  });
}

type Hedged = {
  readonly hedge: NonNullable<RouteDefinition['hedge']>;
  readonly path: readonly PropertyKey[];
};

function hedgedRoute({ routes }: Definition, step: StepDefinition, index: number): Hedged | null {
  const { route, uses } = step;
  if (route === undefined || !isModelStepKind(uses)) return null;
  const path = typeof route === 'string' ? ['routes', route] : ['steps', index, 'route'];
  const hedge = (typeof route === 'string' ? routes?.[route] : route)?.hedge;
  return hedge === undefined ? null : { hedge, path: [...path, 'hedge'] };
}

function tooLate({ id, attemptTimeoutMs }: PlannedStep, { hedge, path }: Hedged): Violation[] {
  return (['after', 'or'] as const).flatMap((field) => {
    const text = hedge[field];
    if (text === undefined || text === 'p95') return [];
    if (durationMs(text, 0) < attemptTimeoutMs) return [];
    const message = `${text} is no shorter than an attempt of the step ${id} (${attemptTimeoutMs / 1_000}s), which ends before a second target would be asked; make it shorter, or \`timeouts.attempt\` longer`;
    return [{ pointer: jsonPointer([...path, field]), code: 'contradiction', message }];
  });
}

/** Work that goes on at its provider by itself is not hedged: at least two targets have to answer at once. */
function onlyTickets(
  step: PlannedStep,
  providers: Pick<Providers, 'capabilitiesOf'>,
  { path }: Hedged,
): Violation[] {
  const targets = step.route?.targets ?? [];
  const answering = targets.filter((_, index) => !isTicketed(step, index, providers));
  if (new Set(answering.map(({ provider, model }) => `${provider}/${model}`)).size > 1) return [];
  const message = `asks a second target beside a call that takes long; for ${step.definition.uses} fewer than two targets of the route answer at once, and work that goes on at its provider by itself is not hedged`;
  return [{ pointer: jsonPointer(path), code: 'contradiction', message }];
}

function paysTwice({ on_unknown: policy }: StepDefinition, index: number): Violation[] {
  if (policy !== 'fail') return [];
  const message =
    '`fail` keeps a call from being paid twice, and the `hedge` of the route makes a second call while the first may have been taken; remove one of them';
  const pointer = jsonPointer(['steps', index, 'on_unknown']);
  return [{ pointer, code: 'contradiction', message }];
}
