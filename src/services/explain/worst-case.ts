import type { Json } from '../../domain/json.ts';
import { isJsonObject } from '../../domain/json.ts';
import { durationMs } from '../../domain/duration.ts';
import type { Plan, PlannedStep } from '../../engine/plan.ts';

/**
 * How long a step may take at most, in milliseconds, once it runs: every attempt up to its timeout, and the longest
 * pauses between them. A pause that a provider asks for, a limit that has to be waited for and a lost runner may make
 * it longer, within the deadline of the step and of the job, which bound it in any case.
 */
export function worstCaseOfStep(
  { jobTimeoutMs }: Pick<Plan, 'jobTimeoutMs'>,
  step: PlannedStep,
  { items, input }: { readonly items: number | null; readonly input: Json | null },
): number {
  const bound = Math.min(step.stepTimeoutMs ?? jobTimeoutMs, jobTimeoutMs);
  if (step.definition.uses === 'wait') return Math.min(bound, waitMs(input) ?? bound);
  if (step.forEach !== null && items === null) return bound;
  const rounds = step.forEach === null ? 1 : Math.ceil((items ?? 0) / step.forEach.maxConcurrency);
  return Math.min(bound, rounds * attemptsMs(step));
}

/** Attempts that may be made at most for a step, or for each item of its map. */
export function attemptsMax({ retry, reAsksMax, route }: PlannedStep): number {
  return retry.maxAttempts + (route === null ? 0 : reAsksMax);
}

function attemptsMs(step: PlannedStep): number {
  const attempts = attemptsMax(step);
  const { baseDelayMs, maxDelayMs } = step.retry;
  let pausesMs = 0;
  for (let failures = 1; failures < attempts; failures += 1) {
    pausesMs += Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(failures - 1, 30));
  }
  return attempts * step.attemptTimeoutMs + pausesMs;
}

/** How long a wait for nothing but time takes; null when an event or a moment decides. */
function waitMs(input: Json | null): number | null {
  if (!isJsonObject(input) || typeof input['duration'] !== 'string') return null;
  try {
    return durationMs(input['duration'], null);
  } catch {
    return null;
  }
}

/** The longest way through the steps that may run, in milliseconds, from a job's start. */
export function worstCaseOfJob(plan: Plan, stepMs: ReadonlyMap<string, number>): number {
  const ends = new Map<string, number>();
  for (const { id, needs } of plan.steps) {
    const startMs = Math.max(0, ...needs.map((need) => ends.get(need) ?? 0));
    ends.set(id, startMs + (stepMs.get(id) ?? 0));
  }
  return Math.min(plan.jobTimeoutMs, Math.max(0, ...ends.values()));
}
