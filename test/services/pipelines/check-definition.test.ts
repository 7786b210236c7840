import { describe, expect, test } from 'vitest';

import { checkDefinition } from '../../../src/services/pipelines/check-definition.ts';
import type { Providers } from '../../../src/services/ports/targets/providers.ts';

const providers: Providers = {
  ids: ['builtin', 'openai'],
  get: () => null,
  modelsOf: (id) => (id === 'builtin' ? ['sum-1', 'embed-1'] : []),
  capabilitiesOf: (id) =>
    id === 'openai'
      ? { kinds: ['chat', 'image'], local: false, executions: { chat: ['sync', 'background'] } }
      : null,
  kindOf: ({ provider, model }) => {
    if (provider !== 'builtin') return null;
    return { 'sum-1': 'summarize', 'embed-1': 'embed' }[model] === 'summarize'
      ? 'summarize'
      : model === 'embed-1'
        ? 'embed'
        : 'unknown_model';
  },
};

function pointers(definition: unknown): string[] {
  const checked = checkDefinition(definition, providers);
  return checked.ok ? [] : checked.violations.map(({ pointer }) => pointer);
}

function withStep(step: object, more: object = {}) {
  return {
    name: 'p',
    steps: [{ id: 'a', uses: 'data.compose', with: { value: 1 }, ...step }],
    ...more,
  };
}

const chat = {
  uses: 'model.chat',
  route: { targets: [{ provider: 'openai', model: 'm' }] },
  with: { vars: { name: 'x' } },
};

