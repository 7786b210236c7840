import { describe, expect, test } from 'vitest';

import { capabilitiesOfModel, capabilityRows } from '../../../src/providers/capabilities/find.ts';

describe('what is known of models', () => {
  test.each(capabilityRows.map(([provider, row]) => [provider, String(row.models), row] as const))(
    '%s %s has a source, a day, and limits that make sense',
    (_provider, pattern, row) => {
      expect(pattern.startsWith('/^') && pattern.endsWith('$/')).toBe(true);
      expect(row.source).toMatch(/^https:\/\//);
      expect(row.readOn).toMatch(/^\d{4}-\d{2}-\d{2}$/);
      expect(row.outputTokensMax ?? 1).toBeLessThanOrEqual(row.contextTokens ?? Infinity);
    },
  );

  test.each([
    ['openai', 'gpt-4o-mini-2024-07-18', 128_000],
    ['openai', 'gpt-5.4-mini', 400_000],
    ['anthropic', 'claude-haiku-4-5-20251001', 200_000],
    ['google', 'gemini-2.5-flash', 1_114_112],
    ['groq', 'llama-3.1-8b-instant', 131_072],
  ])('%s/%s takes %d tokens', (provider, model, tokens) => {
    expect(capabilitiesOfModel({ provider, model })?.contextTokens).toBe(tokens);
  });

  test.each([
    ['openai', 'gpt-4o-audio-preview'],
    ['openai', 'gpt-5.9'],
    ['openai', 'my-gpt-4o'],
    ['groq', 'gpt-4o'],
    ['azure-openai', 'gpt-4o'],
    ['constructor', 'gpt-4o'],
  ])('nothing is known of %s/%s', (provider, model) => {
    expect(capabilitiesOfModel({ provider, model })).toBeNull();
  });
});
