import { expect, test } from 'vitest';

import { readTargetLimits } from '../../../src/services/gates/target-limits.ts';

const KNOWN = ['openai', 'replicate'];

test('a target has its own limits, or those of its provider, or none', () => {
  const { limitsOf, problems } = readTargetLimits(
    JSON.stringify({
      'openai/gpt-5.4-mini': { requests_per_minute: 500, tokens_per_minute: 200_000 },
      'openai/*': { concurrency: 50 },
      'replicate/black-forest-labs/flux': { concurrency: 2 },
    }),
    KNOWN,
  );
  expect(problems).toEqual([]);
  expect(limitsOf({ provider: 'openai', model: 'gpt-5.4-mini' })).toEqual({
    requestsPerMinute: 500,
    tokensPerMinute: 200_000,
  });
  expect(limitsOf({ provider: 'openai', model: 'gpt-5.4' })).toEqual({ concurrency: 50 });
  expect(limitsOf({ provider: 'replicate', model: 'black-forest-labs/flux' })).toEqual({
    concurrency: 2,
  });
  expect(limitsOf({ provider: 'replicate', model: 'other/model' })).toEqual({});
});

test('without the setting there are no limits, and nothing is wrong', () => {
  const { limitsOf, problems } = readTargetLimits(undefined, KNOWN);
  expect(problems).toEqual([]);
  expect(limitsOf({ provider: 'openai', model: 'a' })).toEqual({});
});

test.each(['{', '[]', '7', 'null'])('%s is not a setting', (text) => {
  const { limitsOf, problems } = readTargetLimits(text, KNOWN);
  expect(problems).toEqual([expect.stringMatching(/^TARGET_LIMITS: not a JSON object; write /)]);
  expect(limitsOf({ provider: 'openai', model: 'a' })).toEqual({});
});

test('what is wrong is named, and the rest counts', () => {
  const { limitsOf, problems } = readTargetLimits(
    JSON.stringify({
      'openai/*': { concurrency: 3 },
      openai: { concurrency: 3 },
      'opnai/gpt': { concurrency: 3 },
      'openai/a': { concurrency: 0 },
      'openai/b': { rpm: 3 },
      'openai/c': {},
    }),
    KNOWN,
  );
  expect(problems).toEqual([
    'TARGET_LIMITS: "openai" is not a target; write "provider/model" or "provider/*"',
    'TARGET_LIMITS: "opnai/gpt" names an unknown provider; known are openai, replicate',
    'TARGET_LIMITS: "openai/a".concurrency: write a whole number from 1 to 100000',
    'TARGET_LIMITS: "openai/b": write an object of limits: requests_per_minute, tokens_per_minute and concurrency',
    'TARGET_LIMITS: "openai/c" names no limit; there are requests_per_minute, tokens_per_minute and concurrency',
  ]);
  expect(limitsOf({ provider: 'openai', model: 'z' })).toEqual({ concurrency: 3 });
});
