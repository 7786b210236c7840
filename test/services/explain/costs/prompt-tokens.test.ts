import { assert, property, string } from 'fast-check';
import { expect, test } from 'vitest';

import type { ChatCall } from '../../../../src/domain/model/model-call.ts';
import { promptTokensOf } from '../../../../src/services/explain/costs/prompt-tokens.ts';

function asks(content: string): ChatCall {
  return {
    kind: 'chat',
    model: 'm',
    messages: [{ role: 'user', content }],
    parameters: {},
    output: { kind: 'text' },
  };
}

test('the estimate never exceeds the upper bound, and the bound counts every byte', () => {
  assert(
    property(string({ unit: 'grapheme', maxLength: 500 }), (text) => {
      const { estimated, atMost } = promptTokensOf(asks(text));
      expect(estimated).toBeLessThanOrEqual(atMost);
      expect(atMost).toBeGreaterThanOrEqual(Buffer.byteLength(text));
    }),
  );
});

test('English takes about a quarter of its characters, Chinese as many as it has', () => {
  const english = promptTokensOf(asks('the gate is open and the water runs '.repeat(100)));
  expect(english.estimated).toBeGreaterThan(800);
  expect(english.estimated).toBeLessThan(1_000);
  const chinese = promptTokensOf(asks('水'.repeat(1_000)));
  expect(chinese.estimated).toBe(1_004);
  expect(chinese.atMost).toBeGreaterThanOrEqual(3_000);
});

test('schemas and tools count, with what a provider writes around them', () => {
  const schema = { type: 'object', properties: { a: { type: 'string' } } };
  const plain = promptTokensOf(asks('x'));
  const held = promptTokensOf({ ...asks('x'), output: { kind: 'json', schema } });
  expect(held.estimated).toBeGreaterThan(plain.estimated + 10);
  expect(held.atMost).toBeGreaterThan(plain.atMost + 1_024);
});

test('a question is read again with every document that it ranks', () => {
  const call = { kind: 'rerank', model: 'm', query: 'q'.repeat(400), topN: 1 } as const;
  const one = promptTokensOf({ ...call, documents: ['d'] });
  const ten = promptTokensOf({ ...call, documents: Array.from({ length: 10 }, () => 'd') });
  expect(ten.estimated).toBe(10 * one.estimated);
});
