import type { Violation } from '../../domain/job/failure.ts';
import { jsonPointer } from '../../domain/json.ts';
import { formatPath, type Path } from '../expression/path.ts';

/** Whether the places that an expression reads are there. */

/** What an expression may read of a step. */
const STEP_FIELDS = ['output', 'status', 'error'] as const;

export type At = readonly PropertyKey[];

export function violation(at: At, code: string, message: string): Violation {
  return { pointer: jsonPointer(at), code, message };
}

export function noStep(id: string, ids: readonly string[]): string {
  return `there is no step ${JSON.stringify(id)}; there are ${ids.join(', ')}`;
}

export function checkReads(
  reads: readonly Path[],
  at: At,
  ids: readonly string[],
  inMap: boolean,
): Violation[] {
  return reads.flatMap((path) => {
    const [root] = path;
    if (root === 'steps') return checkStepPath(path, at, ids);
    if ((root === 'item' || root === 'index') && !inMap) {
      return [
        violation(
          at,
          'reference',
          `\`${root}\` exists only in the \`with\` of a step that has \`for_each\``,
        ),
      ];
    }
    return [];
  });
}

function checkStepPath(path: Path, at: At, ids: readonly string[]): Violation[] {
  const [, id, field] = path;
  if (typeof id !== 'string' || field === undefined) {
    return [
      violation(
        at,
        'reference',
        `\`${formatPath(path)}\` does not name a step's output: write steps.<id>.output`,
      ),
    ];
  }
  if (!ids.includes(id)) return [violation(at, 'reference', noStep(id, ids))];
  if (!STEP_FIELDS.some((known) => known === field)) {
    return [
      violation(
        at,
        'reference',
        `\`${formatPath(path)}\`: a step has ${STEP_FIELDS.join(', ')}; did you mean steps.${id}.output.${field}?`,
      ),
    ];
  }
  return [];
}
