import type { Failure } from '../../../domain/job/failure.ts';
import { NOT_RECONCILED } from '../../../engine/attempts/retry.ts';
import type { Reconciliation } from '../../../engine/attempts/settlement.ts';
import type { CallContext, Reconciled, Ticket } from '../../../providers/port.ts';
import { errorName } from '../../ports/log.ts';
import type { LostAttempt } from '../../ports/job-shard/work-item.ts';
import type { Attempt, ExecuteDeps } from '../attempt.ts';
import { callbackUrl, idempotencyKeyOf } from './provider-call.ts';
import type { ResolvedCall } from './resolve-call.ts';

/** What to do after asking the provider about earlier submits. */
export type Found = { readonly reconciled: readonly Reconciliation[] } & (
  | { readonly kind: 'submit' }
  /** The provider works on an earlier submit already. */
  | { readonly kind: 'adopt'; readonly ticket: Ticket; readonly adoptedFrom: number }
  /** It could not be told, and the step would rather not pay twice. */
  | { readonly kind: 'stop'; readonly failure: Failure }
);

/** Asks a provider about submits whose answers were lost, before anything is sent again; the latest first. */
export async function reconcileCall(
  deps: ExecuteDeps,
  attempt: Attempt,
  resolved: ResolvedCall,
  context: CallContext,
): Promise<Found> {
  const reconciled: Reconciliation[] = [];
  for (const lost of attempt.work.reconcile ?? []) {
    const found = await find(deps, attempt, resolved, { lost, context });
    if (found === null) continue;
    const { attempt: number } = lost;
    if (found.kind === 'found') {
      const { ticket } = found;
      reconciled.push({ attempt: number, outcome: 'adopted' });
      return { kind: 'adopt', reconciled, ticket, adoptedFrom: number };
    }
    reconciled.push({ attempt: number, outcome: found.kind });
  }
  const unclear = reconciled.some(({ outcome }) => outcome === 'unknown');
  const policy = attempt.step.definition.on_unknown ?? 'retry';
  if (!unclear || policy === 'retry') return { kind: 'submit', reconciled };
  // Nothing is sent again: what stays unknown is not paid for a second time.
  const told = reconciled.filter(({ outcome }) => outcome !== 'unknown');
  return { kind: 'stop', reconciled: told, failure: unclearFailure(policy) };
}

function unclearFailure(policy: string): Failure {
  return {
    class: 'lost',
    phase: 'unknown',
    code: NOT_RECONCILED,
    message: `nobody knows whether the provider took an earlier attempt; \`on_unknown\` is ${policy}, so it was not sent again`,
  };
}

type Question = { readonly lost: LostAttempt; readonly context: CallContext };

/** What the provider says; null for one that cannot be asked. */
async function find(
  deps: ExecuteDeps,
  { job, work }: Attempt,
  { adapter, call, target }: ResolvedCall,
  { lost, context }: Question,
): Promise<Reconciled | null> {
  if (lost.ticket !== undefined) return { kind: 'found', ticket: lost.ticket };
  if (adapter.findJob === undefined) return null;
  const { project, jobId } = job;
  const { step, item } = work;
  const { attempt, startedAtMs } = lost;
  const link = { project, job: jobId, step, item, attempt, startedAtMs };
  try {
    const submit = {
      call,
      idempotencyKey: idempotencyKeyOf(jobId, lost.key),
      callbackUrl: await callbackUrl(deps, target.provider, link),
      startedAtMs,
    };
    return await adapter.findJob(submit, context);
  } catch (error) {
    deps.log('error', 'reconcile.defect', { job_id: jobId, error: errorName(error) });
    return { kind: 'unknown' };
  }
}
