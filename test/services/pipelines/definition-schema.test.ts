import { globSync, readFileSync } from 'node:fs';
import { compileSchema } from 'json-schema-library';
import { describe, expect, test } from 'vitest';

import { stepKinds } from '../../../src/domain/definition/step-kinds.ts';
import { definitionJsonSchema } from '../../../src/services/pipelines/definition-schema.ts';
import { compileJsonSchema } from '../../../src/services/json-schema/compile.ts';

const schema = definitionJsonSchema();
const node = compileSchema(schema);

/** Where the schema finds mistakes. */
function mistakes(definition: unknown): string[] {
  return node.validate(definition).errors.map(({ data }) => data.pointer);
}

function withStep(step: object) {
  return { steps: [{ id: 'a', uses: 'data.compose', with: { value: 1 }, ...step }] };
}

const chat = {
  uses: 'model.chat',
  route: { targets: [{ provider: 'openai', model: 'm' }] },
  with: { vars: { name: '${{ input.name }}' } },
  prompt: { messages: [{ role: 'user', content: '{{ vars.name }}' }] },
};

describe('the published schema of a definition', () => {
  test('is a schema of its draft', () => {
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(node.schemaErrors ?? []).toEqual([]);
    expect(compileJsonSchema(schema)).toMatchObject({ ok: true });
  });

  test('takes every example of the repository', () => {
    const files = globSync('examples/**/pipeline*.json');
    expect(files.length).toBeGreaterThan(1);
    for (const file of files) {
      const definition: unknown = JSON.parse(readFileSync(file, 'utf8'));
      expect(node.validate(definition).errors, file).toEqual([]);
    }
  });

  test('says what every field means', () => {
    expect(undescribed(schema, '')).toEqual([]);
  });

  test('knows the input of every step kind', () => {
    const kinds = stepKinds.filter(
      (uses) => mistakes(withStep({ uses, with: { no: 1 } })).length > 0,
    );
    expect(kinds).toEqual(stepKinds);
  });

  test.each<[string, object]>([
    ['the hint that an editor needs', { $schema: 'http://localhost/s.json', ...withStep({}) }],
    ['a prompt and a route', withStep(chat)],
    ['an expression for a number', withStep({ ...embed('${{ input.size }}') })],
    [
      'an expression for the file of a part',
      withStep({
        ...chat,
        with: {
          messages: [
            { role: 'user', content: [{ type: 'image', file: '${{ input.photo }}' }] },
            { role: '${{ input.role }}', content: 'x' },
          ],
        },
      }),
    ],
    ['an expression for a list', withStep({ ...embed(8), with: { texts: '${{ input.texts }}' } })],
    [
      'an expression in a text',
      withStep({ uses: 'text.normalize', with: { text: 'x ${{ input }}' } }),
    ],
    ['a wait', withStep({ uses: 'wait', with: { duration: '10m' } })],
    [
      'a wait until a computed moment',
      withStep({ uses: 'wait', with: { until: '${{ input.at }}' } }),
    ],
    ['a handler', withStep({ on_failure: { step: 'b' } })],
  ])('takes %s', (_what, definition) => {
    expect(mistakes(definition)).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['an unknown field', { ...withStep({}), stepz: [] }, '#/stepz'],
    ['no steps', { steps: [] }, '#/steps'],
    ['an unknown step kind', withStep({ uses: 'text.magic' }), '#/steps/0/uses'],
    [
      'a bad duration',
      withStep({ timeouts: { attempt: '5 minutes' } }),
      '#/steps/0/timeouts/attempt',
    ],
    ['a condition that is no expression', withStep({ if: 'true' }), '#/steps/0/if'],
    ['an unknown input', withStep({ with: { valeu: 1 } }), '#/steps/0/with/valeu'],
    ['a missing input', withStep({ uses: 'text.normalize', with: {} }), '#/steps/0/with'],
    ['no input at all', { steps: [{ id: 'a', uses: 'text.normalize' }] }, '#/steps/0'],
    ['an input of another type', withStep(embed('8')), '#/steps/0/with/dimensions'],
    ['a model step without a route', withStep({ ...chat, route: undefined }), '#/steps/0'],
    ['a route beside no model', withStep({ route: 'chat' }), '#/steps/0/route'],
    ['a prompt beside no chat', withStep({ prompt: chat.prompt }), '#/steps/0/prompt'],
    ['max_concurrency without a map', withStep({ max_concurrency: 2 }), '#/steps/0'],
    [
      'two waits in one',
      withStep({ uses: 'wait', with: { duration: '1m', event: 'e' } }),
      '#/steps/0/with',
    ],
  ])('refuses %s', (_what, definition, pointer) => {
    const found = mistakes(JSON.parse(JSON.stringify(definition)));
    expect(
      found.some((at) => at.startsWith(pointer)),
      JSON.stringify(found),
    ).toBe(true);
  });
});

function embed(dimensions: unknown) {
  const route = { targets: [{ provider: 'builtin', model: 'm' }] };
  return { uses: 'model.embed', route, with: { texts: ['t'], dimensions } };
}

/** Fields of the definition itself without a description. */
function undescribed(of: unknown, path: string): string[] {
  if (typeof of !== 'object' || of === null) return [];
  const { properties, items, additionalProperties, anyOf } = of as Record<string, unknown>;
  const fields = Object.entries((properties ?? {}) as Record<string, { description?: string }>);
  return [
    ...fields.flatMap(([name, inner]) => [
      ...(inner.description === undefined ? [`${path}.${name}`] : []),
      ...undescribed(inner, `${path}.${name}`),
    ]),
    ...[items, additionalProperties, ...(Array.isArray(anyOf) ? anyOf : [])].flatMap((inner) =>
      undescribed(inner, `${path}[]`),
    ),
  ];
}
