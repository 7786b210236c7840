import type { JobState } from '../../../domain/job/job.ts';
import type { Json } from '../../../domain/json.ts';
import type { StoredValue } from '../../../domain/job/stored-value.ts';
import { valueAt, type Path } from '../../../engine/expression/path.ts';
import { outputStep, stepView } from '../../../engine/scope.ts';
import type {
  ListPart,
  PayloadOnTheWay,
  ResolvedRead,
} from '../../../services/ports/job-shard/payload.ts';
import { getPayload, payloadKeys } from '../payload-box.ts';
import type { Sql } from '../sql.ts';
import { allItems, oneItem, type StoredItem } from '../tables/items.ts';
import type { Inline } from '../tables/jobs.ts';

export type ReadSource = {
  readonly sql: Sql;
  readonly state: JobState;
  readonly inline: Inline;
  /** Payloads that are being recorded and not yet stored, by payload key. */
  readonly pending?: ReadonlyMap<string, PayloadOnTheWay>;
};

/** The value at a place of a job, or, for what lies in R2, how to get it. */
export function resolveRead(source: ReadSource, path: Path): ResolvedRead {
  const [root, id, field] = path;
  if (root === 'input') return payloadRead(source, path, source.state.birth.input, path.slice(1));
  const step = source.state.steps[String(id)];
  if (root !== 'steps' || step === undefined) return { path, kind: 'absent' };
  if (field === 'status' || field === 'error') return viewRead(path, stepView(step)[field]);
  return outputRead(source, path);
}

function outputRead(source: ReadSource, path: Path): ResolvedRead {
  const giver = outputStep(source.state, String(path[1]));
  const phase = source.state.steps[giver]?.phase;
  if (phase?.status !== 'succeeded') return nullRead(path);
  if (phase.output !== null) return payloadRead(source, path, phase.output, path.slice(3));
  return phase.items === undefined ? nullRead(path) : mapRead(source, path, giver);
}

function viewRead(path: Path, value: Json): ResolvedRead {
  return value === null ? nullRead(path) : plainRead(path, valueAt(value, path.slice(3)));
}

/** A step without an output has the output null, one without an error the error null, all the way down. */
function nullRead(path: Path): ResolvedRead {
  return { path: path.slice(0, 3), kind: 'value', value: null };
}

function plainRead(path: Path, value: Json | undefined): ResolvedRead {
  return value === undefined ? { path, kind: 'absent' } : { path, kind: 'value', value };
}

function payloadRead(
  { sql, state, inline }: ReadSource,
  path: Path,
  stored: StoredValue,
  below: Path,
): ResolvedRead {
  if (stored.at === 'r2') return { path, kind: 'object', object: stored, below };
  return plainRead(path, valueAt(getPayload(sql, state.birth.id, inline, stored.key), below));
}

/** A map's output is the list of its items' outputs, in order. */
function mapRead(source: ReadSource, path: Path, step: string): ResolvedRead {
  const below = path.slice(3);
  const [index] = below;
  if (typeof index === 'number') return itemRead(source, path, step, index);
  const parts = mapParts(source, step);
  const values = parts.flatMap((part) => ('value' in part ? [part.value] : []));
  if (values.length === parts.length) return plainRead(path, valueAt(values, below));
  return { path, kind: 'list', parts, below };
}

/** A place in one item of a map: its neighbours need not be looked at. */
function itemRead(source: ReadSource, path: Path, step: string, item: number): ResolvedRead {
  const { sql, state } = source;
  if (item >= itemCount(source, step)) return { path, kind: 'absent' };
  const stored = oneItem(sql, state.birth.id, step, item);
  const part = mapPart(source, payloadKeys.itemOutput(step, item), stored);
  const below = path.slice(4);
  if ('object' in part) return { path, kind: 'object', object: part.object, below };
  return plainRead(path, valueAt(part.value, below));
}

function itemCount({ state }: ReadSource, step: string): number {
  const phase = state.steps[step]?.phase;
  return phase?.status === 'succeeded' ? (phase.items ?? 0) : 0;
}

function mapParts(source: ReadSource, step: string): ListPart[] {
  const { sql, state } = source;
  const count = itemCount(source, step);
  const stored = new Map(allItems(sql, state.birth.id, step).map((item) => [item.item, item]));
  return Array.from({ length: count }, (_, item) =>
    mapPart(source, payloadKeys.itemOutput(step, item), stored.get(item)),
  );
}

function mapPart(source: ReadSource, key: string, stored: StoredItem | undefined): ListPart {
  const arrived = source.pending?.get(key);
  const output = arrived === undefined ? (stored?.state.output ?? null) : arrived.stored;
  if (output?.at === 'r2') return { object: output };
  const value = arrived === undefined ? stored?.output : arrived.value;
  return { value: value ?? storedPayload(source, key) };
}

function storedPayload({ sql, state, inline }: ReadSource, key: string): Json {
  return getPayload(sql, state.birth.id, inline, key) ?? null;
}
