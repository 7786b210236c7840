import { expect, test } from 'vitest';

import { measuringProblems } from '../../../src/compose/measuring-problems.ts';

function problemsOf(settings: Readonly<Record<string, string>>): readonly string[] {
  return measuringProblems((name) => settings[name], ['openai', 'groq']);
}

test.each([
  ['LOG_LEVEL', ['debug', 'error'], ['loud', 'WARN']],
  ['LOG_SAMPLE', ['0', '1', '0.05'], ['2', '-0.1', '5%', ' ', 'NaN']],
  ['OTLP_SAMPLE', ['0', '1e-3'], ['abc', 'Infinity']],
  ['METRICS', ['on', 'off'], ['maybe']],
  ['METRIC_FACT_DAYS', ['1', '3660'], ['0', '-1', '1e9', '7.5', '7d']],
  ['METRIC_MINUTE_DAYS', ['14'], ['x']],
  ['METRIC_HOUR_DAYS', ['1830'], ['3661']],
  ['TRACE_PROVIDERS', ['*', 'none', 'openai, groq'], ['opnai, groq', 'openai,']],
])('%s says what it takes', (name, right, wrong) => {
  for (const text of right) expect(problemsOf({ [name]: text })).toEqual([]);
  for (const text of wrong) {
    const [problem, ...more] = problemsOf({ [name]: text });
    expect(problem).toMatch(new RegExp(`^${name} must be `));
    expect(more).toEqual([]);
  }
});

test('what is not set is not wrong', () => {
  expect(problemsOf({})).toEqual([]);
});
