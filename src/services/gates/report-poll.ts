import type { CallOutcome } from '../../providers/port.ts';
import type { CallEnd } from '../ports/targets/target-gates.ts';
import type { Attempt, ExecuteDeps } from '../run/attempt.ts';
import type { ResolvedCall } from '../run/calls/resolve-call.ts';
import { resultOfFailure } from './through-gate.ts';

export type Polled = {
  readonly outcome: CallOutcome;
  /** How long the question has taken. */
  readonly askedForMs: number;
  /** How long the work has taken since its attempt began. */
  readonly workedForMs: number;
};

/**
 * Tells a target's gate what a provider said of work that it had taken: that it is done, and after how long, or how it
 * failed, be it the work or the question. No gate stands before such questions: what is paid for is fetched.
 */
export async function reportPoll(
  { gates }: ExecuteDeps,
  attempt: Attempt,
  { target, adapter }: ResolvedCall,
  polled: Polled,
): Promise<void> {
  const end = endOf(polled);
  if (end === null || gates === undefined || adapter.capabilities.local) return;
  const told = gates.report(target, end);
  // The turn waits for it, the attempt does not.
  if (attempt.beside === undefined) await told;
  else attempt.beside(told);
}

function endOf({ outcome, askedForMs, workedForMs }: Polled): CallEnd | null {
  if (outcome.kind === 'pending') return null;
  if (outcome.kind === 'done') return { result: 'succeeded', latencyMs: workedForMs };
  const { failure } = outcome;
  const { retryAfterMs } = failure;
  const result = resultOfFailure(failure, askedForMs);
  return { result, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
