import { attemptKey } from '../../../domain/job/attempt.ts';
import type { JobEvent } from '../../../domain/job/event.ts';
import { endsJob } from '../../../domain/job/job-end.ts';
import type { JobTimesRow } from './facts-of-job.ts';

type Span = readonly [fromMs: number, toMs: number];

/**
 * Where the time between a job's start and its end went, by the clock: while at least one model call was under way it
 * counts as the provider's; else, while the job was held on purpose (back-off, a limit, a closed circuit, a budget, timer,
 * event, child, pause), as waited; the rest is overhead, also the time until a lost runner is missed: it says nothing of the
 * provider. Of a paid call that is open at the end nobody knows the cost; what is known by then, that of child jobs
 * included, is the job's. Null for a job that is not over.
 */
export function jobTimes(events: readonly JobEvent[]): JobTimesRow | null {
  const tally = new Tally();
  for (const event of events) {
    const endMs = tally.take(event);
    if (endMs !== null) return tally.result(endMs);
  }
  return null;
}

type Open = {
  readonly step: string;
  readonly target: { readonly provider: string; readonly model: string } | null;
  readonly local: boolean;
  readonly atMs: number;
  /** The provider, or a child, goes on by itself. */
  outlives: boolean;
  isChild: boolean;
};

/** What is open while a job's events are read in order. */
class Tally {
  readonly #open = new Map<string, Open>();
  readonly #held = new Map<string, number>();
  readonly #provider: Span[] = [];
  readonly #waited: Span[] = [];
  #startedAtMs: number | null = null;
  #costNanoUsd = 0;

  /** The moment of the job's end, when this event is it. */
  take(event: JobEvent): number | null {
    const { type, atMs } = event;
    if (endsJob(type)) return atMs;
    if (type === 'job.started') this.#startedAtMs = atMs;
    else if (type === 'job.paused') this.#hold('pause', atMs);
    else if (type === 'job.resumed') this.#release('pause', atMs);
    else if (event.step !== undefined) this.#takeStep(event, event.step);
    return null;
  }

  #takeStep(event: JobEvent, step: string): void {
    const { atMs } = event;
    const [place, key] = placesOf(event, step);
    switch (event.type) {
      case 'attempt.started': {
        const { target, local } = event.data;
        this.#release(place, atMs);
        this.#open.set(key, { step, target, local, atMs, outlives: false, isChild: false });
        return;
      }
      case 'attempt.succeeded':
      case 'attempt.failed':
        this.#costNanoUsd += event.data.facts.costNanoUsd ?? 0;
        this.#close(key, atMs, event.data.facts.cacheHit === true ? 0 : event.data.facts.latencyMs);
        return;
      case 'attempt.lost':
        this.#close(key, atMs, 0);
        return;
      case 'attempt.superseded':
        this.#close(key, atMs, Number.POSITIVE_INFINITY);
        return;
      case 'attempt.declined':
        this.#close(key, atMs, 0);
        if ('retry' in event.data) this.#hold(place, atMs);
        return;
      default:
        this.#takeWait(event, place, key);
    }
  }

  #takeWait(event: JobEvent, place: string, key: string): void {
    const { atMs } = event;
    switch (event.type) {
      case 'cost.adjusted':
        this.#costNanoUsd += event.data.facts.costNanoUsd ?? 0;
        return;
      case 'step.waiting':
        if (event.data.kind === 'retry_backoff') this.#hold(place, atMs);
        else this.#outlives(key, event.data.kind === 'child');
        return;
      case 'wait.started':
        this.#hold(place, atMs);
        return;
      case 'wait.completed':
      case 'wait.timed_out':
      case 'step.failed':
        this.#release(place, atMs);
        return;
      default:
    }
  }

  #hold(key: string, atMs: number): void {
    if (!this.#held.has(key)) this.#held.set(key, atMs);
  }

  #release(key: string, atMs: number): void {
    const sinceMs = this.#held.get(key);
    this.#held.delete(key);
    if (sinceMs !== undefined) this.#waited.push([sinceMs, atMs]);
  }

  #outlives(key: string, isChild: boolean): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    open.outlives = true;
    open.isChild = isChild;
  }

  #close(key: string, atMs: number, latencyMs: number): void {
    const open = this.#open.get(key);
    this.#open.delete(key);
    if (open === undefined) return;
    const fromMs = open.outlives ? open.atMs : Math.max(open.atMs, atMs - latencyMs);
    if (open.isChild) this.#waited.push([fromMs, atMs]);
    else if (open.target !== null && !open.local) this.#provider.push([fromMs, atMs]);
  }

  result(endMs: number): JobTimesRow {
    const open = [...this.#open.entries()];
    for (const [key] of open) this.#close(key, endMs, Number.POSITIVE_INFINITY);
    for (const key of this.#held.keys()) this.#release(key, endMs);
    const fromMs = this.#startedAtMs ?? endMs;
    const providerMs = covered(this.#provider, fromMs, endMs);
    const busyMs = covered([...this.#provider, ...this.#waited], fromMs, endMs);
    return {
      provider_ms: providerMs,
      waited_ms: busyMs - providerMs,
      overhead_ms: endMs - fromMs - busyMs,
      cost: this.#costNanoUsd,
      open: open.flatMap(([, { step, target, local }]) =>
        target === null || local ? [] : [{ step, provider: target.provider, model: target.model }],
      ),
    };
  }
}

/** Where an event belongs: to a step or an item of a map, each of which waits for itself, and to an attempt of it. */
function placesOf({ item, attempt = 0 }: JobEvent, step: string): [string, string] {
  const place = item === undefined ? step : `${step}[${item}]`;
  return [place, attemptKey(step, item ?? null, attempt)];
}

/** How much of the time from `fromMs` to `toMs` at least one span covers, in milliseconds. */
function covered(spans: readonly Span[], fromMs: number, toMs: number): number {
  let sumMs = 0;
  let reachedMs = fromMs;
  for (const [startMs, endMs] of spans.toSorted(([a], [b]) => a - b)) {
    const from = Math.max(startMs, reachedMs);
    const to = Math.min(endMs, toMs);
    if (to <= from) continue;
    sumMs += to - from;
    reachedMs = to;
  }
  return sumMs;
}
