import type { Failure } from '../../../domain/job/failure.ts';
import type { CallContext, CallOutcome } from '../../../providers/port.ts';
import { reportPoll } from '../../gates/report-poll.ts';
import { errorName } from '../../ports/log.ts';
import type { Poll } from '../../ports/job-shard/work-item.ts';
import type { Attempt, ExecuteDeps, Ran } from '../attempt.ts';
import { localFacts } from '../facts.ts';
import { readOutcome } from './read-outcome.ts';
import type { ResolvedCall } from './resolve-call.ts';

type Asked = { readonly poll: Poll; readonly context: CallContext };

/** When a provider that could not be asked is asked again, at the earliest. */
const AFTER_FAILURE_MS = 5_000;
/** No provider is asked more often than this. */
export const CHECK_IN_MIN_MS = 500;
/** A provider that has only callbacks is looked at this seldom. */
const CALLBACK_ONLY_MS = 900_000;

/**
 * Asks a provider how far it is, or reads what it has called back with. That the question itself fails says nothing
 * about the work: it is asked again. Only what the provider says of the work ends the attempt.
 */
export async function pollCall(
  deps: ExecuteDeps,
  attempt: Attempt,
  resolved: ResolvedCall,
  asked: Asked,
): Promise<Ran> {
  const { machine } = deps;
  const askedAtMs = machine.nowMs();
  const startedAtMs = attempt.work.startedAtMs ?? askedAtMs;
  const outcome = await outcomeOf(deps, attempt, resolved, asked);
  const endedAtMs = machine.nowMs();
  await reportPoll(deps, attempt, resolved, {
    outcome,
    askedForMs: Math.max(0, endedAtMs - askedAtMs),
    workedForMs: Math.max(0, endedAtMs - startedAtMs),
  });
  if (outcome.kind === 'done' || (outcome.kind === 'failed' && isVerdict(outcome.failure))) {
    return readOutcome(deps, attempt, resolved, outcome, { startedAtMs, endedAtMs });
  }
  const { ticket, checkInMs } =
    outcome.kind === 'pending'
      ? outcome
      : { ticket: asked.poll.ticket, checkInMs: outcome.failure.retryAfterMs ?? AFTER_FAILURE_MS };
  return {
    facts: localFacts(startedAtMs, endedAtMs, resolved.adapter.version),
    result: stillPending({ ...asked.poll, ticket }, checkInMs),
  };
}

/** The report of work that goes on. */
export function stillPending({ ticket, number, callback }: Poll, checkInMs: number): Ran['result'] {
  return {
    ok: 'pending',
    ticket,
    checkInMs: Math.max(CHECK_IN_MIN_MS, checkInMs),
    poll: number,
    ...(callback === null ? {} : { read: callback.key }),
  };
}

/** True when the failure is the work's, not the question's. */
function isVerdict({ class: failureClass, phase }: Failure): boolean {
  return failureClass !== 'network' && (phase === 'finished' || phase === 'accepted');
}

async function outcomeOf(
  deps: ExecuteDeps,
  attempt: Attempt,
  resolved: ResolvedCall,
  { poll, context }: Asked,
): Promise<CallOutcome> {
  const { adapter, call } = resolved;
  const pending: CallOutcome = {
    kind: 'pending',
    ticket: poll.ticket,
    checkInMs: CALLBACK_ONLY_MS,
  };
  try {
    const told = await readCallback(deps, resolved, poll);
    if (told.kind === 'done' || told.kind === 'failed') return told;
    if (adapter.getJobStatus === undefined) return pending;
    const status = await adapter.getJobStatus(poll.ticket, call, context);
    // What was cut off here says nothing about the work.
    const cut = context.signal.aborted && status.kind === 'failed';
    return cut ? { ...pending, checkInMs: AFTER_FAILURE_MS } : status;
  } catch (error) {
    const { job, work } = attempt;
    deps.log('error', 'poll.defect', {
      job_id: job.jobId,
      attempt_key: work.key,
      error: errorName(error),
    });
    return { ...pending, checkInMs: AFTER_FAILURE_MS };
  }
}

async function readCallback(
  { objects }: ExecuteDeps,
  { adapter, call }: ResolvedCall,
  { callback }: Poll,
): Promise<CallOutcome | { readonly kind: 'ask' }> {
  if (callback === null || adapter.callbacks === undefined) return { kind: 'ask' };
  const body = await objects.get(callback);
  return body === null ? { kind: 'ask' } : adapter.callbacks.read(body, call);
}
