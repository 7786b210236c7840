import type { CallContext } from '../../../providers/port.ts';
import type { CallbackLink } from '../../callbacks/callback-links.ts';
import type { JobContext } from '../../ports/job-shard/turn.ts';
import { spanIdOf } from '../../traces/span-id.ts';
import type { Attempt, ExecuteDeps } from '../attempt.ts';

/** How long a runner waits for a provider's queue to take work, at most. */
const SUBMIT_MS = 120_000;

/** What an adapter is told about the attempt beside the call. */
export async function contextOf(
  deps: ExecuteDeps,
  { job, work, signal, onHeaders }: Attempt,
): Promise<CallContext> {
  const provider = work.target?.provider ?? '';
  return {
    signal,
    onHeaders,
    idempotencyKey: idempotencyKeyOf(job.jobId, work.key),
    headers: {
      'x-request-id': job.requestId,
      ...(deps.tellsTrace?.(provider) === true ? await traceHeader(deps, job, work.key) : {}),
    },
    ...(deps.mediaOf === undefined ? {} : { media: deps.mediaOf(job.project) }),
    callbackUrl: await callbackUrl(deps, provider, {
      project: job.project,
      job: job.jobId,
      step: work.step,
      item: work.item,
      attempt: work.attempt,
      startedAtMs: work.startedAtMs ?? 0,
    }),
    deadlineAtMs: work.givenUpAtMs ?? work.deadlineAtMs,
  };
}

/** The same for an attempt whenever it is asked for: a provider is asked about a lost submit by it. */
export async function callbackUrl(
  { callbackLinks }: ExecuteDeps,
  provider: string,
  link: CallbackLink,
): Promise<string | null> {
  return callbackLinks === undefined ? null : callbackLinks(provider, link);
}

export function idempotencyKeyOf(jobId: string, key: string): string {
  return `${jobId}:${key}`;
}

/** The provider's own spans hang below the one that is exported for the attempt. */
async function traceHeader(
  { machine }: Pick<ExecuteDeps, 'machine'>,
  { jobId, traceId, sampled }: JobContext,
  key: string,
): Promise<{ readonly traceparent: string }> {
  const spanId = await spanIdOf(machine, jobId, key);
  return { traceparent: `00-${traceId}-${spanId}-${sampled === false ? '00' : '01'}` };
}

/** Does something that has to be over soon, however long its attempt may take. */
export async function soon<Value>(
  { machine }: Pick<ExecuteDeps, 'machine'>,
  context: CallContext,
  work: (context: CallContext) => Promise<Value>,
): Promise<Value> {
  const timer = new AbortController();
  const cut = new AbortController();
  const alarm = machine.wait(SUBMIT_MS, timer.signal).then(() => {
    if (!timer.signal.aborted) cut.abort('deadline');
  });
  try {
    return await work({ ...context, signal: AbortSignal.any([context.signal, cut.signal]) });
  } finally {
    timer.abort();
    await alarm;
  }
}
