import type { Json } from '../../domain/json.ts';
import type { ModelStepKind } from '../../domain/definition/step-kinds.ts';
import type { Failure } from '../../domain/job/failure.ts';
import { throughCache } from '../cache/through-cache.ts';
import { misfitOf } from '../routing/misfit.ts';
import type { Attempt, ExecuteDeps, Ran } from './attempt.ts';
import { localFacts } from './facts.ts';
import { stillPending } from './calls/poll-call.ts';
import { resolveCall, type ResolvedCall } from './calls/resolve-call.ts';
import { askProvider } from './calls/submit-call.ts';

/** When a call that cannot be made again for now is tried again, so that its result can be asked for. */
const UNRESOLVED_MS = 60_000;

/** Carries out a step that asks a model: one call to one target, or none where its result is known already. */
export async function runModel(
  deps: ExecuteDeps,
  attempt: Attempt,
  kind: ModelStepKind,
  input: Json,
): Promise<Ran> {
  const startedAtMs = deps.machine.nowMs();
  const resolved = await resolveCall(deps, attempt, kind, input);
  const { poll } = attempt.work;
  const misfit = resolved.ok && poll === undefined ? misfitIn(deps, resolved.value) : null;
  if (resolved.ok && misfit !== null) {
    const facts = localFacts(startedAtMs, deps.machine.nowMs(), resolved.value.adapter.version);
    return { facts, result: { ok: false, failure: misfit } };
  }
  if (resolved.ok) {
    const call = (): Promise<Ran> => askProvider(deps, attempt, resolved.value);
    return throughCache(deps, attempt, resolved.value, call);
  }
  return {
    facts: localFacts(startedAtMs, deps.machine.nowMs(), null),
    result: poll === undefined ? resolved : stillPending(poll, UNRESOLVED_MS),
  };
}

/** Why the target's model cannot serve the call, by what is known of it. */
function misfitIn({ providers }: ExecuteDeps, { call, target }: ResolvedCall): Failure | null {
  return misfitOf(call, providers.modelCapabilities?.(target) ?? null);
}
