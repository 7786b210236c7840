import { parseDurationMs } from '../../domain/duration.ts';
import { MAP_ITEMS_MAX } from '../advance.ts';
import type { Plan, PlannedStep } from './plan.ts';
import { backoffBoundMs } from '../attempts/retry.ts';
import { attemptTimeoutMs } from '../attempts/tickets.ts';

/**
 * The longest that a job of a pipeline may take, as far as its definition says: every attempt takes all its time, every
 * pause its bound. Waits for a runner, and pauses that a provider asks for, come on top; the deadlines bound all of it.
 */
export type WorstCase = {
  /** What holds for a whole job, in milliseconds. */
  readonly jobMs: number;
  readonly steps: readonly StepWorstCase[];
};

type StepWorstCase = {
  readonly step: string;
  /** From its start to its end, in milliseconds, bounded by the step's and the job's deadline. */
  readonly ms: number;
  /** The same without the job's deadline; null when nothing else bounds it. */
  readonly unboundedMs: number | null;
};

/** True for a target of a step that answers with a ticket. */
export type IsTicketed = (step: PlannedStep, targetIndex: number) => boolean;

/** What is known of a job beside its definition. */
export type KnownOfJob = {
  /** Whether a step is known not to run. */
  leavesOut(step: string): boolean;
  /** How many items a step's map has; null where that is not known. */
  itemsOf(step: string): number | null;
};

const NOTHING: KnownOfJob = { leavesOut: () => false, itemsOf: () => null };

export function worstCaseOf(
  plan: Plan,
  isTicketed: IsTicketed,
  known: KnownOfJob = NOTHING,
): WorstCase {
  const { jobTimeoutMs } = plan;
  const ends = new Map<string, number>();
  const steps = plan.steps.map((step) => {
    const unboundedMs = known.leavesOut(step.id)
      ? 0
      : stepMs(step, isTicketed, known.itemsOf(step.id));
    const ms = Math.min(jobTimeoutMs, unboundedMs ?? jobTimeoutMs);
    // Plans are in the order of needs.
    const begins = Math.max(0, ...step.needs.map((id) => ends.get(id) ?? 0));
    ends.set(step.id, begins + ms);
    return { step: step.id, ms, unboundedMs };
  });
  return { jobMs: Math.min(jobTimeoutMs, Math.max(0, ...ends.values())), steps };
}

function stepMs(step: PlannedStep, isTicketed: IsTicketed, items: number | null): number | null {
  const worked =
    step.definition.uses === 'wait' ? waitMs(step) : allItemsMs(step, isTicketed, items);
  if (step.stepTimeoutMs === null) return worked;
  return Math.min(step.stepTimeoutMs, worked ?? step.stepTimeoutMs);
}

/** A wait for an event, or until a computed moment, ends with its job at the latest. */
function waitMs({ definition }: PlannedStep): number | null {
  const text = definition.with?.['duration'];
  return typeof text === 'string' ? parseDurationMs(text) : null;
}

/** A map of which nobody knows how many items it has is counted with as many as it may have. */
function allItemsMs(step: PlannedStep, isTicketed: IsTicketed, items: number | null): number {
  const itemMs = attemptsMs(step, isTicketed);
  if (step.forEach === null) return itemMs;
  return itemMs * Math.ceil((items ?? MAP_ITEMS_MAX) / step.forEach.maxConcurrency);
}

/** Attempts that may be made of a step, or of each item of its map, second targets included. */
export function attemptsMax(step: PlannedStep): number {
  return triesMax(step) + (step.route?.hedge?.max ?? 0);
}

/** Attempts that follow each other. */
function triesMax({ retry, reAsksMax }: PlannedStep): number {
  return retry.maxAttempts + reAsksMax;
}

/** All attempts and the pauses between them. */
function attemptsMs(step: PlannedStep, isTicketed: IsTicketed): number {
  const { retry, route } = step;
  const attempts = triesMax(step);
  const targets = route?.targets.map((_, index) => index) ?? [0];
  const longest = Math.max(
    ...targets.map((index) => attemptTimeoutMs(step, index, isTicketed(step, index))),
  );
  const pauses = Array.from({ length: attempts - 1 }, (_, index) =>
    backoffBoundMs(retry, index + 1),
  );
  return attempts * longest + besideMs(step, longest) + pauses.reduce((sum, ms) => sum + ms, 0);
}

/**
 * How much longer attempts last when a second target is asked beside them: it has a whole attempt's time from when it is
 * asked. A further one, asked because the one before has failed, may begin as late as the first attempt ends.
 */
function besideMs({ route }: PlannedStep, longestMs: number): number {
  const { hedge = null } = route ?? {};
  if (hedge === null) return 0;
  const afterMs = Math.min(hedge.afterMs ?? longestMs, longestMs);
  return afterMs + (hedge.max - 1) * longestMs;
}
