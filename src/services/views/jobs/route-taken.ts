import {
  isTerminal,
  type JobState,
  type SkippedTarget,
  type StepState,
} from '../../../domain/job/job.ts';
import type { StepView } from './job-schema.ts';

type Stop = NonNullable<StepView['route']>[number];

/**
 * The targets that a step asked or passed over, in order; nothing for a step that asks none. What an attempt was passed
 * over for stands for the attempt.
 */
export function routeTaken(
  { active, status }: JobState,
  id: string,
  { attempts, skipped = [] }: StepState,
): Pick<StepView, 'route'> {
  const under = isTerminal(status) ? 'abandoned' : 'running';
  const tried = [
    ...attempts.map(({ attempt, target, outcome, failure }) => ({
      attempt,
      target,
      outcome,
      reason: failure?.class ?? null,
    })),
    ...Object.values(active)
      .filter(({ step, item }) => step === id && item === null)
      .map(({ attempt, target }) => ({ attempt, target, outcome: under, reason: null })),
  ].flatMap(({ target, ...rest }): Stop[] => (target === null ? [] : [{ ...rest, target }]));
  const asked = tried.filter((stop) => !skipped.some((skip) => isSame(skip, stop)));
  const passed = skipped.map((skip): Stop => ({ ...skip, outcome: 'skipped' }));
  // A target is passed over before the attempt that then goes to another one.
  const route = [...passed, ...asked].toSorted((left, right) => left.attempt - right.attempt);
  return route.length === 0 ? {} : { route };
}

function isSame(skip: SkippedTarget, { attempt, target }: Stop): boolean {
  const { provider, model } = skip.target;
  return skip.attempt === attempt && provider === target.provider && model === target.model;
}
