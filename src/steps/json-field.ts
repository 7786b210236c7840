import { z } from 'zod';

import type { Json } from '../domain/json.ts';

/** Deepest nesting a step takes. Checking a value recurses, and a stack that overflows is no failure as a value. */
const JSON_DEPTH_MAX = 200;

/** Any JSON value, of a depth that can be worked on. It is passed through as it is, whatever its keys are called. */
export const jsonField = z
  .custom<Json>((value) => value !== undefined, { error: 'is required', abort: true })
  .refine((value) => depthOf(value) <= JSON_DEPTH_MAX, {
    error: `must not be nested more than ${JSON_DEPTH_MAX} levels deep`,
  });

/** Levels of lists and objects, counted level by level and no further than needed. */
function depthOf(value: unknown): number {
  let depth = 0;
  let level = [value].filter(isContainer);
  while (level.length > 0 && depth <= JSON_DEPTH_MAX) {
    depth += 1;
    level = level.flatMap((container) => Object.values(container).filter(isContainer));
  }
  return depth;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
