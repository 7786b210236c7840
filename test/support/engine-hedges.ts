import { isDeepStrictEqual } from 'node:util';

import { attemptKey } from '../../src/domain/job/attempt.ts';
import type { JobEvent } from '../../src/domain/job/event.ts';
import { isMisfit } from '../../src/domain/job/failure.ts';
import type { PlannedStep } from '../../src/engine/plan/plan.ts';

type Started = JobEvent<'attempt.started'>;

/** E6, as far as hedges go: one comes when its time has come, at another target, and not oftener than its route says. */
export class HedgeWitness {
  readonly #started = new Map<string, Started>();
  /** Hedges that have called their target, by their place; one that is declined is taken off again. */
  readonly #made = new Map<string, number>();
  /** From when on an attempt may be hedged. */
  readonly #dueAtMs = new Map<string, number>();

  starts(event: Started, step: PlannedStep): void {
    const { hedgeOf, hedgeAtMs, target } = event.data;
    this.#started.set(keyOf(event), event);
    if (hedgeAtMs !== undefined) this.#dueAtMs.set(keyOf(event), hedgeAtMs);
    if (hedgeOf === undefined) return;
    const key = keyOf({ ...event, attempt: hedgeOf });
    const first = this.#started.get(key);
    if (!(event.atMs >= (this.#dueAtMs.get(key) ?? Infinity)))
      throw new Error(`E6: ${key} is hedged before its time`);
    if (target === null || isDeepStrictEqual(target, first?.data.target))
      throw new Error(`E6: ${key} is hedged at its own target`);
    this.#dueAtMs.delete(key);
    if (this.#count(event, 1) > (step.route?.hedge?.max ?? 0))
      throw new Error(`E6: ${key} is hedged too often`);
  }

  ends(event: JobEvent): void {
    const started = this.#started.get(keyOf(event));
    if (event.type === 'attempt.succeeded' || started === undefined) return;
    const uncalled =
      event.type === 'attempt.declined' ||
      (event.type === 'attempt.failed' && isMisfit(event.data.failure));
    if (started.data.hedgeOf !== undefined && uncalled) this.#count(event, -1);
    if (event.type === 'attempt.superseded' || !hasMore(event)) return;
    const { leftTo, hedgeAtMs } = event.data;
    if (hedgeAtMs !== undefined) this.#dueAtMs.set(keyOf({ ...event, attempt: leftTo }), hedgeAtMs);
  }

  #count({ step, item }: JobEvent, more: number): number {
    const place = `${step ?? ''}[${item ?? ''}]`;
    const count = (this.#made.get(place) ?? 0) + more;
    this.#made.set(place, count);
    return count;
  }
}

type Left = { readonly data: { readonly leftTo: number; readonly hedgeAtMs?: number } };

function hasMore<Event extends JobEvent>(event: Event): event is Event & Left {
  return 'leftTo' in event.data;
}

function keyOf({ step, item, attempt }: Pick<JobEvent, 'step' | 'item' | 'attempt'>): string {
  return attemptKey(step ?? '', item ?? null, attempt ?? 0);
}
