import type { Failure, Violation } from './failure.ts';

/**
 * A failure is written several times over: into its event, its attempt, and its step. Whatever a schema with
 * long names in it makes of one, rows and messages stay well below what storage and queues take.
 */
const MESSAGE_CHARACTERS_MAX = 2_000;
const VIOLATIONS_MAX = 50;
const VIOLATION_CHARACTERS_MAX = 300;

export function boundFailure(failure: Failure): Failure {
  const { violations } = failure;
  return {
    ...failure,
    message: clip(failure.message, MESSAGE_CHARACTERS_MAX),
    ...(violations && { violations: violations.slice(0, VIOLATIONS_MAX).map(boundViolation) }),
  };
}

/** The names in a pointer may be as long as whoever made them up likes. */
export function boundViolation({ pointer, message, code }: Violation): Violation {
  return {
    pointer: clip(pointer, VIOLATION_CHARACTERS_MAX),
    message: clip(message, VIOLATION_CHARACTERS_MAX),
    code,
  };
}

function clip(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax - 1)}…`;
}
