import type { JobId, ProjectId } from '../../../domain/ids.ts';
import type { Json } from '../../../domain/json.ts';
import type { StoredValue } from '../../../domain/job/stored-value.ts';

/** Values too large for a job's shard, as objects. Keys begin with project and job, so that both can be erased. */
export type Objects = {
  /** Stores a value's JSON text under a key; storing the same key again replaces it. */
  put(key: string, text: string, sha256: string): Promise<void>;
  /** The value; null when the object is gone. */
  get(stored: StoredValue): Promise<Json | null>;
  /** Deletes everything below a job. */
  deleteJob(project: ProjectId, jobId: JobId): Promise<void>;
};

/** The key of an object that belongs to a job. */
export function objectKey(project: ProjectId, jobId: JobId, owner: string, name: string): string {
  return `${project}/${jobId}/${owner}/${name}`;
}
