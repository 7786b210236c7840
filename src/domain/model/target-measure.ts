import type { Target } from './target.ts';

/** How long a target's calls have taken lately, as its gate has counted those that were answered. */
export type TargetLatency = { readonly p50Ms: number; readonly p95Ms: number };

/** What a runner has heard of a target, on its way to whoever decides which one is asked. */
export type TargetMeasure = TargetLatency & {
  readonly target: Target;
  /** How long ago the gate said so; no moment crosses a process boundary, so that clocks need not agree. */
  readonly ageMs: number;
};

/** Fewer calls say nothing of how long the next one takes. */
export const MEASURED_CALLS_MIN = 5;
/** A measure that is older is no measure: the calls behind it are ten minutes older at most. */
export const MEASURE_FRESH_MS = 600_000;
/** The most measures that are told at once. */
export const MEASURES_MAX = 32;
