import { attemptKey, type ActiveAttempt, type AttemptRecord } from '../domain/job/attempt.ts';
import type { EventBody, JobEvent } from '../domain/job/event.ts';
import { isTerminal, type ItemState, type JobState, type StepState } from '../domain/job/job.ts';
import { foldItem } from './fold/fold-item.ts';
import { foldEvent } from './fold/fold.ts';
import type { Plan } from './plan/plan.ts';
import type { World } from './world.ts';

/**
 * A decision in the making. State changes only through `emit`, so that the events tell the whole story. A
 * draft lives for one call of `decide` and never leaves the engine.
 */
export type Draft = {
  state: JobState;
  readonly plan: Plan;
  readonly world: World;
  readonly events: JobEvent[];
  /** Items this decision touched, by `itemKey`. */
  readonly items: Map<string, TouchedItem>;
};

export type TouchedItem = {
  readonly step: string;
  readonly item: number;
  readonly state: ItemState;
};

function itemKey(step: string, item: number): string {
  return `${step}[${item}]`;
}

/** Numbers an event, folds it into the draft and keeps it. */
export function emit(draft: Draft, body: EventBody): void {
  const event: JobEvent = { ...body, seq: draft.state.seq + 1, atMs: draft.world.nowMs };
  if (event.step !== undefined && event.item !== undefined)
    touchItem(draft, event.step, event.item, event);
  draft.state = foldEvent(draft.state, event);
  draft.events.push(event);
}

function touchItem(draft: Draft, step: string, item: number, event: JobEvent): void {
  if (event.type === 'attempt.started') return;
  const started = draft.state.active[attemptKey(step, item, event.attempt ?? 1)];
  const state = foldItem(itemOf(draft, step, item), event, started);
  draft.items.set(itemKey(step, item), { step, item, state });
}

/** The fields that say which attempt an event is about. */
export function subjectOf({
  step,
  item,
  attempt,
}: Pick<ActiveAttempt, 'step' | 'item' | 'attempt'>) {
  return { step, ...(item === null ? {} : { item }), attempt };
}

/** An item as this draft has left it, or as it is stored. */
export function itemOf(draft: Draft, step: string, item: number): ItemState | undefined {
  return draft.items.get(itemKey(step, item))?.state ?? draft.world.item(step, item);
}

/** The finished attempts of a step, or of an item of a map; none of one that the job does not have. */
export function attemptsOf(
  draft: Draft,
  step: string,
  item: number | null,
): readonly AttemptRecord[] {
  if (item !== null) return itemOf(draft, step, item)?.attempts ?? [];
  return draft.state.steps[step]?.attempts ?? [];
}

export function stepOf(draft: Draft, id: string): StepState {
  const step = draft.state.steps[id];
  if (step === undefined) throw new Error(`the job has no step ${id}, though its plan has`);
  return step;
}

export function isOver(draft: Draft): boolean {
  return isTerminal(draft.state.status);
}
