import { expect } from 'vitest';

import type { Problem } from '../../../src/services/views/problem-schema.ts';
import type { Answer } from './api.ts';

export type ExpectedProblem = {
  readonly status: number;
  readonly code: string;
  /** A place that has to be among the violations, and words that its sentence has to have. */
  readonly at: Readonly<Record<string, RegExp>>;
  /** True when sending the same again may help. */
  readonly retryable?: boolean;
};

/** Checks that a refusal says what is wrong, where, and how to mend it. */
export function expectProblem(answer: Answer<unknown>, expected: ExpectedProblem): Problem {
  const { status, code, at, retryable = false } = expected;
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status });
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.headers.get('x-should-retry')).toBe(String(retryable));
  const problem = answer.body as Problem;
  expect(problem).toMatchObject({ status, code, retryable, type: `/docs#error-${code}` });
  expect(problem.detail.length, problem.detail).toBeGreaterThan(15);
  expect(problem.request_id).toBe(answer.headers.get('x-request-id'));
  for (const [pointer, words] of Object.entries(at)) {
    const found = problem.errors.filter((violation) => violation.pointer === pointer);
    expect(found, `nothing at ${pointer} in ${answer.text}`).not.toEqual([]);
    const sentences = found.map(({ message }) => message).join('\n');
    expect(sentences).toMatch(words);
  }
  return problem;
}
