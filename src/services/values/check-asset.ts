import type { AssetCheck } from '../../domain/definition/definition.ts';
import type { Failure, Violation } from '../../domain/job/failure.ts';
import { isJsonObject, jsonPointer, type Json, type JsonObject } from '../../domain/json.ts';
import { outputInvalid } from './check-value.ts';

/** Holds the images of an output against what a step asks of them; null when all of them pass. */
export function checkAsset(asset: AssetCheck, output: Json): Failure | null {
  const images = isJsonObject(output) ? output['images'] : undefined;
  const list = Array.isArray(images) ? images.filter(isJsonObject) : [];
  const violations = list.flatMap((image, index) => imageViolations(asset, image, index));
  return outputInvalid('an image is not as the step asks', violations);
}

function imageViolations(asset: AssetCheck, image: JsonObject, index: number): Violation[] {
  return [...typeViolations(asset, image, index), ...rangeViolations(asset, image, index)];
}

function typeViolations(
  { mime_types: types }: AssetCheck,
  { mime_type: type }: JsonObject,
  index: number,
): Violation[] {
  if (types === undefined || types.some((allowed) => allowed === type)) return [];
  const message = `must be ${types.join(' or ')}, and is ${JSON.stringify(type ?? null)}`;
  return [violation(index, 'mime_type', message)];
}

function rangeViolations(asset: AssetCheck, image: JsonObject, index: number): Violation[] {
  const fields = ['bytes', 'width', 'height'] as const;
  return fields.flatMap((field) => {
    const value = image[field];
    const least = asset[`min_${field}`];
    const most = asset[`max_${field}`];
    if (least === undefined && most === undefined) return [];
    if (typeof value !== 'number') {
      return [violation(index, field, 'cannot be told from the image')];
    }
    if (least !== undefined && value < least) {
      return [violation(index, field, `must be at least ${least}, and is ${value}`)];
    }
    if (most === undefined || value <= most) return [];
    return [violation(index, field, `must be at most ${most}, and is ${value}`)];
  });
}

function violation(index: number, field: string, message: string): Violation {
  return { pointer: jsonPointer(['images', index, field]), code: 'asset', message };
}
