import { describe, expect, test } from 'vitest';

import type { Json, JsonObject } from '../../../src/domain/json.ts';
import { compileJsonSchema } from '../../../src/services/json-schema/compile.ts';

function violations(schema: JsonObject, value: Json) {
  const compiled = compileJsonSchema(schema);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.violations));
  return compiled.check(value);
}

function mistakes(schema: JsonObject) {
  const compiled = compileJsonSchema(schema);
  return compiled.ok ? [] : compiled.violations;
}

describe('a value against a schema', () => {
  const schema: JsonObject = {
    type: 'object',
    required: ['name', 'age'],
    additionalProperties: false,
    properties: {
      name: { type: 'string', maxLength: 3, pattern: '^[a-z]+$' },
      age: { type: 'integer', minimum: 1 },
      role: { enum: ['a', 'b'] },
      tags: { type: 'array', items: { $ref: '#/$defs/tag' } },
    },
    $defs: { tag: { type: 'string', minLength: 2 } },
  };

  test('gets every violation at once, each with its pointer', () => {
    const found = violations(schema, { name: 'LONG1', role: 'c', tags: ['ok', 'x'], more: 1 });
    expect(found.map(({ pointer, code }) => `${pointer} ${code}`).toSorted()).toEqual([
      '/age required',
      '/more additional_property',
      '/name max_length',
      '/name pattern',
      '/role enum',
      '/tags/1 min_length',
    ]);
  });

  test('no sentence repeats the offending value', () => {
    const found = violations(schema, { name: 'SECRET', age: -777, role: 'SECRET', tags: ['S'] });
    const text = JSON.stringify(found);
    expect(text).not.toContain('SECRET');
    expect(text).not.toContain('777');
  });

  test('a pattern that explodes in JavaScript takes linear time here', () => {
    const found = violations({ type: 'string', pattern: '^(a+)+$' }, `${'a'.repeat(50_000)}!`);
    expect(found.map(({ code }) => code)).toEqual(['pattern']);
  });

  test('names of properties are matched in linear time too', () => {
    const named = { type: 'object', patternProperties: { '^(a+)+$': { type: 'number' } } } as const;
    expect(violations(named, { [`${'a'.repeat(50_000)}!`]: 'x', aa: 'x' })).toHaveLength(1);
  });

  test('formats are checked', () => {
    expect(violations({ format: 'email' }, 'nobody')).toMatchObject([{ code: 'format' }]);
    expect(violations({ format: 'email' }, 'a@example.com')).toEqual([]);
  });

  test('draft-07 is understood when the schema says so', () => {
    const tuple = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      items: [{ type: 'number' }],
    };
    expect(violations(tuple, ['x'])).toMatchObject([{ pointer: '/0', code: 'type' }]);
  });
});

describe('a schema that is wrong', () => {
  test.each<[string, JsonObject, string]>([
    ['an unknown type', { type: 'nope' }, '/type'],
    ['a rule of the wrong type', { minLength: 'a' }, '/minLength'],
    ['look-around', { properties: { a: { pattern: '(?=x)' } } }, '/properties/a/pattern'],
    ['a back-reference', { pattern: '(a)\\1' }, '/pattern'],
    ['a reference to elsewhere', { $ref: 'http://localhost/x' }, '/$ref'],
    [
      'a reference that leads nowhere',
      { properties: { a: { $ref: '#/$defs/no' } } },
      '/properties/a/$ref',
    ],
    ['a reference with a broken escape', { $ref: '#/%zz' }, '/$ref'],
  ])('says where: %s', (_what, schema, pointer) => {
    expect(mistakes(schema).map((violation) => violation.pointer)).toContain(pointer);
  });

  test('too deep or too large is refused', () => {
    let deep: JsonObject = { type: 'string' };
    for (let level = 0; level < 60; level += 1) deep = { not: deep };
    expect(mistakes(deep)).toMatchObject([{ code: 'schema_too_deep' }]);
    expect(mistakes({ description: 'x'.repeat(70_000) })).toMatchObject([
      { code: 'schema_too_large' },
    ]);
  });

  test('data inside enum, const and default is not taken for schema', () => {
    expect(mistakes({ enum: [{ $ref: 'http://x/' }], default: { pattern: '(?=x)' } })).toEqual([]);
  });
});
