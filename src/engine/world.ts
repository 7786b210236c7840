import type { Target } from '../domain/attempt.ts';
import type { ItemState } from '../domain/job.ts';
import type { Json } from '../domain/json.ts';

/**
 * Everything outside a job that a decision may look at, handed in: the engine itself reads no clock, draws no
 * lots and does no I/O.
 */
export type World = {
  readonly nowMs: number;
  /** A number from 0 up to, not including, 1; a new one at every call. */
  random(): number;
  /** What is known of a target at this moment. */
  target(target: Target): TargetView;
  /** A small value that a control expression reads, as its runner reported it. */
  control(key: string): ControlValue;
  /** An item of a map whose attempt has ended before; undefined when none has. */
  item(step: string, item: number): ItemState | undefined;
};

export type TargetView =
  /** `local` targets run inside the Worker and hold no connection. */
  | { readonly usable: true; readonly local: boolean }
  | { readonly usable: false; readonly reason: string };

export type ControlValue =
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'absent' };
