import type { Actor } from '../../domain/access.ts';
import type { JobId } from '../../domain/ids.ts';
import type { ParentLink } from '../../domain/job/lineage.ts';
import type { Failure } from '../../domain/job/failure.ts';
import { hasSucceeded, isTerminal, type Correlation } from '../../domain/job/job.ts';
import type { Json } from '../../domain/json.ts';
import type { AttemptFacts } from '../../domain/job/attempt.ts';
import type { NanoUsd } from '../../domain/money.ts';
import { childRoom, fellShort } from '../budgets/child-room.ts';
import { jobOutput } from '../values/job-output.ts';
import type { JobContext } from '../ports/job-shard/turn.ts';
import type { JobSnapshot } from '../ports/job-shard/snapshot.ts';
import { controlInputs } from '../../steps/control.ts';
import type { Result } from '../result.ts';
import type { Submitted } from '../jobs/create-job.ts';
import { submitJob, type SubmitInput } from '../jobs/submit-job.ts';
import { errorName } from '../ports/log.ts';
import type { Attempt, ExecuteDeps, Ran } from './attempt.ts';
import { childFacts, childFailure } from './child-end.ts';
import { localFacts } from './facts.ts';
import { lineageFailure } from './lineage-failure.ts';
import { parseStepInput } from './step-input.ts';

/** How often a child is submitted when its shard takes nothing, or does not answer: for a quarter of a minute. */
const TRIES = 6;
const RETRY_MS = 500;

/**
 * Submits the job that a `pipeline` step stands for. Its idempotency key names the attempt, so that a repetition,
 * by this runner or by the one after it, finds the same child.
 */
export async function runChild(deps: ExecuteDeps, attempt: Attempt, input: Json): Promise<Ran> {
  const startedAtMs = deps.machine.nowMs();
  const failed = (failure: Failure): Ran => ({
    facts: localFacts(startedAtMs, deps.machine.nowMs(), null),
    result: { ok: false, failure },
  });
  const parsed = parseStepInput(controlInputs.pipeline, input);
  if (!parsed.ok) return failed(parsed.failure);
  const { pipeline, input: childInput = {} } = parsed.value;
  const lineage = attempt.job.lineage ?? [attempt.job.pipeline];
  const refused = lineageFailure(lineage, pipeline);
  if (refused !== null) return failed(refused);
  return make(deps, attempt, { pipeline, input: childInput, lineage }, startedAtMs);
}

async function make(
  deps: ExecuteDeps,
  attempt: Attempt,
  child: Omit<Child, 'maxCostNanoUsd'>,
  startedAtMs: number,
): Promise<Ran> {
  const { job, work } = attempt;
  const room = await childRoom(deps, job.project, work, child.pipeline);
  const factsNow = () => localFacts(startedAtMs, deps.machine.nowMs(), null);
  if (room.kind === 'none') return { facts: factsNow(), result: room.declined };
  const { maxCostNanoUsd } = room;
  try {
    const submitted = await submit(deps, attempt, { ...child, maxCostNanoUsd });
    if (submitted.ok) return await ranBy(deps, attempt, submitted.value.snapshot, factsNow());
    const { code, message, violations } = submitted.failure;
    const failure: Failure = {
      class: 'child_failed',
      phase: 'not_sent',
      code,
      message: `the child job was not accepted: ${message}`,
      ...(violations === undefined ? {} : { violations }),
    };
    return { facts: factsNow(), result: { ok: false, failure } };
  } catch (error) {
    if (maxCostNanoUsd === null || maxCostNanoUsd === 0) throw error;
    deps.log('warn', 'child.unheard', { job_id: job.jobId, error: errorName(error) });
    return unheard(factsNow(), maxCostNanoUsd);
  }
}

/** Nobody knows whether the child was made: then it may cost as much as it may. */
function unheard(facts: AttemptFacts, maxCostNanoUsd: NanoUsd): Ran {
  const message = 'whether the child job was made is not known: its shard does not answer';
  return {
    facts: { ...facts, costNanoUsd: null, estimateNanoUsd: maxCostNanoUsd },
    result: { ok: false, failure: { class: 'internal', phase: 'unknown', message } },
  };
}

/** A child that was found over, because the runner that made it was lost, has its end to report at once. */
async function ranBy(
  { objects, machine }: ExecuteDeps,
  { work }: Attempt,
  child: JobSnapshot,
  facts: AttemptFacts,
): Promise<Ran> {
  const { state } = child;
  const { id, maxCostNanoUsd } = state.birth;
  if (!isTerminal(state.status)) {
    const held = maxCostNanoUsd === undefined ? {} : { allowanceNanoUsd: maxCostNanoUsd };
    return { facts, result: { ok: 'pending', child: id, ...held } };
  }
  const ended = childFacts(state);
  const declined = fellShort(machine, child, work.allowanceNanoUsd);
  if (declined !== null) return { facts: ended, result: declined };
  if (!hasSucceeded(state.status))
    return { facts: ended, result: { ok: false, failure: childFailure(state) } };
  const output = await jobOutput(objects, child);
  return { facts: ended, result: { ok: true, output, checked: output } };
}

type Child = {
  readonly pipeline: string;
  readonly input: Json;
  readonly lineage: readonly string[];
  /** What it may cost at most; null where no job above it has a limit. */
  readonly maxCostNanoUsd: NanoUsd | null;
};

async function submit(
  deps: ExecuteDeps,
  { job, work }: Attempt,
  { pipeline, input, lineage, maxCostNanoUsd }: Child,
): Promise<Result<Submitted>> {
  const { step, item, attempt, deadlineAtMs, childKey } = work;
  const link: ParentLink = { jobId: job.jobId, step, item, attempt, lineage };
  const actor: Actor = {
    id: job.jobId,
    project: job.project,
    scopes: new Set(['jobs:write']),
    isRoot: false,
    // A child is born under the limits of the project that its parent was born under.
    maxConcurrentJobs: job.flow?.projectLimit ?? null,
  };
  const order: SubmitInput = {
    pipeline,
    input,
    metadata: job.metadata,
    tags: [],
    timeouts: {},
    // A blank keeps it apart from the keys of users, which have none.
    idempotencyKey: `child ${job.jobId}/${childKey ?? work.key}`,
    correlation: correlationOf(job),
    turn: null,
    cancelAfter: null,
    priority: job.flow?.priority,
    cache: job.cache,
    parent: {
      link,
      untilMs: deadlineAtMs,
      ...(maxCostNanoUsd === null ? {} : { maxCostNanoUsd }),
    },
    chargedTo: job.chargedTo,
  };
  return untilTaken(deps, job.jobId, () => submitJob(deps, actor, order));
}

/** A child belongs to its parent's trace; where it hangs in it, its link to the parent says. */
function correlationOf({ requestId, traceId, sampled }: JobContext): Correlation {
  return { requestId, traceId, ...(sampled === false ? { sampled } : {}) };
}

/** Repeats a submit that finds no room or no answer: the child may have been made all the same, its key finds it. */
async function untilTaken(
  { machine, log }: ExecuteDeps,
  jobId: JobId,
  work: () => Promise<Result<Submitted>>,
): Promise<Result<Submitted>> {
  for (let tries = 1; ; tries += 1) {
    try {
      const submitted = await work();
      const full = !submitted.ok && submitted.failure.code === 'unavailable';
      if (!full || tries >= TRIES) return submitted;
    } catch (error) {
      if (tries >= TRIES) throw error;
      log('warn', 'child.submit_failed', { job_id: jobId, tries, error: errorName(error) });
    }
    await machine.wait(RETRY_MS * 2 ** (tries - 1));
  }
}
