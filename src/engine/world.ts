import type { Target } from '../domain/job/attempt.ts';
import type { ItemState, JobState } from '../domain/job/job.ts';
import type { Json } from '../domain/json.ts';
import type { StepKind } from '../domain/definition/step-kinds.ts';

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
  /**
   * A small value that a control expression reads, as its runner reported it. `state` is the job as the
   * decision has left it so far.
   */
  control(key: string, state: JobState): ControlValue;
  /** An item of a map whose attempt has ended before; undefined when none has. */
  item(step: string, item: number): ItemState | undefined;
};

export type TargetView =
  /** `local` targets run inside the Worker and hold no connection. */
  | {
      readonly usable: true;
      readonly local: boolean;
      /** Step kinds that this provider only answers with a ticket. */
      readonly ticketSteps?: readonly StepKind[];
      /** True when it can be asked what became of a submit whose answer was lost. */
      readonly reconciles?: boolean;
      /** The list price of a million tokens, for comparing targets; null when it is not known. */
      readonly costNanoUsdPerMTok?: number | null;
      /** How long half of its calls have taken at most, lately; null when that is not known. */
      readonly latencyMs?: number | null;
      /** How long nineteen of twenty of its calls have taken at most, lately; null when that is not known. */
      readonly latencyP95Ms?: number | null;
      /** The longest prompt and answer that its model takes together; absent when that is not known. */
      readonly contextTokens?: number;
    }
  | { readonly usable: false; readonly reason: string };

/** The most a control expression may read at one place, in bytes of compact JSON. */
export const CONTROL_VALUE_BYTES_MAX = 16_384;

export type ControlValue =
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'absent' }
  | { readonly kind: 'too_large'; readonly bytes: number };
