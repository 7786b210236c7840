import type { FaultInput } from '../../support/simulator/types.ts';

/** How long a call of a healthy target takes, in milliseconds. */
export const HEALTHY_MS = 40;

export type Phase = {
  readonly name: string;
  /** What the first target does with calls of this phase's jobs; a part of them where a share is given. */
  readonly fault: FaultInput;
  readonly share?: number;
};

/** An incident at the first target, from its beginning to its end; the second one is well all the time. */
export const phases: readonly Phase[] = [
  { name: 'healthy', fault: { latency_ms: HEALTHY_MS } },
  { name: 'ten times as slow', fault: { latency_ms: 10 * HEALTHY_MS } },
  { name: '30 % overloaded (529)', fault: { latency_ms: HEALTHY_MS, status: 529 }, share: 0.3 },
  { name: 'refuses (429, Retry-After)', fault: { status: 429, retry_after: 2 } },
  { name: 'dead', fault: { drop: 'before_headers' } },
  { name: 'back', fault: { latency_ms: HEALTHY_MS } },
];

export type Size = {
  readonly phaseMs: number;
  /** A job comes so often, whatever became of those before it. */
  readonly everyMs: number;
  /** How long it is waited for the first target to serve most jobs again, at most. */
  readonly backMs: number;
};

export const sizes = {
  quick: { phaseMs: 2_500, everyMs: 125, backMs: 45_000 },
  full: { phaseMs: 45_000, everyMs: 100, backMs: 150_000 },
} as const satisfies Record<string, Size>;
