import type { Json } from '../../domain/json.ts';
import { isoTime } from '../../domain/wire.ts';
import { putAbsent, putAt, valueAt, type Scope } from '../../engine/expression/path.ts';
import type { JobContext } from '../ports/job-shard/turn.ts';
import type { ListPart, ResolvedRead } from '../ports/job-shard/payload.ts';
import type { Objects } from '../ports/values/objects.ts';

/** The value behind a read; undefined when there is none. Fetches what lies in R2. */
export async function readValue(objects: Objects, read: ResolvedRead): Promise<Json | undefined> {
  switch (read.kind) {
    case 'value':
      return read.value;
    case 'absent':
      return undefined;
    case 'object':
      return valueAt((await objects.get(read.object)) ?? undefined, read.below);
    case 'list':
      return valueAt(
        await Promise.all(read.parts.map((part) => partValue(objects, part))),
        read.below,
      );
  }
}

async function partValue(objects: Objects, part: ListPart): Promise<Json> {
  return 'value' in part ? part.value : objects.get(part.object);
}

/** A scope with the values of all reads in their places. */
export async function scopeOf(
  objects: Objects,
  base: Scope,
  reads: readonly ResolvedRead[],
): Promise<Scope> {
  const values = await Promise.all(reads.map((read) => readValue(objects, read)));
  for (const [index, read] of reads.entries()) {
    const value = values[index];
    if (value === undefined) putAbsent(base, read.path);
    else putAt(base, read.path, value);
  }
  return base;
}

/** What every expression of a job may read. */
export function contextScope(
  context: Omit<JobContext, 'requestId' | 'traceId' | 'project'>,
): Scope {
  const { jobId, pipeline, version, createdAtMs, metadata, tags = [] } = context;
  return {
    metadata: { ...metadata },
    job: { id: jobId, pipeline, version, created_at: isoTime(createdAtMs), tags: [...tags] },
  };
}
