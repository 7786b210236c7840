import { isModelStepKind } from '../../../domain/definition/step-kinds.ts';
import { shardOf } from '../../../domain/ids.ts';
import type { Ticket } from '../../../domain/model/ticket.ts';
import type { Plan } from '../../../engine/plan/plan.ts';
import type { JobContext } from '../../ports/job-shard/turn.ts';
import type { WorkItem } from '../../ports/job-shard/work-item.ts';
import { errorName } from '../../ports/log.ts';
import type { Attempt, ExecuteDeps } from '../attempt.ts';
import { inputOf } from '../execute-attempt.ts';
import { contextOf, soon } from './provider-call.ts';
import { resolveCall } from './resolve-call.ts';

/**
 * Tells providers to stop what nobody waits for any more. A provider that cannot be told needs no word; one that does
 * not answer is told again by the next runner, some times.
 */
export async function cancelTickets(
  deps: ExecuteDeps,
  job: JobContext,
  plan: Plan,
  works: readonly WorkItem[],
): Promise<void> {
  const told = await Promise.all(works.map((work) => cancelTicket(deps, job, plan, work)));
  const keys = works.flatMap(({ key }, index) => (told[index] === true ? [key] : []));
  if (keys.length === 0) return;
  const { jobId, project } = job;
  try {
    await deps.shards.of(project, shardOf(jobId)).ticketsCancelled({ jobId, keys });
  } catch (error) {
    deps.log('warn', 'ticket.cancel_not_noted', { job_id: jobId, error: errorName(error) });
  }
}

/** True once nothing is left to be said to the provider. */
async function cancelTicket(
  deps: ExecuteDeps,
  job: JobContext,
  plan: Plan,
  work: WorkItem,
): Promise<boolean> {
  const step = plan.byId.get(work.step);
  const ticket = work.poll?.ticket;
  if (step === undefined || ticket === undefined) return true;
  const { signal } = new AbortController();
  try {
    return await tell(deps, { job, plan, step, work, signal, onHeaders: () => {} }, ticket);
  } catch (error) {
    const fields = { job_id: job.jobId, attempt_key: work.key, error: errorName(error) };
    deps.log('warn', 'ticket.not_cancelled', fields);
    return false;
  }
}

async function tell(deps: ExecuteDeps, attempt: Attempt, ticket: Ticket): Promise<boolean> {
  const adapter = deps.providers.get(attempt.work.target?.provider ?? '');
  const { uses } = attempt.step.definition;
  if (adapter?.cancelJob === undefined || !isModelStepKind(uses)) return true;
  const input = await inputOf(deps, attempt);
  if (!input.ok) return true;
  const resolved = await resolveCall(deps, attempt, uses, input.value);
  if (!resolved.ok) return false;
  const context = await contextOf(deps, attempt);
  await soon(deps, context, async (short) =>
    adapter.cancelJob?.(ticket, resolved.value.call, short),
  );
  return true;
}
