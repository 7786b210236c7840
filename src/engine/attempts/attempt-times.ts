import type { AttemptRecord, Target } from '../../domain/job/attempt.ts';
import { attemptsOf, type Draft } from '../draft.ts';
import { stepDeadlineAtMs } from '../due.ts';
import type { PlannedStep } from '../plan/plan.ts';
import { shareOfTimeMs, targetsInNeed } from './time-share.ts';
import { attemptTimeoutMs, isTicketed } from './tickets.ts';

/** How long a runner has to live for an attempt that it only submits: to a child's shard, or to a provider's queue. */
const SUBMIT_MS = 15_000;

type Times = {
  readonly deadlineAtMs: number;
  /** How long a runner may have to hold the attempt; one that is only submitted leaves its hands soon. */
  readonly heldUntilMs: number;
};

/** The target of an attempt; null for a step that calls no model, or when none can serve. */
type Chosen = { readonly target: Target | null; readonly index: number } | null;

/** An attempt never gets more time than its step or its job has left, and leaves some of it to other targets. */
export function timesOf(
  draft: Draft,
  step: PlannedStep,
  item: number | null,
  chosen: Chosen,
  order: readonly number[],
): Times {
  const { nowMs } = draft.world;
  const index = chosen?.index ?? 0;
  const ticketed = isSubmitOnly(draft, step, chosen);
  const leftMs =
    Math.min(stepDeadlineAtMs(draft.state, step), draft.state.birth.deadlineAtMs) - nowMs;
  const inNeed = targetsInNeed(step, index, order, triedAt(draft, step, item), draft.world);
  const deadlineAtMs =
    nowMs + Math.min(attemptTimeoutMs(step, index, ticketed), shareOfTimeMs(leftMs, inNeed));
  const leavesSoon = ticketed || step.definition.uses === 'pipeline';
  return {
    deadlineAtMs,
    heldUntilMs: leavesSoon ? Math.min(deadlineAtMs, nowMs + SUBMIT_MS) : deadlineAtMs,
  };
}

function isSubmitOnly({ world }: Draft, step: PlannedStep, chosen: Chosen): boolean {
  const target = chosen?.target ?? null;
  return chosen !== null && target !== null && isTicketed(step, chosen.index, world.target(target));
}

/** The attempts that have ended, and one that is open beside the new one as if it had: its target is asked already. */
function triedAt(draft: Draft, { id }: PlannedStep, item: number | null): AttemptRecord[] {
  const open = Object.values(draft.state.active)
    .filter((active) => active.step === id && active.item === item)
    .map((active) => ({
      ...active,
      finishedAtMs: draft.world.nowMs,
      outcome: 'lost' as const,
    }));
  return [...attemptsOf(draft, id, item), ...open];
}
