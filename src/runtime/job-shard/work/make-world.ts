import type { JobId } from '../../../domain/ids.ts';
import type { JobState } from '../../../domain/job/job.ts';
import { jsonBytes, type Json } from '../../../domain/json.ts';
import { parsePlainPath, type Path } from '../../../engine/expression/path.ts';
import type { ControlRead, Plan } from '../../../engine/plan/plan.ts';
import { CONTROL_VALUE_BYTES_MAX, type ControlValue, type World } from '../../../engine/world.ts';
import type {
  ListPart,
  PayloadOnTheWay,
  ResolvedRead,
} from '../../../services/ports/job-shard/payload.ts';
import type { ShardContext } from '../context.ts';
import { resolveRead } from '../reading/resolve-reads.ts';
import { loadItem } from '../tables/items.ts';
import type { Inline } from '../tables/jobs.ts';

/** Values that arrived with the call being decided, and are not stored yet. */
export type Arrivals = {
  /** By control key. */
  readonly control: Readonly<Record<string, Json>>;
  /** By payload key. */
  readonly payloads: ReadonlyMap<string, PayloadOnTheWay>;
};

export const NO_ARRIVALS: Arrivals = { control: {}, payloads: new Map() };

/** What the engine may look at while it decides about one job. */
export function makeWorld(
  { ports }: ShardContext,
  { jobId, inline }: { readonly jobId: JobId; readonly inline: Inline },
  plan: Plan,
  arrivals: Arrivals,
): World {
  const { sql } = ports;
  return {
    nowMs: ports.nowMs(),
    random: () => ports.random(),
    target: (target) => ports.target(target),
    item: (step, item) => loadItem(sql, jobId, step, item),
    control(key, state) {
      const known = arrivals.control[key] ?? inline.control[key];
      if (known !== undefined) return { kind: 'value', value: known };
      return mapControl(key, { plan, state }, (path) =>
        resolveRead({ sql, state, inline, pending: arrivals.payloads }, path),
      );
    },
  };
}

type Resolve = (path: Path) => ResolvedRead;

/** A control value over a map's output, which no single runner has seen: assembled from its items. */
function mapControl(
  key: string,
  { plan, state }: { readonly plan: Plan; readonly state: JobState },
  resolve: Resolve,
): ControlValue {
  const length = /^size\((.*)\)$/.exec(key);
  const path = parsePlainPath(length?.[1] ?? key);
  if (path === null || !isMapOutput(path, plan) || isReused(path, state)) return { kind: 'absent' };
  return controlOf(resolve(path), length === null ? 'value' : 'length');
}

function controlOf(read: ResolvedRead, want: ControlRead['want']): ControlValue {
  switch (read.kind) {
    case 'absent':
      return read;
    case 'object':
      return { kind: 'too_large', bytes: read.object.bytes };
    case 'list':
      return listControl(read.parts, read.below, want);
    case 'value':
      return want === 'length' ? lengthOf(read.value) : smallValue(read.value);
  }
}

/** Of a list with parts in R2 the length is known, and that it is too large for anything else. */
function listControl(
  parts: readonly ListPart[],
  below: Path,
  want: ControlRead['want'],
): ControlValue {
  if (below.length > 0) return { kind: 'absent' };
  if (want === 'length') return { kind: 'value', value: parts.length };
  const sizes = parts.map((part) => ('object' in part ? part.object.bytes : jsonBytes(part.value)));
  return { kind: 'too_large', bytes: sizes.reduce((sum, bytes) => sum + bytes, 0) };
}

function smallValue(value: Json): ControlValue {
  const bytes = jsonBytes(value);
  return bytes > CONTROL_VALUE_BYTES_MAX ? { kind: 'too_large', bytes } : { kind: 'value', value };
}

function isMapOutput(path: Path, plan: Plan): boolean {
  const [root, id, field] = path;
  const step = root === 'steps' && field === 'output' ? plan.byId.get(String(id)) : undefined;
  return step !== undefined && step.forEach !== null;
}

/** A map that was taken over lies in one piece, and what is read of it came with it. */
function isReused([, id]: Path, { steps }: JobState): boolean {
  const phase = steps[String(id)]?.phase;
  return phase?.status === 'succeeded' && phase.reused === true;
}

function lengthOf(value: Json): ControlValue {
  return Array.isArray(value) ? { kind: 'value', value: value.length } : { kind: 'absent' };
}
