import type { Target } from '../domain/job/attempt.ts';
import { targetName } from '../domain/model/target-gate.ts';
import {
  MEASURE_FRESH_MS,
  type TargetLatency,
  type TargetMeasure,
} from '../domain/model/target-measure.ts';
import type { TargetView } from '../engine/world.ts';

/** What runners have told of targets: decisions read it and ask nobody. */
export type TargetMeasures = {
  hear(measures: readonly TargetMeasure[]): void;
  /** Null when nobody has told of it, or only long ago. */
  of(target: Target): TargetLatency | null;
};

const TARGETS_MAX = 1_000;

type Heard = TargetLatency & { readonly atMs: number };

/** Kept in memory only: the next runner that comes tells it anew. */
export function makeTargetMeasures(nowMs: () => number): TargetMeasures {
  const known = new Map<string, Heard>();
  return {
    hear(measures) {
      const now = nowMs();
      for (const { target, ageMs, p50Ms, p95Ms } of measures) {
        const name = targetName(target);
        const atMs = now - Math.max(0, ageMs);
        if ((known.get(name)?.atMs ?? Number.NEGATIVE_INFINITY) > atMs) continue;
        // Names come from definitions: a bound keeps their number from growing.
        if (known.size >= TARGETS_MAX) known.clear();
        known.set(name, { atMs, p50Ms, p95Ms });
      }
    },
    of(target) {
      const found = known.get(targetName(target));
      if (found === undefined || nowMs() - found.atMs > MEASURE_FRESH_MS) return null;
      return { p50Ms: found.p50Ms, p95Ms: found.p95Ms };
    },
  };
}

/** A target as routes see it, with what is known of how long its calls take. */
export function asMeasured(view: TargetView, latency: TargetLatency | null): TargetView {
  if (!view.usable || latency === null) return view;
  return { ...view, latencyMs: latency.p50Ms, latencyP95Ms: latency.p95Ms };
}
