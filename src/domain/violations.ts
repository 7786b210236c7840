import type { z } from 'zod';

import type { Violation } from './job/failure.ts';
import { jsonPointer } from './json.ts';

/** Every issue of a failed parse as a violation with a pointer, in document order. */
export function violationsOf(error: z.ZodError, prefix: readonly PropertyKey[] = []): Violation[] {
  return error.issues.flatMap((issue) => violationsOfIssue(issue, prefix));
}

function violationsOfIssue(issue: z.core.$ZodIssue, prefix: readonly PropertyKey[]): Violation[] {
  const path = [...prefix, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        pointer: jsonPointer([...path, key]),
        code: 'unknown_field',
        message: `${JSON.stringify(key)} is not a known field here; remove it or correct its spelling`,
      }));
    case 'invalid_type':
      return [
        {
          pointer: jsonPointer(path),
          code: isMissing(issue) ? 'required' : 'type',
          message: isMissing(issue)
            ? `is required: give ${article(issue.expected)}`
            : issue.message,
        },
      ];
    case 'invalid_value':
      return [{ pointer: jsonPointer(path), code: issue.code, message: wordsOfChoice(issue) }];
    case 'invalid_union':
      return violationsOfUnion(issue, prefix);
    default:
      return [{ pointer: jsonPointer(path), code: issue.code, message: issue.message }];
  }
}

/** Our own sentence, unless the schema has one of its own. */
function wordsOfChoice({ message, values }: z.core.$ZodIssueInvalidValue): string {
  if (!message.startsWith('Invalid ')) return message;
  const [only, ...others] = values.map(String);
  return others.length === 0 ? `must be ${only}` : `must be one of ${[only, ...others].join(', ')}`;
}

/** Where one alternative alone is meant, its own mistakes say more than that none fits. */
function violationsOfUnion(
  { errors, path, message }: z.core.$ZodIssueInvalidUnion,
  prefix: readonly PropertyKey[],
): Violation[] {
  const [meant, ...others] = closest(errors.filter((issues) => !issues.some(isWrongType)));
  if (meant === undefined || others.length > 0 || !meant.every(isInside)) {
    return [{ pointer: jsonPointer([...prefix, ...path]), code: 'invalid_union', message }];
  }
  return meant.flatMap((issue) => violationsOfIssue(issue, [...prefix, ...path]));
}

/** The alternatives that know the most of the fields. */
function closest(alternatives: readonly z.core.$ZodIssue[][]): readonly z.core.$ZodIssue[][] {
  const unknown = alternatives.map(unknownFields);
  const fewest = Math.min(...unknown);
  return alternatives.filter((_, index) => unknown[index] === fewest);
}

function unknownFields(issues: readonly z.core.$ZodIssue[]): number {
  return issues.reduce(
    (sum, issue) =>
      issue.code === 'unrecognized_keys' && issue.path.length === 0 ? sum + issue.keys.length : sum,
    0,
  );
}

function isWrongType({ code, path }: z.core.$ZodIssue): boolean {
  return code === 'invalid_type' && path.length === 0;
}

function isInside({ code, path }: z.core.$ZodIssue): boolean {
  return path.length > 0 || code === 'unrecognized_keys';
}

/** The library says of a missing value that it received undefined. */
function isMissing(issue: z.core.$ZodIssue): boolean {
  return issue.message.endsWith('received undefined');
}

function article(expected: string): string {
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}
