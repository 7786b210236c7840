import type { Violation } from '../../../domain/job/failure.ts';
import { isJsonObject, jsonPointer, type Json, type JsonObject } from '../../../domain/json.ts';

/** What the value of a keyword must be, as the meta-schemas of 2020-12 and draft-07 say it. */
type Rule = { readonly holds: (value: Json) => boolean; readonly sentence: string };

const count: Rule = {
  holds: (value) => Number.isInteger(value) && Number(value) >= 0,
  sentence: 'must be a whole number of 0 or more',
};
const number: Rule = { holds: (value) => typeof value === 'number', sentence: 'must be a number' };
const positive: Rule = {
  holds: (value) => typeof value === 'number' && value > 0,
  sentence: 'must be a number greater than 0',
};
const text: Rule = { holds: (value) => typeof value === 'string', sentence: 'must be a string' };
const flag: Rule = {
  holds: (value) => typeof value === 'boolean',
  sentence: 'must be true or false',
};
const list: Rule = { holds: Array.isArray, sentence: 'must be an array' };
const names: Rule = { holds: isNameList, sentence: 'must be an array of different strings' };
const schema: Rule = { holds: isSchema, sentence: 'must be a schema: an object, true or false' };
const schemas: Rule = {
  holds: (value) => Array.isArray(value) && value.length > 0 && value.every(isSchema),
  sentence: 'must be an array of at least one schema',
};
const schemaOrTuple: Rule = {
  holds: (value) => isSchema(value) || (Array.isArray(value) && value.every(isSchema)),
  sentence: 'must be a schema: an object, true or false; in draft-07 also an array of schemas',
};
const schemaTable: Rule = {
  holds: (value) => isJsonObject(value) && Object.values(value).every(isSchema),
  sentence: 'must be an object whose values are schemas',
};
const nameTable: Rule = {
  holds: (value) => isJsonObject(value) && Object.values(value).every(isNameList),
  sentence: 'must be an object whose values are arrays of different strings',
};
const dependencyTable: Rule = {
  holds: (value) =>
    isJsonObject(value) && Object.values(value).every((one) => isSchema(one) || isNameList(one)),
  sentence: 'must be an object whose values are schemas or arrays of different strings',
};
const TYPES = ['null', 'boolean', 'number', 'integer', 'string', 'object', 'array'] as const;
const typeNames: Rule = {
  holds: (value) => {
    const wanted = typeof value === 'string' ? [value] : value;
    if (!isNameList(wanted) || wanted.length === 0) return false;
    return wanted.every((name) => TYPES.some((type) => type === name));
  },
  sentence: `must be one of ${TYPES.join(', ')}, or an array of different ones`,
};

const RULES: ReadonlyMap<string, Rule> = new Map([
  ...rows(count, 'maxLength minLength maxItems minItems maxProperties minProperties'),
  ...rows(count, 'maxContains minContains'),
  ...rows(number, 'maximum minimum exclusiveMaximum exclusiveMinimum'),
  ...rows(positive, 'multipleOf'),
  ...rows(text, '$ref $dynamicRef $id $anchor $dynamicAnchor $schema pattern format'),
  ...rows(flag, 'uniqueItems'),
  ...rows(list, 'enum'),
  ...rows(names, 'required'),
  ...rows(schema, 'additionalProperties additionalItems contains else if not propertyNames then'),
  ...rows(schema, 'unevaluatedItems unevaluatedProperties'),
  ...rows(schemas, 'allOf anyOf oneOf prefixItems'),
  ...rows(schemaOrTuple, 'items'),
  ...rows(schemaTable, '$defs definitions properties patternProperties dependentSchemas'),
  ...rows(nameTable, 'dependentRequired'),
  ...rows(dependencyTable, 'dependencies'),
  ...rows(typeNames, 'type'),
]);

function rows(rule: Rule, keywords: string): [string, Rule][] {
  return keywords.split(' ').map((keyword) => [keyword, rule]);
}

export function* ruleProblems(
  subject: JsonObject,
  path: readonly PropertyKey[],
): Generator<Violation> {
  for (const [keyword, value] of Object.entries(subject)) {
    const rule = RULES.get(keyword);
    if (rule === undefined || rule.holds(value)) continue;
    const pointer = jsonPointer([...path, keyword]);
    yield { pointer, code: 'schema', message: rule.sentence };
  }
}

function isSchema(value: Json): boolean {
  return typeof value === 'boolean' || isJsonObject(value);
}

function isNameList(value: Json): value is readonly string[] {
  if (!Array.isArray(value)) return false;
  return value.every((name) => typeof name === 'string') && new Set(value).size === value.length;
}
