import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { isJsonObject, type Json, type JsonObject } from '../../../src/domain/json.ts';
import { compileJsonSchema } from '../../../src/services/json-schema/compile.ts';

/**
 * Zod reads the part of JSON Schema where `type` stands beside every other rule. There, and on small values around
 * the bounds, both must judge alike.
 */
const bound = fc.constantFrom(0, -1, 1, 0.5, 2);
const size = fc.constantFrom(0, 1, 2);
const scalar = fc.constantFrom<Json>(null, true, false, 0, -1, 1, 0.5, 2, '', 'a', 'ab');

function ruled(type: string, rules: Record<string, fc.Arbitrary<Json>>): fc.Arbitrary<Json> {
  return fc.record({ type: fc.constant(type), ...rules }, { requiredKeys: ['type'] });
}

const schemas = fc.letrec<{ schema: Json }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small' },
    ruled('number', { minimum: bound, maximum: bound, multipleOf: fc.constantFrom(0.5, 2) }),
    ruled('integer', { exclusiveMinimum: bound, exclusiveMaximum: bound }),
    ruled('string', { minLength: size, maxLength: size }),
    fc.record({ const: scalar }),
    fc.record({ enum: fc.uniqueArray(scalar, { minLength: 1, maxLength: 3 }) }),
    // Zod counts the items only where `items` is given.
    fc.record(
      { type: fc.constant('array'), items: tie('schema'), minItems: size, maxItems: size },
      { requiredKeys: ['type', 'items'] },
    ),
    // Zod asks for a required name only where `properties` knows it.
    fc.record({
      type: fc.constant('object'),
      properties: fc.record({ a: tie('schema'), b: tie('schema') }),
      additionalProperties: fc.oneof(fc.boolean(), tie('schema')),
      required: fc.uniqueArray(fc.constantFrom('a', 'b')),
    }),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
  ),
})).schema;

const values = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value')),
  ),
})).value;

test('Zod judges alike', () => {
  const judgeAlike = fc.property(
    schemas,
    fc.array(values, { maxLength: 8 }),
    (schema, subjects) => {
      if (!isJsonObject(schema)) return;
      const document: JsonObject = { ...schema };
      const compiled = compileJsonSchema(document);
      const zod = z.fromJSONSchema(document);
      for (const value of subjects) {
        const fits = compiled.ok && compiled.check(value).length === 0;
        expect({ value, fits }).toEqual({ value, fits: zod.safeParse(value).success });
      }
    },
  );
  fc.assert(judgeAlike, { numRuns: 2_000, seed: 7 });
});
