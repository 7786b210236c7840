import { z } from 'zod';

import { definitionSchema } from '../../domain/definition/definition.ts';
import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import { isModelStepKind, stepKinds, type StepKind } from '../../domain/definition/step-kinds.ts';
import { inputSchemaOf } from './check-step-inputs.ts';

/**
 * The definition as a JSON Schema (2020-12), so that an editor completes and checks a pipeline while it is written.
 * It is made from the schemas that the door enforces. What lies between the parts (references, cycles, whether a
 * provider exists) is found when the definition is saved, or by `validate`.
 */
export function definitionJsonSchema(): JsonObject {
  const { $defs, ...definition } = schemaOf(definitionSchema);
  const properties = objectAt(definition, 'properties');
  const steps = objectAt(properties, 'steps');
  return {
    ...definition,
    title: 'A Penstock pipeline',
    required: namesAt(definition, 'required').filter((name) => name !== 'name'),
    properties: {
      $schema: { type: 'string', description: 'Where this schema lies; for editors, not stored.' },
      ...properties,
      steps: { ...steps, items: stepSchema(objectAt(steps, 'items')) },
    },
    $defs: { ...(isJsonObject($defs) ? $defs : {}), expression: EXPRESSION },
  };
}

/** A string that a run fills in: what it will yield is known then. */
const EXPRESSION: JsonObject = {
  type: 'string',
  pattern: '\\$\\{\\{',
  description: 'A value that the run computes: "${{ … }}"',
};

function schemaOf(schema: z.ZodType): JsonObject {
  const made: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return isJsonObject(made) ? withoutRecursion(made) : {};
}

/** "Any JSON value" is no restriction, and need not be spelt out. */
function withoutRecursion(schema: JsonObject): JsonObject {
  const { $defs: _spelt, ...rest } = schema;
  const plain = replaceReferences(rest);
  return isJsonObject(plain) ? plain : {};
}

function replaceReferences(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(replaceReferences);
  if (!isJsonObject(schema)) return schema;
  const { $ref: _any, ...rest } = schema;
  const entries = Object.entries(rest).map(([key, inner]) => [key, replaceReferences(inner)]);
  return Object.fromEntries(entries);
}

function stepSchema(step: JsonObject): JsonObject {
  return {
    ...step,
    dependentRequired: { max_concurrency: ['for_each'], on_item_failure: ['for_each'] },
    allOf: stepKinds.map((kind) => ({
      if: { properties: { uses: { const: kind } }, required: ['uses'] },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: kindSchema(kind),
    })),
  };
}

/** What a step of one kind takes. */
function kindSchema(kind: StepKind): JsonObject {
  const { $schema: _draft, ...input } = schemaOf(inputSchemaOf(kind));
  const model = isModelStepKind(kind);
  const needsInput = namesAt(input, 'required').length > 0 || input['minProperties'] !== undefined;
  const absent = {
    ...(model ? {} : { route: false }),
    ...(model && kind !== 'model.image' ? {} : { cache: false }),
    ...(kind === 'model.chat' ? {} : { prompt: false, check: { properties: { re_ask: false } } }),
    ...(kind === 'wait' ? { for_each: false, retry: false } : {}),
  };
  return {
    properties: { with: openInside(input), ...absent },
    required: [...(needsInput ? ['with'] : []), ...(model ? ['route'] : [])],
  };
}

/** Where a field of a step's input stands, an expression may stand. */
function open(schema: Json): Json {
  if (!isJsonObject(schema) || takesAnyText(schema)) return schema;
  const { title, description, default: absent, ...rest } = schema;
  const words = Object.entries({ title, description, default: absent }).filter(
    (entry): entry is [string, Json] => entry[1] !== undefined,
  );
  return {
    ...Object.fromEntries(words),
    anyOf: [openInside(rest), { $ref: '#/$defs/expression' }],
  };
}

/** True for schemas that a string with an expression satisfies already. */
function takesAnyText(schema: JsonObject): boolean {
  const rules = Object.keys(schema).filter((key) => !['description', 'default'].includes(key));
  return rules.every((key) => key === 'type' && schema[key] === 'string');
}

function openInside(schema: JsonObject): JsonObject {
  const inside: Record<string, Json> = { ...schema };
  for (const key of ['items', 'additionalProperties'] as const) {
    if (inside[key] !== undefined) inside[key] = open(inside[key]);
  }
  // Where a value is an expression, several alternatives may fit at once.
  const alternatives = schema['oneOf'] ?? schema['anyOf'];
  if (Array.isArray(alternatives)) {
    delete inside['oneOf'];
    inside['anyOf'] = alternatives.map((one) => (isJsonObject(one) ? openInside(one) : one));
  }
  const { properties, prefixItems } = schema;
  if (isJsonObject(properties)) {
    inside['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, inner]) => [name, open(inner)]),
    );
  }
  if (Array.isArray(prefixItems)) inside['prefixItems'] = prefixItems.map(open);
  return inside;
}

function objectAt(schema: JsonObject, key: string): JsonObject {
  const inner = schema[key];
  return isJsonObject(inner) ? inner : {};
}

function namesAt(schema: JsonObject, key: string): string[] {
  const names = schema[key];
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}
