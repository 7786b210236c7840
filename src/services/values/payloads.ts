import type { JobId, ProjectId } from '../../domain/ids.ts';
import { utf8Bytes, type Json } from '../../domain/json.ts';
import type { Failure } from '../../domain/job/failure.ts';
import type { PayloadOnTheWay } from '../ports/job-shard/payload.ts';
import { objectKey, type Objects } from '../ports/values/objects.ts';
import type { Machine } from '../ports/runtime.ts';

/** Values up to this size travel to the shard and lie there; larger ones become objects in R2. */
const SHARD_VALUE_BYTES_MAX = 256 * 1024;
/** The largest value a step may put out. */
const VALUE_BYTES_MAX = 25 * 1024 * 1024;

export type PayloadOwner = {
  readonly project: ProjectId;
  readonly jobId: JobId;
  /** The attempt that made the value, or `input`. */
  readonly owner: string;
  /** The name under which the shard keeps a small value. */
  readonly rowKey: string;
};

export type Packed =
  | { readonly ok: true; readonly payload: PayloadOnTheWay }
  | { readonly ok: false; readonly failure: Failure };

/** Measures and hashes a value, and puts it into R2 when it is too large to travel. */
export async function packPayload(
  deps: { readonly objects: Objects; readonly machine: Machine },
  { project, jobId, owner, rowKey }: PayloadOwner,
  value: Json,
): Promise<Packed> {
  const text = JSON.stringify(value);
  const bytes = utf8Bytes(text);
  if (bytes > VALUE_BYTES_MAX) return { ok: false, failure: tooLargeOutput(bytes) };
  const sha256 = await deps.machine.sha256(text);
  if (bytes <= SHARD_VALUE_BYTES_MAX) {
    return { ok: true, payload: { stored: { at: 'row', key: rowKey, bytes, sha256 }, value } };
  }
  const key = objectKey(project, jobId, owner, `${sha256.slice(0, 16)}.json`);
  await deps.objects.put(key, text, sha256);
  return { ok: true, payload: { stored: { at: 'r2', key, bytes, sha256 } } };
}

function tooLargeOutput(bytes: number): Failure {
  return {
    class: 'value_too_large',
    phase: 'finished',
    message: `the output takes ${bytes} bytes; a step may put out at most ${VALUE_BYTES_MAX}`,
  };
}
