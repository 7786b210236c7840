import type { JobId } from '../../domain/ids.ts';
import { jsonBytes, type Json } from '../../domain/json.ts';
import { parsePlainPath } from '../../engine/expression/path.ts';
import type { Plan } from '../../engine/plan.ts';
import { CONTROL_VALUE_BYTES_MAX, type ControlValue, type World } from '../../engine/world.ts';
import type { PayloadOnTheWay } from '../../services/ports/job-shard.ts';
import type { ShardContext } from './context.ts';
import { resolveRead } from './resolve-reads.ts';
import { loadItem } from './tables/items.ts';
import type { Inline } from './tables/jobs.ts';

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
      return mapControl(key, plan, (path) =>
        resolveRead({ sql, state, inline, pending: arrivals.payloads }, path),
      );
    },
  };
}

type Resolve = (path: readonly (string | number)[]) => ReturnType<typeof resolveRead>;

/** A control value over a map's output, which no single runner has seen: assembled from its items. */
function mapControl(key: string, plan: Plan, resolve: Resolve): ControlValue {
  const length = /^size\((.*)\)$/.exec(key);
  const path = parsePlainPath(length?.[1] ?? key);
  if (path === null || !isMapOutput(path, plan)) return { kind: 'absent' };
  const read = resolve(path);
  if (read.kind !== 'value') return { kind: 'absent' };
  if (length !== null) return lengthOf(read.value);
  const bytes = jsonBytes(read.value);
  return bytes > CONTROL_VALUE_BYTES_MAX
    ? { kind: 'too_large', bytes }
    : { kind: 'value', value: read.value };
}

function isMapOutput(path: readonly (string | number)[], plan: Plan): boolean {
  const [root, id, field] = path;
  const step = root === 'steps' && field === 'output' ? plan.byId.get(String(id)) : undefined;
  return step !== undefined && step.forEach !== null;
}

function lengthOf(value: Json): ControlValue {
  return Array.isArray(value) ? { kind: 'value', value: value.length } : { kind: 'absent' };
}
