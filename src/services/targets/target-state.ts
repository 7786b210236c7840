import type { TargetHealth } from '../../domain/model/target-gate.ts';
import type { TargetView } from '../../engine/world.ts';

/**
 * How a target is, in words that cannot be taken for what an administrator does to it.
 * - `available`       calls go through
 * - `unavailable`     none goes through until the next probe
 * - `probing`         one is let through to see whether it is back
 * - `recovering`      ever more go through
 * - `held`            an administrator has closed it
 * - `local`           it runs inside the Worker
 * - `not_configured`  its provider lacks a setting
 * - `unknown`         its gate does not answer
 */
export const targetStates = [
  'available',
  'unavailable',
  'probing',
  'recovering',
  'held',
  'local',
  'not_configured',
  'unknown',
] as const;
export type TargetState = (typeof targetStates)[number];

const WORD = {
  closed: 'available',
  open: 'unavailable',
  half_open: 'probing',
  recovering: 'recovering',
  held: 'held',
} as const satisfies Record<TargetHealth['state'], TargetState>;

/** True of one that has a gate: it lies outside the Worker, and can be called. */
export function isOutside(view: TargetView): boolean {
  return view.usable && !view.local;
}

export function targetState(view: TargetView, health: TargetHealth | null): TargetState {
  // What an administrator has ordered is told also of a target whose provider is not configured, or not any more.
  if (health?.held != null) return 'held';
  if (!view.usable) return 'not_configured';
  if (view.local) return 'local';
  return health === null ? 'unknown' : circuitWord(health);
}

/** How a target stands whose gate has told it. */
export function circuitWord({ state }: Pick<TargetHealth, 'state'>): TargetState {
  return WORD[state];
}
