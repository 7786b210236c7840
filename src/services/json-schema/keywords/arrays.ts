import type { SchemaNode } from 'json-schema-library';

import {
  broken,
  errorsOf,
  pointerTo,
  recheck,
  satisfies,
  type Answer,
  type Keyword,
  type Question,
} from './keyword.ts';

/** `contains` of 2020-12, which `minContains` and `maxContains` bound, also where its schema is a boolean. */
export function contains(keyword: Keyword): Keyword {
  return recheck(keyword, hasContains, (question) => {
    const { minContains, maxContains }: Record<string, unknown> = question.node.schema;
    const least = typeof minContains === 'number' ? minContains : 1;
    const most = typeof maxContains === 'number' ? maxContains : Infinity;
    return checkContains(question, least, most);
  });
}

/** `contains` of draft-07, which has no bounds: one item is enough. */
export function containsOne(keyword: Keyword): Keyword {
  return recheck(keyword, hasContains, (question) => checkContains(question, 1, Infinity));
}

function hasContains(node: SchemaNode): boolean {
  return node.contains !== undefined;
}

function checkContains(question: Question, least: number, most: number): Answer {
  const { node, data, pointer, path } = question;
  if (!Array.isArray(data)) return [];
  const fits = (item: unknown, index: number): boolean =>
    satisfies(node.contains, item, { pointer: pointerTo(pointer, index), path });
  const count = data.filter(fits).length;
  if (count < least) return [broken(question, 'contains-min-error', pointer, { least, count })];
  return count > most ? [broken(question, 'contains-max-error', pointer, { most, count })] : [];
}

/** `items` of 2020-12: every item after those of `prefixItems`. */
export function items(keyword: Keyword): Keyword {
  return recheck(
    keyword,
    ({ schema }) => schema['items'] !== undefined,
    (question) => {
      const { schema } = question.node;
      const first = Array.isArray(schema['prefixItems']) ? schema['prefixItems'].length : 0;
      return checkRest(question, first, schema['items'] === false);
    },
  );
}

/** `items` of draft-07: one schema for every item, or a list that goes by position. */
export function itemsOrTuple(keyword: Keyword): Keyword {
  return recheck(
    keyword,
    ({ schema }) => schema['items'] !== undefined,
    (question) => {
      const { schema } = question.node;
      if (!Array.isArray(schema['items'])) return checkRest(question, 0, schema['items'] === false);
      return checkPrefix(question);
    },
  );
}

export function prefixItems(keyword: Keyword): Keyword {
  return recheck(keyword, ({ schema }) => Array.isArray(schema['prefixItems']), checkPrefix);
}

/** `additionalItems` of draft-07: what follows a list of schemas. */
export function additionalItems(keyword: Keyword): Keyword {
  return recheck(
    keyword,
    ({ schema }) => schema['additionalItems'] !== undefined && Array.isArray(schema['items']),
    (question) => {
      const { schema } = question.node;
      const first = Array.isArray(schema['items']) ? schema['items'].length : 0;
      return checkRest(question, first, schema['additionalItems'] === false);
    },
  );
}

function checkPrefix({ node, data, pointer, path }: Question): Answer {
  if (!Array.isArray(data)) return [];
  const schemas: readonly SchemaNode[] = node.prefixItems;
  return schemas
    .slice(0, data.length)
    .flatMap((schema, index) =>
      errorsOf(schema, data[index], { pointer: pointerTo(pointer, index), path }),
    );
}

/** The items from index `first` on, which the schema `false` forbids. */
function checkRest(question: Question, first: number, forbidden: boolean): Answer {
  const { node, data, pointer, path } = question;
  if (!Array.isArray(data)) return [];
  const schema: SchemaNode | undefined = node.items;
  const errors: Answer = [];
  for (let index = first; index < data.length; index += 1) {
    const at = pointerTo(pointer, index);
    if (forbidden) errors.push(broken(question, 'additional-items-error', at));
    else if (schema !== undefined)
      errors.push(...errorsOf(schema, data[index], { pointer: at, path }));
  }
  return errors;
}
