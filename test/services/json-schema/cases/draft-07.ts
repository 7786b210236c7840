/* oxlint-disable unicorn/no-thenable -- a keyword of JSON Schema; nothing here is awaited */
import type { CaseTable } from './case.ts';

/** What draft-07 says otherwise than 2020-12. */
export const draft07: CaseTable = {
  'a tuple': {
    schema: { items: [{ const: 0 }, false], additionalItems: { maximum: 0 } },
    good: [[], [0]],
    bad: [[1], [0, 0]],
  },
  'additionalItems false': {
    schema: { items: [true], additionalItems: false },
    good: [[], [1], 'x'],
    bad: [[1, null]],
  },
  'additionalItems with a schema': {
    schema: { items: [{}], additionalItems: { maximum: 0 } },
    good: [[5, 0, -1]],
    bad: [[5, 1]],
  },
  'additionalItems without a tuple': {
    schema: { items: { const: 0 }, additionalItems: false },
    good: [[0, 0]],
    bad: [[1]],
  },
  'additionalItems alone': { schema: { additionalItems: false }, good: [[1, 2]], bad: [] },
  'contains has no bounds': {
    schema: { contains: { const: 0 }, minContains: 0, maxContains: 1 },
    good: [[0], [0, 0]],
    bad: [[], [1]],
  },
  'dependencies by name': {
    schema: { dependencies: { a: ['constructor', 'b'], toString: ['a'], b: [] } },
    good: [{}, { b: 0 }, { a: 0, b: null, constructor: 0 }],
    bad: [{ a: 0, b: 0 }, { toString: 1 }, { a: null, constructor: 0 }],
  },
  'dependencies by schema': {
    schema: { dependencies: { a: false, b: { maxProperties: 1 }, c: true } },
    good: [{}, { b: 0 }, { c: 0, d: 0 }],
    bad: [{ a: 0 }, { b: 0, c: 0 }],
  },
  'nothing counts beside a reference': {
    schema: {
      properties: { a: { $ref: '#/definitions/any', maximum: 0, if: true, then: false } },
      definitions: { any: {} },
    },
    good: [{ a: 1 }, { a: 'x' }],
    bad: [],
  },
  'words of later drafts': {
    schema: {
      prefixItems: [false],
      dependentRequired: { a: ['b'] },
      dependentSchemas: { a: false },
      unevaluatedProperties: false,
      unevaluatedItems: false,
    },
    good: [[1], { a: 1 }],
    bad: [],
  },
};
