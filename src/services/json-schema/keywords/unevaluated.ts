import { isSchemaNode, type SchemaNode } from 'json-schema-library';

import {
  broken,
  errorsOf,
  isPlainObject,
  pointerTo,
  recheck,
  satisfies,
  type Answer,
  type Keyword,
  type Question,
} from './keyword.ts';
import { isNamed } from './objects.ts';

/**
 * `unevaluatedProperties` and `unevaluatedItems` (2020-12 core, section 11) look at what the adjacent keywords
 * and the subschemas that apply to the same value, and hold, have already looked at.
 */
type Place = Pick<Question, 'pointer' | 'path'>;

export function unevaluatedProperties(keyword: Keyword): Keyword {
  return recheck(keyword, has('unevaluatedProperties'), (question) => {
    const { node, data } = question;
    if (!isPlainObject(data)) return [];
    const holding = [...holdingSchemas(node, data, question)];
    const open = (name: string): boolean => !holding.some((schema) => covers(schema, name, node));
    return Object.keys(data)
      .filter(open)
      .flatMap((name) =>
        checkOpen(
          question,
          'unevaluatedProperties',
          name,
          data[name],
          'unevaluated-property-error',
        ),
      );
  });
}

function covers(schema: SchemaNode, name: string, asking: SchemaNode): boolean {
  if (schema.schema['additionalProperties'] !== undefined || isNamed(schema, name)) return true;
  return schema !== asking && schema.schema['unevaluatedProperties'] !== undefined;
}

export function unevaluatedItems(keyword: Keyword): Keyword {
  return recheck(keyword, has('unevaluatedItems'), (question) => {
    const { node, data } = question;
    if (!Array.isArray(data)) return [];
    const holding = [...holdingSchemas(node, data, question)];
    return data.flatMap((item: unknown, index) => {
      const at = { pointer: pointerTo(question.pointer, index), path: question.path };
      if (holding.some((schema) => coversItem(schema, index, item, at, node))) return [];
      return checkOpen(question, 'unevaluatedItems', index, item, 'unevaluated-items-error');
    });
  });
}

function coversItem(
  schema: SchemaNode,
  index: number,
  item: unknown,
  at: Place,
  asking: SchemaNode,
): boolean {
  if (schema.schema['items'] !== undefined) return true;
  if (schema !== asking && schema.schema['unevaluatedItems'] !== undefined) return true;
  if (index < (schema.prefixItems?.length ?? 0)) return true;
  return schema.contains !== undefined && satisfies(schema.contains, item, at);
}

/** The schema itself and every schema that applies to the same value through it, where the value satisfies it. */
function* holdingSchemas(node: SchemaNode, data: unknown, at: Place): Generator<SchemaNode> {
  yield node;
  for (const branch of branchesOf(node, data, at)) {
    if (satisfies(branch, data, at)) yield* holdingSchemas(branch, data, at);
  }
}

function* branchesOf(node: SchemaNode, data: unknown, at: Place): Generator<SchemaNode> {
  const target = node.resolveRef({ ...at, path: [...at.path] });
  if (isSchemaNode(target) && target !== node) yield target;
  yield* [...(node.allOf ?? []), ...(node.anyOf ?? []), ...(node.oneOf ?? [])];
  yield* conditionalBranches(node, data, at);
  if (isPlainObject(data)) yield* dependentBranches(node, data);
}

function* dependentBranches(node: SchemaNode, data: object): Generator<SchemaNode> {
  for (const [name, schema] of Object.entries(node.dependentSchemas ?? {})) {
    if (Object.hasOwn(data, name) && isSchemaNode(schema)) yield schema;
  }
}

function* conditionalBranches(node: SchemaNode, data: unknown, at: Place): Generator<SchemaNode> {
  if (node.if === undefined) return;
  yield node.if;
  const next = satisfies(node.if, data, at) ? node.then : node.else;
  if (next !== undefined) yield next;
}

function checkOpen(
  question: Question,
  keyword: 'unevaluatedProperties' | 'unevaluatedItems',
  key: string | number,
  value: unknown,
  code: string,
): Answer {
  const { node, path } = question;
  const pointer = pointerTo(question.pointer, key);
  if (node.schema[keyword] === false) return [broken(question, code, pointer)];
  const schema: SchemaNode | undefined = node[keyword];
  return schema === undefined ? [] : errorsOf(schema, value, { pointer, path });
}

function has(keyword: string): (node: SchemaNode) => boolean {
  return ({ schema }) => schema[keyword] !== undefined;
}
