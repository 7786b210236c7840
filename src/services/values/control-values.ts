import type { Failure } from '../../domain/job/failure.ts';
import { jsonBytes, type Json } from '../../domain/json.ts';
import { valueAt } from '../../engine/expression/path.ts';
import { controlKey, type ControlRead } from '../../engine/plan/plan.ts';
import { tooLarge } from '../../engine/scope.ts';
import { CONTROL_VALUE_BYTES_MAX } from '../../engine/world.ts';

export type ControlValues =
  | { readonly ok: true; readonly values: Readonly<Record<string, Json>> }
  | { readonly ok: false; readonly failure: Failure };

/**
 * The small values that control expressions read of a payload, by control key. `depth` is how many parts of a
 * read's path lead to the payload itself: 1 for `input`, 3 for `steps.<id>.output`.
 */
export function controlValues(
  reads: readonly ControlRead[],
  payload: Json,
  depth: number,
): ControlValues {
  const values: Record<string, Json> = {};
  for (const read of reads) {
    const value = valueAt(payload, read.path.slice(depth));
    if (value === undefined) continue;
    if (read.want === 'length') {
      if (Array.isArray(value)) values[controlKey(read)] = value.length;
      continue;
    }
    const bytes = jsonBytes(value);
    if (bytes > CONTROL_VALUE_BYTES_MAX) return { ok: false, failure: tooLarge(read.path, bytes) };
    values[controlKey(read)] = value;
  }
  return { ok: true, values };
}
