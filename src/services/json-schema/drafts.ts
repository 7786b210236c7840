import { draft07, draft2020, extendDraft, type Draft } from 'json-schema-library';

import {
  additionalItems,
  contains,
  containsOne,
  items,
  itemsOrTuple,
  prefixItems,
} from './keywords/arrays.ts';
import { constant, enumeration, uniqueItems } from './keywords/equality.ts';
import type { Keyword } from './keywords/keyword.ts';
import { maximum, multipleOf } from './keywords/numbers.ts';
import {
  additionalProperties,
  dependencies,
  dependentRequired,
  dependentSchemas,
  patternProperties,
  properties,
  propertyNames,
} from './keywords/objects.ts';
import { conditionBesideNoReference, reference } from './keywords/references.ts';
import { format, namePatterns, pattern } from './keywords/strings.ts';
import { unevaluatedItems, unevaluatedProperties } from './keywords/unevaluated.ts';

type Repairs = Readonly<Record<string, (keyword: Keyword) => Keyword>>;

/** Keywords that the library checks otherwise than the specification says, or at a cost that a user could abuse. */
const SHARED: Repairs = {
  $ref: reference,
  additionalProperties,
  const: constant,
  dependencies,
  enum: enumeration,
  format,
  maximum,
  multipleOf,
  pattern,
  patternProperties: (keyword) => patternProperties(namePatterns(keyword)),
  properties,
  propertyNames,
  uniqueItems,
};

const ONLY_DRAFT_07: Repairs = {
  additionalItems,
  contains: containsOne,
  if: conditionBesideNoReference,
  items: itemsOrTuple,
};

const ONLY_2020_12: Repairs = {
  contains,
  dependentRequired,
  dependentSchemas,
  items,
  prefixItems,
  unevaluatedItems,
  unevaluatedProperties,
};

/** JSON Schema 2020-12 and draft-07 to the letter, with patterns that take linear time. */
export const drafts: Draft[] = [
  repaired(draft07, { ...SHARED, ...ONLY_DRAFT_07 }),
  repaired(draft2020, { ...SHARED, ...ONLY_2020_12 }),
];

function repaired(draft: Draft, repairs: Repairs): Draft {
  const keywords = draft.keywords.map((keyword) => repairs[keyword.keyword]?.(keyword) ?? keyword);
  return extendDraft(draft, { keywords, errors: withoutTemplates(draft) });
}

/** The library would write every value that breaks a rule into a sentence that nobody reads. */
function withoutTemplates({ errors }: Draft): Record<string, string> {
  return Object.fromEntries(Object.keys(errors).map((code) => [code, '']));
}
