import type { Json } from '../../domain/json.ts';
import type { ModelStepKind } from '../../domain/step-kinds.ts';
import { throughCache } from '../cache/through-cache.ts';
import type { Attempt, ExecuteDeps, Ran } from './attempt.ts';
import { localFacts } from './facts.ts';
import { stillPending } from './poll-call.ts';
import { resolveCall } from './resolve-call.ts';
import { askProvider } from './submit-call.ts';

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
  if (resolved.ok) {
    const call = (): Promise<Ran> => askProvider(deps, attempt, resolved.value);
    return throughCache(deps, attempt, resolved.value, call);
  }
  const { poll } = attempt.work;
  return {
    facts: localFacts(startedAtMs, deps.machine.nowMs(), null),
    result: poll === undefined ? resolved : stillPending(poll, UNRESOLVED_MS),
  };
}
