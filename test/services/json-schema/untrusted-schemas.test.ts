import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { isJsonObject, type Json, type JsonObject } from '../../../src/domain/json.ts';
import { compileJsonSchema } from '../../../src/services/json-schema/compile.ts';

const DRAFT_07 = 'http://json-schema.org/draft-07/schema#';

function mistakes(schema: JsonObject): string[] {
  const compiled = compileJsonSchema(schema);
  return compiled.ok ? [] : compiled.violations.map(({ pointer }) => pointer);
}

function violations(schema: JsonObject, value: Json) {
  const compiled = compileJsonSchema(schema);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.violations));
  return compiled.check(value);
}

describe('a keyword whose value the meta-schema forbids is named', () => {
  test.each<[string, JsonObject]>([
    ['/maximum', { maximum: null }],
    ['/maxLength', { maxLength: -1 }],
    ['/minItems', { minItems: 1.5 }],
    ['/multipleOf', { multipleOf: 0 }],
    ['/required', { required: ['a', 'a'] }],
    ['/required', { required: null }],
    ['/anyOf', { anyOf: [] }],
    ['/type', { type: null }],
    ['/properties', { properties: null }],
    ['/properties/a/minimum', { properties: { a: { minimum: '0' } } }],
    ['/patternProperties', { patternProperties: { a: 5 } }],
    ['/$ref', { $ref: 5 }],
    ['/$id', { $id: 5 }],
    ['/items/type', { $schema: DRAFT_07, items: { type: 'nope' } }],
    ['/items/0/type', { $schema: DRAFT_07, items: [{ type: 'nope' }] }],
    ['/additionalItems/type', { $schema: DRAFT_07, items: [], additionalItems: { type: 'no' } }],
    ['/properties/enum/pattern', { properties: { enum: { pattern: '(?=x)' } } }],
  ])('%s', (pointer, schema) => {
    expect(mistakes(schema)).toContain(pointer);
  });
});

describe('a reference that leads back to itself is refused', () => {
  test.each<[string, JsonObject]>([
    ['at once', { $ref: '#' }],
    [
      'around a corner',
      { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#' } } },
    ],
    ['through allOf', { allOf: [{ $ref: '#' }] }],
    ['through a condition', { if: { $ref: '#' } }],
    ['through an anchor', { $anchor: 'a', not: { $ref: '#a' } }],
  ])('%s', (_name, schema) => {
    expect(mistakes(schema)).not.toEqual([]);
  });

  test('one that first takes a step into the value is not', () => {
    expect(mistakes({ properties: { next: { $ref: '#' } }, items: { $ref: '#' } })).toEqual([]);
  });
});

describe('a check that would take too long is given up', () => {
  test('references that double the work at each of many levels', () => {
    const levels = Array.from({ length: 40 }, (_, level): [string, Json] => {
      const next = { $ref: `#/$defs/level${level + 1}` };
      return [`level${level}`, { allOf: [next, next] }];
    });
    const $defs = { ...Object.fromEntries(levels), level40: { type: 'string' } };
    const found = violations({ $ref: '#/$defs/level0', $defs }, 'x');
    expect(found.map(({ code }) => code)).toEqual(['too_costly']);
  });

  test('a value deeper than the stack', () => {
    let deep: Json = 0;
    for (let level = 0; level < 20_000; level += 1) deep = [deep];
    expect(violations({ items: { $ref: '#' } }, deep)).toMatchObject([{ code: 'too_costly' }]);
  });

  test('a long array of different items is compared in one pass', () => {
    const long = Array.from({ length: 200_000 }, (_, index) => index);
    expect(violations({ uniqueItems: true }, long)).toEqual([]);
  });
});

describe('a violation points at what it is about', () => {
  test.each<[string, JsonObject, Json, string, string]>([
    [
      'a key with a slash',
      { additionalProperties: false },
      { 'a/b~': 1 },
      '/a~1b~0',
      'additional_property',
    ],
    ['a name', { propertyNames: { maxLength: 1 } }, { long: 1 }, '/long', 'property_name'],
    ['a dependent name', { dependentRequired: { a: ['b'] } }, { a: 1 }, '/b', 'dependent_required'],
    ['an item too many', { prefixItems: [true], items: false }, [1, 2], '/1', 'additional_item'],
    ['an item nobody named', { unevaluatedItems: false }, [1], '/0', 'additional_item'],
    ['a forbidden property', { properties: { a: false } }, { a: 1 }, '/a', 'false_schema'],
    ['too few that fit', { contains: { const: 0 }, minContains: 2 }, [0], '', 'contains_min'],
    ['a format', { format: 'time' }, 'soon', '', 'format'],
  ])('%s', (_name, schema, value, pointer, code) => {
    const found = violations(schema, value);
    expect(found).toMatchObject([{ pointer, code }]);
    expect(found[0]?.message).not.toMatch(/the rule|undefined/);
  });
});

const KEYWORDS = `
  $ref $id $anchor $dynamicRef $defs definitions type enum const properties patternProperties
  additionalProperties propertyNames required dependencies dependentRequired dependentSchemas items
  prefixItems contains minContains maximum minLength multipleOf pattern format uniqueItems allOf oneOf
  not if else unevaluatedItems unevaluatedProperties errorMessages regexFlags oneOfProperty constructor
  __proto__ a`
  .trim()
  .split(/\s+/);

const anySchema = fc.letrec<{ schema: Json; value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<Json>(null, true, false, 0, -1, 1.5, '', '#', '#/a', '(', 'string', []),
    fc.array(tie('value'), { maxLength: 2 }),
    tie('schema'),
  ),
  schema: fc.dictionary(fc.constantFrom(...KEYWORDS), tie('value'), { maxKeys: 4 }),
})).schema;

function compileAndCheck(schema: Json, $schema: string, value: unknown): void {
  if (!isJsonObject(schema)) return;
  const compiled = compileJsonSchema({ $schema, ...schema });
  if (!compiled.ok) return;
  for (const subject of [value, { a: [0, ''], constructor: null }]) {
    compiled.check(JSON.parse(JSON.stringify(subject)));
  }
}

test('no schema and no value, however odd, make the check throw', () => {
  const dialect = fc.constantFrom(DRAFT_07, 'https://json-schema.org/draft/2020-12/schema');
  const property = fc.property(anySchema, dialect, fc.jsonValue({ maxDepth: 3 }), compileAndCheck);
  expect(() => fc.assert(property, { numRuns: 2_000, seed: 11 })).not.toThrow();
});
