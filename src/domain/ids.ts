/**
 * Ids as they appear on the wire: a prefix that says what they name, then an opaque part.
 * Branded types keep one kind from being passed for another; the guards are the only way in.
 */
type Branded<Name extends string> = string & { readonly __brand: Name };

export type JobId = Branded<'JobId'>;
export type ProjectId = Branded<'ProjectId'>;

const JOB_ID = /^job_[0-9a-f]{32}[0-9a-f]{2}$/;
const PROJECT_ID = /^prj_[0-9a-z]{1,32}$/;

/** The most shards a tenant can have: a job id spends two hexadecimal digits on its shard. */
export const SHARDS_MAX = 256;

export function isJobId(text: string): text is JobId {
  return JOB_ID.test(text);
}

export function isProjectId(text: string): text is ProjectId {
  return PROJECT_ID.test(text);
}

/**
 * A job id is a UUIDv7, so that ids sort by creation, followed by the shard that holds the job, so that a job
 * is found without a look-up.
 */
export function jobIdOf(uuidV7: string, shard: number): JobId {
  const id = `job_${uuidV7.replaceAll('-', '')}${shard.toString(16).padStart(2, '0')}`;
  if (!isJobId(id)) throw new RangeError(`not a UUIDv7 and a shard below ${SHARDS_MAX}: ${id}`);
  return id;
}

/** The shard named by a job id: 0 to 255. */
export function shardOf(jobId: JobId): number {
  return Number.parseInt(jobId.slice(-2), 16);
}

/** When a job was created: the moment with which its id begins. Lists are filtered by ids, so it is the only one. */
export function createdAtMsOf(jobId: JobId): number {
  return Number.parseInt(jobId.slice('job_'.length, 'job_'.length + 12), 16);
}

/** A project id that is known to be well-formed. */
export function projectId(text: string): ProjectId {
  if (!isProjectId(text)) throw new RangeError(`not a project id: ${text}`);
  return text;
}

/** The project that exists without being created; the root key works in it unless it names another. */
export const DEFAULT_PROJECT = projectId('prj_default');

/** No project, but whose measurements are those of the whole deployment. */
export const DEPLOYMENT = projectId('prj_deployment');

/** The smallest id of a job created at or after `ms`: time filters become ranges over ids. */
export function firstJobIdAt(ms: number): string {
  return `job_${Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0')}`;
}
