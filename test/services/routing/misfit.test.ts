import { describe, expect, test } from 'vitest';

import type { ChatCall, ModelCall } from '../../../src/domain/model/model-call.ts';
import type { ModelCapabilities } from '../../../src/domain/model/model-capabilities.ts';
import { fewestTokensOf } from '../../../src/services/routing/fewest-tokens.ts';
import { misfitOf, refusedParameters } from '../../../src/services/routing/misfit.ts';

const known: ModelCapabilities = {
  contextTokens: 1_000,
  outputTokensMax: 100,
  inputs: ['text', 'image'],
  jsonSchema: false,
  tools: false,
  refuses: ['temperature', 'stop'],
};

const media = { file: 'file_1', mime: 'image/png', bytes: 1, sha256: '' } as never;

function call(change: Partial<ChatCall> = {}): ChatCall {
  const messages = [{ role: 'user' as const, content: 'Hello' }];
  return {
    kind: 'chat',
    model: 'm',
    messages,
    parameters: {},
    output: { kind: 'text' },
    ...change,
  };
}

const said = (content: ChatCall['messages'][number]['content']) =>
  call({ messages: [{ role: 'user', content: content as string }] });

describe('a model that cannot serve a call', () => {
  test.each<[string, ModelCall, string, string]>([
    ['a text that is too long', said('x'.repeat(9_000)), 'context_length', '1125 or more'],
    [
      'a longer answer than it gives',
      call({ parameters: { maxOutputTokens: 101 } }),
      'unsupported_parameter',
      '`max_output_tokens` is 101',
    ],
    [
      'a sound',
      said([{ type: 'audio', media }]),
      'unsupported_parameter',
      'takes no audio in messages, only text, image',
    ],
    [
      'a schema',
      call({ output: { kind: 'json', schema: {} } }),
      'unsupported_parameter',
      'cannot be held to a JSON Schema',
    ],
    [
      'a tool',
      call({ tools: [{ name: 't', parameters: {} }] }),
      'unsupported_parameter',
      'calls no tools',
    ],
    [
      'a temperature',
      call({ parameters: { temperature: 0 } }),
      'unsupported_parameter',
      'does not take `temperature`',
    ],
  ])('is told by %s', (_what, asked, failureClass, words) => {
    const misfit = misfitOf(asked, known);
    expect(misfit).toMatchObject({
      class: failureClass,
      phase: 'not_sent',
      code: 'model_capability',
    });
    expect(misfit?.message).toContain(words);
    expect(misfitOf(asked, null)).toBeNull();
    expect(misfitOf(asked, {})).toBeNull();
  });

  test.each<[string, ModelCall]>([
    ['a text that may just fit', said('x'.repeat(8_000))],
    ['an image', said([{ type: 'image', media }])],
    ['the temperature that it has anyway', call({ parameters: { temperature: 1 } })],
    ['no tools at all', call({ tools: [] })],
    ['the longest answer that it gives', call({ parameters: { maxOutputTokens: 100 } })],
    ['another kind of call', { kind: 'embed', model: 'm', texts: ['x'.repeat(99_999)] }],
  ])('is none for %s', (_what, asked) => {
    expect(misfitOf(asked, known)).toBeNull();
  });

  test('says which parameters may be left out', () => {
    const asked = call({ parameters: { temperature: 0.2, stop: ['x'], seed: 1 } });
    expect(refusedParameters(asked, known)).toEqual(['temperature', 'stop']);
    expect(refusedParameters(asked, null)).toEqual([]);
  });
});

test('a count of tokens is lower than what tokenizers make', () => {
  expect(fewestTokensOf(said('The quick brown fox jumps over the lazy dog.'))).toBeLessThan(10);
  expect(fewestTokensOf(said('敏捷的棕色狐狸跳过了懒狗'))).toBeLessThan(12);
  expect(fewestTokensOf(said('Съешь ещё этих мягких французских булок'))).toBeLessThan(20);
});
