/* oxlint-disable unicorn/no-thenable -- a keyword of JSON Schema; nothing here is awaited */
import type { CaseTable } from './case.ts';

/** What 2020-12 says and draft-07 does not. */
export const draft2020: CaseTable = {
  'maxContains 0': {
    schema: { contains: { const: 0 }, minContains: 0, maxContains: 0 },
    good: [[], [1], [false]],
    bad: [[0]],
  },
  'minContains 0': { schema: { contains: { const: 0 }, minContains: 0 }, good: [[], [1]], bad: [] },
  'minContains 0 of false': {
    schema: { contains: false, minContains: 0 },
    good: [[], [1]],
    bad: [],
  },
  'bounds of contains true': {
    schema: { contains: true, minContains: 2, maxContains: 3 },
    good: [[1, 2], [1, 2, 3], {}],
    bad: [[], [1], [1, 2, 3, 4]],
  },
  'bounds without contains': {
    schema: { minContains: 2, maxContains: 0 },
    good: [[], [1]],
    bad: [],
  },
  prefixItems: {
    schema: { prefixItems: [{ const: 0 }, false] },
    good: [[], [0], 'x'],
    bad: [[1], [0, 0]],
  },
  'prefixItems before items false': {
    schema: { prefixItems: [{ const: 0 }], items: false },
    good: [[], [0]],
    bad: [[0, null], [1]],
  },
  'prefixItems before items': {
    schema: { prefixItems: [true], items: { maximum: 0 } },
    good: [[9, 0]],
    bad: [[9, 1]],
  },
  dependentRequired: {
    schema: { dependentRequired: { a: ['constructor'], toString: ['a'], b: [] } },
    good: [{}, { b: 0 }, { a: null, constructor: null }],
    bad: [{ a: null }, { toString: 0 }],
  },
  dependentSchemas: {
    schema: { dependentSchemas: { a: false, constructor: { maxProperties: 1 } } },
    good: [{}, { constructor: 0 }],
    bad: [{ a: 0 }, { constructor: 0, b: 0 }],
  },
  'keywords beside a reference': {
    schema: { $ref: '#/$defs/low', minimum: 0, $defs: { low: { maximum: 0 } } },
    good: [0],
    bad: [1, -1],
  },
  anchors: {
    schema: { items: { $ref: '#low' }, $defs: { a: { $anchor: 'low', maximum: 0 } } },
    good: [[0]],
    bad: [[1]],
  },
  'dynamic anchors': {
    schema: {
      $dynamicAnchor: 'root',
      items: { $dynamicRef: '#low' },
      $defs: {
        a: { $dynamicAnchor: 'low', maximum: 0 },
        b: { $dynamicAnchor: 'high', minimum: 5 },
      },
    },
    good: [[0]],
    bad: [[1]],
  },
  'unevaluatedProperties false': {
    schema: { properties: { a: {} }, unevaluatedProperties: false },
    good: [{ a: 0 }, {}, []],
    bad: [{ b: 0 }, { constructor: 0 }],
  },
  'unevaluatedProperties false alone': {
    schema: { unevaluatedProperties: false },
    good: [{}],
    bad: [{ a: null }],
  },
  'unevaluatedProperties true': {
    schema: { unevaluatedProperties: true },
    good: [{ a: 1 }],
    bad: [],
  },
  'unevaluatedProperties with a schema': {
    schema: { allOf: [{ properties: { a: true } }], unevaluatedProperties: { maximum: 0 } },
    good: [{ a: 9, b: 0 }],
    bad: [{ b: 1 }],
  },
  'unevaluatedProperties sees only what holds': {
    schema: {
      anyOf: [
        { properties: { kind: { const: 0 }, a: {} }, required: ['kind'] },
        { properties: { kind: { const: 1 }, b: {} }, required: ['kind'] },
      ],
      unevaluatedProperties: false,
    },
    good: [
      { kind: 0, a: 1 },
      { kind: 1, b: 1 },
    ],
    bad: [{ kind: 0, b: 1 }, { kind: 1, a: 1 }, { kind: 0, a: 1, c: 1 }, {}],
  },
  'unevaluatedProperties sees through references': {
    schema: {
      $ref: '#/$defs/base',
      properties: { b: {} },
      unevaluatedProperties: false,
      $defs: { base: { properties: { a: {} }, required: ['a'] } },
    },
    good: [{ a: 0 }, { a: 0, b: 0 }],
    bad: [{ b: 0 }, { a: 0, c: 0 }],
  },
  'unevaluatedProperties sees conditions': {
    schema: {
      if: { properties: { kind: { const: 0 } }, required: ['kind'] },
      then: { properties: { a: {} } },
      else: { properties: { b: {} } },
      unevaluatedProperties: false,
    },
    good: [{ kind: 0, a: 1 }, { b: 1 }, {}],
    bad: [{ kind: 0, b: 1 }, { a: 1 }, { kind: 1 }],
  },
  'unevaluatedProperties does not see into not': {
    schema: { not: { not: { properties: { a: {} } } }, unevaluatedProperties: false },
    good: [{}],
    bad: [{ a: 0 }],
  },
  'unevaluatedProperties sees dependent schemas': {
    schema: {
      properties: { a: {} },
      dependentSchemas: { a: { properties: { b: {} } } },
      unevaluatedProperties: false,
    },
    good: [{ a: 0, b: 0 }, { a: 0 }],
    bad: [{ b: 0 }],
  },
  'unevaluatedProperties sees patterns and the rest': {
    schema: {
      oneOf: [
        { required: ['x'], patternProperties: { '^x': {} } },
        { required: ['y'], additionalProperties: { maximum: 0 } },
        { required: ['z'], unevaluatedProperties: true },
      ],
      unevaluatedProperties: false,
    },
    good: [
      { x: 1, xx: 1 },
      { y: 0, q: -1 },
      { z: 1, q: 1 },
    ],
    bad: [{ x: 1, q: 1 }, { y: 1 }, {}],
  },
  'unevaluatedItems false': {
    schema: { prefixItems: [true], unevaluatedItems: false },
    good: [[], [1], {}],
    bad: [[1, 2]],
  },
  'unevaluatedItems sees contains': {
    schema: { contains: { const: 0 }, unevaluatedItems: { const: 1 } },
    good: [
      [0, 1],
      [1, 0, 0],
    ],
    bad: [[1], [0, 2]],
  },
  'unevaluatedItems sees branches that hold': {
    schema: {
      anyOf: [{ prefixItems: [{ const: 0 }, true] }, { prefixItems: [{ const: 1 }] }],
      unevaluatedItems: false,
    },
    good: [[0, 5], [1], [0]],
    bad: [[1, 5], [0, 5, 5], [2]],
  },
  'unevaluatedItems after items': {
    schema: { allOf: [{ items: { maximum: 0 } }], unevaluatedItems: false },
    good: [[0, -1], []],
    bad: [[1]],
  },
  'unevaluatedItems under unevaluatedItems': {
    schema: {
      allOf: [{ prefixItems: [true], unevaluatedItems: { const: 0 } }],
      unevaluatedItems: false,
    },
    good: [[1, 0]],
    bad: [[1, 1]],
  },
  'a cousin sees nothing': {
    schema: { allOf: [{ properties: { a: {} } }, { unevaluatedProperties: false }] },
    good: [{}],
    bad: [{ a: 0 }],
  },
};
