import { attemptKey } from '../../../domain/job/attempt.ts';
import { hasSucceeded, isTerminal } from '../../../domain/job/job.ts';
import type { Json } from '../../../domain/json.ts';
import { readsOf } from '../../../engine/expression/template.ts';
import type { Plan } from '../../../engine/plan/plan.ts';
import type {
  EventsAnswer,
  EventsRequest,
  JobSnapshot,
  ReadRequest,
} from '../../../services/ports/job-shard/snapshot.ts';
import type { ResolvedRead } from '../../../services/ports/job-shard/payload.ts';
import type { ShardContext } from '../context.ts';
import { getPayload, payloadKeys } from '../payload-box.ts';
import { planOf } from '../plans.ts';
import { resolveRead, type ReadSource } from './resolve-reads.ts';
import { eventsAfter } from '../tables/events.ts';
import { loadJob, type JobRow } from '../tables/jobs.ts';
import { waitingOn } from './waiting-on.ts';

/** A job as it stands; null when the shard does not have it. */
export function read(context: ShardContext, request: ReadRequest): JobSnapshot | null {
  const { jobId, include, steps } = request;
  const row = loadJob(context.ports.sql, jobId);
  if (row === null) return null;
  const plan = planOf(context, row.state.birth.definitionHash);
  if (plan === undefined) throw new Error(`the definition of ${jobId} is not in its shard`);
  return snapshot(context, row, plan, include, steps);
}

export function readEvents(
  { ports }: ShardContext,
  { jobId, afterSeq, limit }: EventsRequest,
): EventsAnswer | null {
  const row = loadJob(ports.sql, jobId);
  if (row === null) return null;
  const events = eventsAfter(ports.sql, jobId, afterSeq, limit);
  const { seq, status, birth } = row.state;
  return { events, correlation: birth.correlation, seq, over: isTerminal(status) };
}

export function snapshot(
  { ports }: ShardContext,
  { state, book, inline }: JobRow,
  plan: Plan,
  include: ReadRequest['include'],
  wantedSteps?: ReadRequest['steps'],
): JobSnapshot {
  const source: ReadSource = { sql: ports.sql, state, inline };
  const wantsOutput = hasSucceeded(state.status) && !book.erased && plan.output !== null;
  return {
    state,
    definition: plan.definition,
    outputReads:
      wantsOutput && plan.output !== null
        ? readsOf(plan.output)
            .filter(isStored)
            .map((path) => resolveRead(source, path))
        : [],
    payloads: book.erased ? {} : wantedPayloads(source, plan, { include, steps: wantedSteps }),
    details: detailsOf(source),
    payloadsErased: book.erased,
    waitingOn: waitingOn({ state, book }, plan, ports.nowMs()),
  };
}

function isStored([root]: readonly (string | number)[]): boolean {
  return root === 'input' || root === 'steps';
}

function wantedPayloads(
  source: ReadSource,
  plan: Plan,
  { include, steps: wanted }: Pick<ReadRequest, 'include' | 'steps'>,
): JobSnapshot['payloads'] {
  const steps = plan.steps.filter(
    ({ id }) =>
      source.state.steps[id]?.phase.status === 'succeeded' && wanted?.includes(id) !== false,
  );
  return {
    ...(include.includes('input') ? { input: resolveRead(source, ['input']) } : {}),
    ...(include.includes('step_outputs')
      ? { steps: Object.fromEntries(steps.map(({ id }) => [id, outputOf(source, id)])) }
      : {}),
  };
}

function outputOf(source: ReadSource, step: string): ResolvedRead {
  return resolveRead(source, ['steps', step, 'output']);
}

/** What providers said of failed attempts. A map's items are not looked through. */
function detailsOf({ sql, state, inline }: ReadSource): JobSnapshot['details'] {
  const details: Record<string, Json> = {};
  for (const [step, { attempts }] of Object.entries(state.steps)) {
    for (const { attempt, outcome } of attempts) {
      if (outcome !== 'failed') continue;
      const key = attemptKey(step, null, attempt);
      const detail = getPayload(sql, state.birth.id, inline, payloadKeys.detail(key));
      if (detail !== undefined) details[key] = detail;
    }
  }
  return details;
}
