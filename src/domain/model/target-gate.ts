import type { Target } from './target.ts';
import type { FailureClass } from '../job/failure.ts';
import type { Spread } from '../spread.ts';

/** The shared health of a target: what all projects of a deployment have seen of it, and what it may be asked. */

/** Names a target wherever it stands for itself: `openai/gpt-5.4-mini`. */
export function targetName({ provider, model }: Target): string {
  return `${provider}/${model}`;
}

/** The target of a name; null when it is none. A model's own name may hold slashes, a provider's does not. */
export function targetOf(name: string): Target | null {
  const slash = name.indexOf('/');
  if (slash <= 0 || slash === name.length - 1) return null;
  return { provider: name.slice(0, slash), model: name.slice(slash + 1) };
}

/** What a deployment allows itself at a target; an absent limit is none. */
export type TargetLimits = {
  readonly requestsPerMinute?: number;
  /** Of the prompt and the answer together; estimated before a call, corrected after it. */
  readonly tokensPerMinute?: number;
  /** Calls that wait for their answer at the same time. */
  readonly concurrency?: number;
};

export function hasLimits({
  requestsPerMinute,
  tokensPerMinute,
  concurrency,
}: TargetLimits): boolean {
  return (requestsPerMinute ?? tokensPerMinute ?? concurrency) !== undefined;
}

/**
 * Why a call was not let through. Stored in history: append, never rename.
 * - `cooling_down`: the target asked for a pause, or said that it is overloaded
 * - `circuit_open`: too many calls have failed, its account is refused, or it is just coming back
 * - `rate_limit`, `concurrency`: a limit of the deployment
 * - `held`: an administrator has closed the way to it
 * - `not_taken`: it keeps failing before it takes the work, as it says itself; told by the runner, not by the gate
 */
export const declineReasons = [
  'cooling_down',
  'circuit_open',
  'rate_limit',
  'concurrency',
  'held',
  'not_taken',
] as const;
export type DeclineReason = (typeof declineReasons)[number];

export type CallResult =
  | 'succeeded'
  | {
      readonly class: FailureClass;
      /** True for a timeout after so short a time that it says more about who waited than about the target. */
      readonly hasty?: boolean;
    };

/**
 * What a call's end says about its target.
 * - `good`: it answered, be it with a refusal that the caller has to answer for
 * - `bad`: it failed; many such calls open the circuit
 * - `pause`: it asked for a pause
 * - `account`: it refuses the deployment's account, and will until somebody mends that
 * - `none`: nothing; the call was cut off here or never sent
 */
export type Sign = 'good' | 'bad' | 'pause' | 'account' | 'none';

const SIGNS: Readonly<Record<FailureClass, Sign>> = {
  rate_limited: 'pause',
  overloaded: 'pause',
  timeout: 'bad',
  network: 'bad',
  provider_internal: 'bad',
  auth: 'account',
  billing_exhausted: 'account',
  permission: 'account',
  not_found_model: 'good',
  invalid_request: 'good',
  unsupported_parameter: 'good',
  context_length: 'good',
  content_blocked_input: 'good',
  content_blocked_output: 'good',
  payload_too_large: 'good',
  output_truncated: 'good',
  output_invalid: 'good',
  unknown: 'none',
  cancelled: 'none',
  lost: 'none',
  not_configured: 'none',
  expression_failed: 'none',
  step_input_invalid: 'none',
  value_too_large: 'none',
  internal: 'none',
  child_failed: 'none',
  budget_exceeded: 'none',
};

export function signOf(result: CallResult): Sign {
  if (result === 'succeeded') return 'good';
  return result.hasty === true ? 'none' : signOfClass(result.class);
}

export function signOfClass(failureClass: FailureClass): Sign {
  return SIGNS[failureClass];
}

/** Who has closed or opened the way to a target by hand. */
export type ByHand = { readonly by: string; readonly why: string; readonly atMs: number };

export type TargetAlert = {
  readonly atMs: number;
  readonly class: FailureClass;
  readonly message: string;
};

/** What is known of a target, for people. */
export type TargetHealth = {
  readonly state: 'closed' | 'open' | 'half_open' | 'recovering' | 'held';
  /** Why calls do not go through freely; null while they do. */
  readonly reason: DeclineReason | null;
  /** The class of the failure behind it. */
  readonly because: FailureClass | null;
  readonly sinceMs: number | null;
  /** When the next call is let through to see whether the target is back. */
  readonly nextProbeAtMs: number | null;
  readonly held: ByHand | null;
  /** The last time that somebody let calls through again by hand. */
  readonly released: ByHand | null;
  /** How often and when each class was last seen. */
  readonly errors: readonly {
    readonly class: FailureClass;
    readonly count: number;
    readonly lastAtMs: number;
  }[];
  readonly alerts: readonly TargetAlert[];
  /** Of the calls of the last minutes. */
  readonly calls: { readonly good: number; readonly bad: number };
  readonly latencyMs: Spread;
  readonly timeToFirstTokenMs: Spread;
  readonly limits: TargetLimits;
  /** What the limits leave at this moment; null where there is none. */
  readonly room: {
    readonly requests: number | null;
    readonly tokens: number | null;
    readonly concurrency: number | null;
  };
};
