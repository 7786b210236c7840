import type { CallContext, CallOutcome } from '../../../providers/port.ts';
import { countFound, withinBudget } from '../../budgets/within-budget.ts';
import { throughGate } from '../../gates/through-gate.ts';
import { deltaSenderOf } from '../../live/delta-sender.ts';
import type { Attempt, ExecuteDeps, Ran } from '../attempt.ts';
import { defectOf } from '../defect.ts';
import { localFacts } from '../facts.ts';
import { CHECK_IN_MIN_MS, pollCall } from './poll-call.ts';
import { contextOf, soon } from './provider-call.ts';
import { readOutcome } from './read-outcome.ts';
import { reconcileCall, type Found } from './reconcile-call.ts';
import type { ResolvedCall } from './resolve-call.ts';

/** Asks the provider: for the answer, or how far it is with what it has been asked before. */
export async function askProvider(
  deps: ExecuteDeps,
  attempt: Attempt,
  resolved: ResolvedCall,
): Promise<Ran> {
  return countFound(deps, attempt, resolved, await ask(deps, attempt, resolved));
}

async function ask(deps: ExecuteDeps, attempt: Attempt, resolved: ResolvedCall): Promise<Ran> {
  const context = await contextOf(deps, attempt);
  const { poll } = attempt.work;
  if (poll !== undefined) return pollCall(deps, attempt, resolved, { poll, context });
  const startedAtMs = deps.machine.nowMs();
  const submit = (within: CallContext): Promise<Ran> =>
    throughGate(deps, attempt, resolved, () =>
      withinBudget(deps, attempt, resolved, () => send(deps, attempt, resolved, within)),
    );
  if (!isTicketed(resolved)) return submit(context);
  const found = await soon(deps, context, (short) => reconcileCall(deps, attempt, resolved, short));
  const facts = localFacts(startedAtMs, deps.machine.nowMs(), resolved.adapter.version);
  if (found.kind === 'submit' && movesOn(attempt, found)) {
    const result = { ok: 'declined', reason: 'not_taken', untilAtMs: startedAtMs } as const;
    return { facts, result, reconciled: found.reconciled };
  }
  if (found.kind === 'submit') {
    const ran = await soon(deps, context, submit);
    return { ...ran, reconciled: found.reconciled };
  }
  return { facts, ...withoutSubmit(found), reconciled: found.reconciled };
}

/** True when the target keeps failing before it takes the work, and another one may be tried instead. */
function movesOn({ work }: Attempt, { reconciled }: Found): boolean {
  return work.movesOnIfNotTaken === true && reconciled.every(({ outcome }) => outcome === 'absent');
}

function withoutSubmit(found: Exclude<Found, { readonly kind: 'submit' }>): Pick<Ran, 'result'> {
  if (found.kind === 'stop') return { result: { ok: false, failure: found.failure } };
  const { ticket, adoptedFrom } = found;
  return { result: { ok: 'pending', ticket, checkInMs: 0, poll: 0, adoptedFrom } };
}

/** True for a call that is answered with a ticket. */
export function isTicketed({ adapter, call }: ResolvedCall): boolean {
  if (call.execution !== undefined) return call.execution !== 'sync';
  return adapter.capabilities.executions?.[call.kind]?.includes('sync') === false;
}

/** A defect while the call is made, or while its answer is read: it may have been paid, and nobody knows how much. */
async function send(
  deps: ExecuteDeps,
  attempt: Attempt,
  resolved: ResolvedCall,
  context: CallContext,
): Promise<Ran> {
  const startedAtMs = deps.machine.nowMs();
  try {
    return await sendAndRead(deps, attempt, resolved, context);
  } catch (error) {
    const { version, capabilities } = resolved.adapter;
    const facts = localFacts(startedAtMs, deps.machine.nowMs(), version);
    const costNanoUsd = capabilities.local ? 0 : null;
    const failure = defectOf(deps, attempt, error);
    return { facts: { ...facts, costNanoUsd }, result: { ok: false, failure } };
  }
}

async function sendAndRead(
  deps: ExecuteDeps,
  attempt: Attempt,
  resolved: ResolvedCall,
  context: CallContext,
): Promise<Ran> {
  const startedAtMs = deps.machine.nowMs();
  let firstTextAtMs: number | null = null;
  const deltas = deltaSenderOf(deps, attempt);
  const onText = (piece: string): void => {
    firstTextAtMs ??= deps.machine.nowMs();
    deltas?.push(piece);
  };
  const outcome: CallOutcome = await resolved.adapter.submitJob(resolved.call, {
    ...context,
    onText,
  });
  const endedAtMs = deps.machine.nowMs();
  if (outcome.kind !== 'pending') {
    const times = { startedAtMs, endedAtMs, firstTextAtMs };
    const [ran] = await Promise.all([
      readOutcome(deps, attempt, resolved, outcome, times),
      deltas?.end(),
    ]);
    return ran;
  }
  const { ticket, checkInMs } = outcome;
  return {
    facts: localFacts(startedAtMs, endedAtMs, resolved.adapter.version),
    result: { ok: 'pending', ticket, checkInMs: Math.max(CHECK_IN_MIN_MS, checkInMs), poll: 0 },
  };
}