describe('a definition is refused with a pointer to', () => {
  test.each<[string, unknown, string]>([
    ['an unknown field', withStep({}, { stepz: [] }), '/stepz'],
    ['an unknown step kind', withStep({ uses: 'text.magic' }), '/steps/0/uses'],
    [
      'a cycle',
      { name: 'p', steps: [{ id: 'a', uses: 'data.compose', needs: ['a'], with: { value: 1 } }] },
      '/steps/0',
    ],
    ['a need that is not there', withStep({ needs: ['b'] }), '/steps/0/needs/0'],
    [
      'a reference to a missing step',
      withStep({ with: { value: '${{ steps.b.output }}' } }),
      '/steps/0/with',
    ],
    [
      'a bad expression',
      withStep({ with: { value: { x: '${{ 1 + }}' } } }),
      '/steps/0/with/value/x',
    ],
    [
      'an expression that is not closed',
      withStep({ with: { value: '${{ input' } }),
      '/steps/0/with/value',
    ],
    [
      'a bad duration',
      withStep({ timeouts: { attempt: '5 minutes' } }),
      '/steps/0/timeouts/attempt',
    ],
    [
      'a bad JSON Schema',
      withStep({ check: { schema: { type: 'nope' } } }),
      '/steps/0/check/schema/type',
    ],
    [
      'a bad input schema',
      withStep({}, { input: { schema: { minLength: 'x' } } }),
      '/input/schema/minLength',
    ],
    [
      'an unknown provider',
      withStep({ ...chat, route: { targets: [{ provider: 'x', model: 'm' }] } }),
      '/steps/0/route/targets/0/provider',
    ],
    [
      'an unknown builtin model',
      withStep({
        uses: 'model.summarize',
        with: { text: 't' },
        route: { targets: [{ provider: 'builtin', model: 'x' }] },
      }),
      '/steps/0/route/targets/0/model',
    ],
    [
      'a model for something else',
      withStep({
        uses: 'model.summarize',
        with: { text: 't' },
        route: { targets: [{ provider: 'builtin', model: 'embed-1' }] },
      }),
      '/steps/0/route',
    ],
    [
      'a provider without models of the kind',
      withStep({ ...chat, uses: 'model.embed', with: { texts: ['t'] } }),
      '/steps/0/route',
    ],
    [
      'a way of running that the provider lacks',
      withStep({
        ...chat,
        route: { targets: [{ provider: 'openai', model: 'm', execution: 'batch' }] },
      }),
      '/steps/0/route/targets/0/execution',
    ],
    [
      'the same in a named route',
      withStep(
        { uses: 'model.image', with: { prompt: 'p' }, route: 'r' },
        { routes: { r: { targets: [{ provider: 'openai', model: 'm', execution: 'batch' }] } } },
      ),
      '/routes/r/targets/0/execution',
    ],
    ['a check without anything to check', withStep({ check: { re_ask: 1 } }), '/steps/0/check'],
    [
      'a check of images where none are made',
      withStep({ ...chat, check: { asset: { min_width: 1 } } }),
      '/steps/0/check/asset',
    ],
    [
      'what is not the id of a file',
      withStep({ ...chat, uses: 'model.image', with: { prompt: 'p', images: ['photo.png'] } }),
      '/steps/0/with/images/0',
    ],
    [
      'a part that is not known',
      withStep({
        ...chat,
        with: { messages: [{ role: 'user', content: [{ type: 'video', file: 'x' }] }] },
      }),
      '/steps/0/with/messages/0/content/0/type',
    ],
    [
      'the choice of a tool that is not there',
      withStep({
        ...chat,
        with: { vars: {}, tools: [{ name: 'a' }], tool_choice: { name: 'b' } },
      }),
      '/steps/0/with/tool_choice',
    ],
    [
      'a moderation of nothing',
      withStep({ ...chat, uses: 'model.moderate', with: {} }),
      '/steps/0/with',
    ],
    [
      'a model step without a route',
      withStep({ uses: 'model.summarize', with: { text: 't' } }),
      '/steps/0/route',
    ],
    ['a route that is not there', withStep({ ...chat, route: 'nope' }), '/steps/0/route'],
    [
      'an unknown prompt variable',
      withStep({ ...chat, prompt: { messages: [{ role: 'user', content: '{{ vars.nme }}' }] } }),
      '/steps/0/prompt/messages/0/content',
    ],
    [
      'a prompt that reads past vars',
      withStep({ ...chat, prompt: { messages: [{ role: 'user', content: '{{ secret }}' }] } }),
      '/steps/0/prompt/messages/0/content',
    ],
    [
      'a broken template',
      withStep({ ...chat, prompt: { messages: [{ role: 'user', content: '{% if %}' }] } }),
      '/steps/0/prompt/messages/0/content',
    ],
    [
      'an include in a template',
      withStep({ ...chat, prompt: { messages: [{ role: 'user', content: "{% include 'x' %}" }] } }),
      '/steps/0/prompt/messages/0/content',
    ],
    [
      'an unknown field of a step input',
      withStep({ with: { value: 1, valeu: 2 } }),
      '/steps/0/with/valeu',
    ],
    [
      'a missing field of a step input',
      withStep({ uses: 'text.normalize', with: {} }),
      '/steps/0/with/text',
    ],
    ['item outside a map', withStep({ with: { value: '${{ item }}' } }), '/steps/0/with'],
  ])('%s', (_what, definition, pointer) => {
    expect(pointers(definition)).toContain(pointer);
  });

  test('all of its mistakes at once', () => {
    const found = pointers({
      name: 'p',
      steps: [
        { id: 'a', uses: 'data.compose', with: { value: '${{ steps.zz.output }}' } },
        { id: 'b', uses: 'data.compose', with: { valu: 1 }, check: { schema: { type: 'nope' } } },
      ],
    });
    expect(found).toEqual(
      expect.arrayContaining(['/steps/0/with', '/steps/1/with/valu', '/steps/1/check/schema/type']),
    );
  });
});

describe('a definition that is right', () => {
  test('is accepted though an expression hides what a field will hold', () => {
    expect(
      pointers(withStep({ uses: 'text.normalize', with: { text: '${{ input.text }}' } })),
    ).toEqual([]);
  });

  test('gets a warning for a step whose result nobody reads', () => {
    const checked = checkDefinition({ ...withStep({}), output: 1 }, providers);
    expect(checked).toMatchObject({
      ok: true,
      warnings: [{ pointer: '/steps/0', code: 'unused_step' }],
    });
  });
});

test('a hint for editors is taken and not kept; one that is no text is a mistake', () => {
  const hint = 'http://127.0.0.1:8787/schema/pipeline.json';
  const checked = checkDefinition({ $schema: hint, ...withStep({}) }, providers);
  expect(checked).toMatchObject({ ok: true, definition: withStep({}) });
  expect(checked.ok && Object.keys(checked.definition)).not.toContain('$schema');
  expect(pointers({ $schema: 7, ...withStep({}) })).toEqual(['/$schema']);
});
