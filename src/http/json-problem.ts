import type { Violation } from '../domain/job/failure.ts';
import { jsonPointer } from '../domain/json.ts';

/** Deeper than any honest body, and shallow enough for everything behind the door that works by recursion. */
const DEPTH_MAX = 100;

type Problem = { readonly path: PropertyKey[]; readonly code: string; readonly message: string };

/**
 * What JSON can say and cannot be kept: null when there is nothing. It would come out as something else further
 * in, or as a stack that overflows.
 */
export function jsonProblem(value: unknown): Violation | null {
  const problem = problemIn(value, 0);
  return problem === null ? null : { ...problem, pointer: jsonPointer(problem.path) };
}

function problemIn(value: unknown, depth: number): Problem | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : TOO_LARGE;
  if (typeof value !== 'object' || value === null) return null;
  if (depth >= DEPTH_MAX) return TOO_DEEP;
  if (Object.hasOwn(value, '__proto__')) return { ...RESERVED, path: ['__proto__'] };
  for (const [key, inner] of Object.entries(value)) {
    const problem = problemIn(inner, depth + 1);
    if (problem !== null) return { ...problem, path: [key, ...problem.path] };
  }
  return null;
}

const TOO_LARGE: Problem = {
  path: [],
  code: 'number_too_large',
  message: 'is larger than any number that JSON libraries agree on; send it as a text',
};
const TOO_DEEP: Problem = {
  path: [],
  code: 'too_deep',
  message: `is nested more than ${DEPTH_MAX} levels deep`,
};
const RESERVED = {
  code: 'reserved_name',
  message: 'is a name that no field can have; use another one',
};
