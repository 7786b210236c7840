import type { Actor } from '../../domain/access.ts';
import { utf8Bytes, type Json } from '../../domain/json.ts';
import { homeOf, noSuchJob } from './get-job.ts';
import type { JobShards } from '../ports/job-shard/job-shard.ts';
import type { JobSnapshot } from '../ports/job-shard/snapshot.ts';
import type { Machine } from '../ports/runtime.ts';
import { missingScope } from '../access/require-scope.ts';
import { done, refuse, refuseAt, type Result } from '../result.ts';

type Deps = { readonly shards: JobShards };

/** The most the payload of an event may take, in bytes of compact JSON. */
export const EVENT_BYTES_MAX = 256 * 1024;

/** Lets nothing new start in a job; pausing a paused job changes nothing. */
export async function pauseJob(
  { shards }: Deps,
  actor: Actor,
  jobId: string,
): Promise<Result<JobSnapshot>> {
  return steer(shards, actor, jobId, 'pause');
}

/** Goes on with a paused job. */
export async function resumeJob(
  { shards }: Deps,
  actor: Actor,
  jobId: string,
): Promise<Result<JobSnapshot>> {
  return steer(shards, actor, jobId, 'resume');
}

async function steer(
  shards: JobShards,
  actor: Actor,
  jobId: string,
  verb: 'pause' | 'resume',
): Promise<Result<JobSnapshot>> {
  const refused = missingScope(actor, 'jobs:write');
  if (refused !== null) return refused;
  const home = homeOf(shards, actor, jobId);
  if (!home.ok) return home;
  const answer = await home.value.shard[verb]({ jobId: home.value.id, by: actor.id });
  switch (answer.kind) {
    case 'gone':
      return noSuchJob(jobId);
    case 'refused': {
      const needed = verb === 'pause' ? 'only a job that is still going on' : 'only a paused job';
      const message = `the job is ${answer.status}; ${needed} can be ${verb}d`;
      return refuseAt('conflict', '/path/job_id', message);
    }
    case 'done':
      return done(answer.snapshot);
  }
}

export type EventInput = { readonly name: string; readonly payload: Json };

/** Hands an event to the steps of a job that wait for it. */
export async function sendEvent(
  { shards, machine }: Deps & { readonly machine: Machine },
  actor: Actor,
  jobId: string,
  { name, payload }: EventInput,
): Promise<Result<JobSnapshot>> {
  const refused = missingScope(actor, 'jobs:write');
  if (refused !== null) return refused;
  const home = homeOf(shards, actor, jobId);
  if (!home.ok) return home;
  const text = JSON.stringify(payload);
  const bytes = utf8Bytes(text);
  if (bytes > EVENT_BYTES_MAX) {
    const message = `the payload takes ${bytes} bytes; an event carries at most ${EVENT_BYTES_MAX}`;
    return refuseAt('payload_too_large', '', message);
  }
  const sha256 = await machine.sha256(text);
  const { id, shard } = home.value;
  const answer = await shard.receiveEvent({ jobId: id, name, payload, sha256, by: actor.id });
  switch (answer.kind) {
    case 'gone':
      return noSuchJob(jobId);
    case 'not_waiting':
      return refuseAt('conflict', '/path/name', notWaiting(name, answer));
    case 'unfit': {
      const { violations = [], message } = answer.failure;
      return refuse('input_invalid', `step ${answer.step} does not take this payload: ${message}`, {
        violations,
      });
    }
    case 'done':
      return done(answer.snapshot);
  }
}

function notWaiting(
  name: string,
  { status, names }: { readonly status: string; readonly names: readonly string[] },
): string {
  const awaited =
    names.length === 0 ? 'it waits for no event' : `it waits for ${[...new Set(names)].join(', ')}`;
  return `the job is ${status} and does not wait for ${JSON.stringify(name.slice(0, 128))}; ${awaited}. Nothing was recorded: send the event when its step waits for it`;
}
