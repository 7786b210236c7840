import type { Json } from '../../domain/json.ts';
import type { ModelStepKind } from '../../domain/step-kinds.ts';
import type { CallContext } from '../../providers/port.ts';
import type { Attempt, ExecuteDeps, Ran } from './attempt.ts';
import { localFacts } from './facts.ts';
import { readOutcome, unexpectedTicket } from './read-outcome.ts';
import { resolveCall } from './resolve-call.ts';

/** Carries out a step that asks a model: one call to one target. */
export async function runModel(
  deps: ExecuteDeps,
  attempt: Attempt,
  kind: ModelStepKind,
  input: Json,
): Promise<Ran> {
  const startedAtMs = deps.machine.nowMs();
  const resolved = await resolveCall(deps, attempt, kind, input);
  if (!resolved.ok) {
    return { facts: localFacts(startedAtMs, deps.machine.nowMs(), null), result: resolved };
  }
  const { adapter, call } = resolved.value;
  let firstTextAtMs: number | null = null;
  const onText = (): void => {
    firstTextAtMs ??= deps.machine.nowMs();
  };
  const outcome = await adapter.submitJob(call, { ...contextOf(deps, attempt), onText });
  const times = { startedAtMs, endedAtMs: deps.machine.nowMs(), firstTextAtMs };
  return outcome.kind === 'pending'
    ? unexpectedTicket(resolved.value, times)
    : readOutcome(deps, attempt, resolved.value, outcome, times);
}

/** What an adapter is told about the attempt beside the call. */
export function contextOf(
  deps: ExecuteDeps,
  { job, work, signal, onHeaders }: Attempt,
): CallContext {
  return {
    signal,
    onHeaders,
    idempotencyKey: `${job.jobId}:${work.key}`,
    headers: {
      'x-request-id': job.requestId,
      traceparent: `00-${job.traceId}-${spanIdOf(deps)}-01`,
    },
    ...(deps.mediaOf === undefined ? {} : { media: deps.mediaOf(job.project) }),
    deadlineAtMs: work.deadlineAtMs,
  };
}

/** A span of its own for each call: 16 hexadecimal digits. */
function spanIdOf({ machine }: ExecuteDeps): string {
  return machine.newUuid().replaceAll('-', '').slice(-16);
}
