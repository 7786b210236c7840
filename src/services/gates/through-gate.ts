import type { Failure } from '../../domain/job/failure.ts';
import type { CallResult } from '../../domain/model/target-gate.ts';
import type { Usage } from '../../domain/model/usage.ts';
import type { CallEnd, Permit, TargetGates } from '../ports/targets/target-gates.ts';
import type { Attempt, ExecuteDeps, Ran } from '../run/attempt.ts';
import { localFacts } from '../run/facts.ts';
import type { ResolvedCall } from '../run/calls/resolve-call.ts';
import { makeStop, type StopSignal } from '../stop.ts';
import { estimateTokens } from './estimate-tokens.ts';

/** How often a call that lasts tells its gate that it does. */
const RENEW_EVERY_MS = 20_000;
/** … and one that others wait for. */
const RENEW_URGENT_MS = 5_000;
/** A timeout after less than this says more about who waited than about the target. */
const HASTY_MS = 10_000;

/**
 * Makes a call if its target's gate lets it through, and tells the gate how it ended. Work inside the Worker has no
 * gate. A call that is not let through is not made again here: what follows is the engine's to decide.
 */
export async function throughGate(
  deps: ExecuteDeps,
  attempt: Attempt,
  { target, adapter, call }: ResolvedCall,
  make: () => Promise<Ran>,
): Promise<Ran> {
  const { gates, machine } = deps;
  if (gates === undefined || adapter.capabilities.local) return make();
  const startedAtMs = machine.nowMs();
  const admission = await gates.admit(target, {
    estimatedTokens: estimateTokens(call),
    ...(attempt.work.lastTry === true ? { isLastTry: true } : {}),
  });
  if (admission.admitted) return withPermit(deps, gates, attempt, admission.permit, make);
  const { reason, because, untilAtMs } = admission;
  const cause = because === undefined ? {} : { because };
  return {
    facts: localFacts(startedAtMs, machine.nowMs(), adapter.version),
    result: { ok: 'declined', reason, ...cause, untilAtMs },
  };
}

async function withPermit(
  deps: ExecuteDeps,
  gates: TargetGates,
  attempt: Attempt,
  permit: Permit,
  make: () => Promise<Ran>,
): Promise<Ran> {
  const over = makeStop();
  const renewing = renewUntil(deps, gates, permit, over.signal);
  const startedAtMs = deps.machine.nowMs();
  let end: CallEnd = { result: { class: 'internal' } };
  try {
    const ran = await make();
    const tookMs = Math.max(0, deps.machine.nowMs() - startedAtMs);
    end = { ...endOf(ran, tookMs), ...overtakenPart(attempt, tookMs) };
    return ran;
  } finally {
    over.stop();
    await renewing;
    const told = gates.settle(permit, end);
    // The turn waits for it, the attempt does not.
    if (attempt.beside === undefined) await told;
    else attempt.beside(told);
  }
}

async function renewUntil(
  { machine }: ExecuteDeps,
  gates: TargetGates,
  permit: Permit,
  over: StopSignal,
): Promise<void> {
  for (;;) {
    await machine.wait(permit.urgent ? RENEW_URGENT_MS : RENEW_EVERY_MS, over);
    if (over.aborted) return;
    await gates.renew(permit);
  }
}

function overtakenPart({ isSuperseded }: Attempt, tookMs: number) {
  return isSuperseded?.() === true ? { overtakenAfterMs: tookMs } : {};
}

function endOf({ facts, result }: Ran, tookMs: number): CallEnd {
  const { timeToFirstTokenMs, usage, latencyMs } = facts;
  const tokens = usage === undefined ? null : tokensOf(usage);
  const retryAfterMs = result.ok === false ? result.failure.retryAfterMs : undefined;
  return {
    result: resultOf(result, tookMs),
    // Work that goes on at its provider has only begun: how long it takes is told when it is over.
    ...(result.ok === true ? { latencyMs } : {}),
    ...(timeToFirstTokenMs === undefined ? {} : { timeToFirstTokenMs }),
    ...usedPart(result, tokens),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** What was not sent used nothing. */
function usedPart({ ok }: Ran['result'], tokens: number | null): Pick<CallEnd, 'usedTokens'> {
  if (ok === 'declined') return { usedTokens: 0 };
  return tokens === null ? {} : { usedTokens: tokens };
}

function resultOf(result: Ran['result'], tookMs: number): CallResult {
  // Nothing was sent: a budget had no room.
  if (result.ok === 'declined') return { class: 'cancelled' };
  if (result.ok !== false) return 'succeeded';
  return resultOfFailure(result.failure, tookMs);
}

/** What a failure says of the target, when it came after so long. */
export function resultOfFailure(
  { class: failureClass, status }: Failure,
  tookMs: number,
): CallResult {
  const hasty = failureClass === 'timeout' && status === undefined && tookMs < HASTY_MS;
  return { class: failureClass, ...(hasty ? { hasty } : {}) };
}

/** What counts against a limit on tokens; null when nothing of the kind was reported. */
function tokensOf(usage: Usage): number | null {
  const counts = [
    usage.inputTokens,
    usage.cacheReadTokens,
    usage.cacheWriteTokens,
    usage.cacheWriteHourTokens,
    usage.audioInputTokens,
    usage.imageInputTokens,
    usage.outputTokens,
    usage.reasoningTokens,
    usage.audioOutputTokens,
    usage.imageOutputTokens,
  ].filter((count) => count !== undefined);
  return counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0);
}
