import type { StepDefinition } from '../../domain/definition/definition.ts';
import type { CompiledStep } from './compile-step.ts';

/** What becomes of the job when a step has failed for good. */
export type OnFailure =
  | { readonly kind: 'fail' }
  | { readonly kind: 'continue' }
  /** Another step runs instead, and its output stands in for the failed one's. */
  | { readonly kind: 'handler'; readonly step: string };

export function onFailureOf({ on_failure: policy }: StepDefinition): OnFailure {
  if (policy === undefined || policy === 'fail') return { kind: 'fail' };
  return policy === 'continue' ? { kind: 'continue' } : { kind: 'handler', step: policy.step };
}

/** The step that a handler stands in for, by the handler's id. */
export function handledSteps(steps: readonly CompiledStep[]): ReadonlyMap<string, string> {
  return new Map(
    steps.flatMap(({ id, definition }) => {
      const policy = onFailureOf(definition);
      return policy.kind === 'handler' ? [[policy.step, id] as const] : [];
    }),
  );
}

/**
 * Completes the needs for handlers: a handler needs the step it stands in for, and whoever needs that step needs
 * its handler too, because only then is it known whose output counts.
 */
export function withHandlers(
  steps: readonly CompiledStep[],
  handled: ReadonlyMap<string, string>,
): readonly CompiledStep[] {
  const handlerOf = new Map([...handled].map(([handler, step]) => [step, handler]));
  return steps.map((step) => {
    const own = handled.get(step.id);
    const handlers = step.needs.flatMap((need) => {
      const handler = handlerOf.get(need);
      return handler === undefined || handler === step.id ? [] : [handler];
    });
    const needs = new Set([...step.needs, ...(own === undefined ? [] : [own]), ...handlers]);
    return { ...step, needs: [...needs] };
  });
}
