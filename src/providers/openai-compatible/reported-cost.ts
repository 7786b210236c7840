import { isJsonObject, type Json } from '../../domain/json.ts';
import { numberAt, objectAt } from '../shared/json-fields.ts';

const nanoPerUsd = 1e9;

/**
 * What OpenRouter says a call cost, in nano-dollars; null where nothing is said. With a key of one's own at the
 * provider behind it (`is_byok`), `cost` is its fee alone; without one, `upstream_inference_cost` only repeats it.
 * UNVERIFIED: that the upstream's part is charged by that provider exactly as it is said here.
 */
export function reportedCostNanoUsd(usage: Json | undefined): number | null {
  if (usage === undefined || !isJsonObject(usage)) return null;
  const fee = numberAt(usage, 'cost');
  if (fee === null || fee < 0) return null;
  const upstream = numberAt(objectAt(usage, 'cost_details'), 'upstream_inference_cost');
  const beyond = usage['is_byok'] === true ? upstream : 0;
  return beyond === null || beyond < 0 ? null : Math.round((fee + beyond) * nanoPerUsd);
}
