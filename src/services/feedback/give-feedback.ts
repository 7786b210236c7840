import type { Actor } from '../../domain/access.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import type { Feedback } from '../../domain/feedback.ts';
import { isTerminal } from '../../domain/job/job.ts';
import { missingScope } from '../access/require-scope.ts';
import { homeOf, noSuchJob } from '../jobs/get-job.ts';
import type { FeedbackStore } from '../ports/feedback.ts';
import type { JobShards } from '../ports/job-shard/job-shard.ts';
import type { JobSnapshot } from '../ports/job-shard/snapshot.ts';
import type { Log } from '../ports/log.ts';
import type { Machine } from '../ports/runtime.ts';
import { done, refuseAt, type Result } from '../result.ts';
import type { FeedbackInput } from './feedback-input.ts';
import { judgedBy, payloadsUntilMs } from './judged.ts';

export type FeedbackDeps = {
  readonly shards: JobShards;
  readonly feedback: FeedbackStore;
  readonly machine: Machine;
  readonly log: Log;
};

/** What may be said of one job. */
const PER_JOB_MAX = 100;
const ID_DIGITS = 32;

export type GivenFeedback = {
  readonly feedback: Feedback;
  /** True when it was said before under the same key: nothing was added. */
  readonly replayed: boolean;
};

/** Records what a user says of a job that is over. */
export async function giveFeedback(
  deps: FeedbackDeps,
  actor: Actor,
  jobId: string,
  input: FeedbackInput,
  idempotencyKey: string | null,
): Promise<Result<GivenFeedback>> {
  const refused = missingScope(actor, 'feedback:write');
  if (refused !== null) return refused;
  const home = homeOf(deps.shards, actor, jobId);
  if (!home.ok) return home;
  const snapshot = await home.value.shard.read({ jobId: home.value.id, include: [] });
  if (snapshot === null) return noSuchJob(jobId);
  const unfit = whatIsUnfit(snapshot, input);
  if (unfit !== null) return unfit;
  const feedback = await feedbackOf(deps, actor, snapshot, input, idempotencyKey);
  return store(deps, actor, feedback, await deps.machine.sha256(canonicalJson(input)));
}

function whatIsUnfit(
  { state, payloadsErased }: JobSnapshot,
  { step, comment, user }: FeedbackInput,
): ReturnType<typeof refuseAt> | null {
  if (!isTerminal(state.status)) {
    const message = `the job is ${state.status}; feedback is taken once it is over`;
    return refuseAt('conflict', '/path/job_id', message);
  }
  if (step !== undefined && state.steps[step] === undefined) {
    const steps = Object.keys(state.steps).join(', ');
    return refuseAt('invalid_request', '/step', `the job has no such step; its steps are ${steps}`);
  }
  if (!payloadsErased || (comment ?? user) === undefined) return null;
  const pointer = comment === undefined ? '/user' : '/comment';
  const message =
    'the job’s payloads have been erased, and this would be kept longer than they were; send a score or a label alone';
  return refuseAt('conflict', pointer, message);
}

async function feedbackOf(
  { machine }: FeedbackDeps,
  actor: Actor,
  snapshot: JobSnapshot,
  input: FeedbackInput,
  idempotencyKey: string | null,
): Promise<Feedback> {
  const { birth } = snapshot.state;
  const { step = null, score = null, label = null, comment = null, user = null } = input;
  const name = idempotencyKey ?? `none\n${machine.newUuid()}`;
  const digest = await machine.sha256(`${actor.project}\n${birth.id}\n${name}`);
  const isPersonal = comment !== null || user !== null;
  return {
    id: `fbk_${digest.slice(0, ID_DIGITS)}`,
    jobId: birth.id,
    pipeline: birth.pipeline,
    version: birth.version,
    step,
    score,
    label,
    comment,
    user,
    personalUntilMs: isPersonal ? payloadsUntilMs(snapshot) : null,
    ...(await judgedBy(machine, snapshot, step)),
    by: actor.id,
    atMs: machine.nowMs(),
  };
}

async function store(
  { feedback: kept, log }: FeedbackDeps,
  actor: Actor,
  feedback: Feedback,
  bodySha256: string,
): Promise<Result<GivenFeedback>> {
  const added = await kept.add(actor.project, feedback, bodySha256, PER_JOB_MAX);
  switch (added.kind) {
    case 'known':
      return done({ feedback: added.feedback, replayed: true });
    case 'different': {
      const message =
        'this Idempotency-Key was used for other feedback of this job; send the same again, or use a new key';
      return refuseAt('idempotency_key_reused', '/headers/idempotency-key', message);
    }
    case 'full': {
      const message = `${PER_JOB_MAX} have been said of this job already; no more are taken`;
      return refuseAt('conflict', '/path/job_id', message);
    }
    case 'added': {
      const { jobId, pipeline, version, step, score, label } = feedback;
      const { project, id: by } = actor;
      const fields = { project, job_id: jobId, pipeline: `${pipeline}@${version}`, step, by };
      log('info', 'feedback.given', { ...fields, score, label });
      return done({ feedback, replayed: false });
    }
  }
}
