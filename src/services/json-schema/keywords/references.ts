import { isSchemaNode, type SchemaNode } from 'json-schema-library';

import { spendStep, type Keyword } from './keyword.ts';

type Resolve = SchemaNode['resolveRef'];

/** The schemas that references of one document lead to. */
const targets = new WeakMap<SchemaNode['context'], Map<string, SchemaNode>>();

/**
 * `$ref`, resolved once per document: the library compiles the target anew for each value that is checked.
 * A `$dynamicRef` depends on the way that led to it and is resolved each time.
 */
export function reference(keyword: Keyword): Keyword {
  return {
    ...keyword,
    parse(node) {
      const problem = keyword.parse?.(node);
      if (node.$ref !== undefined && node.schema['$dynamicRef'] === undefined) {
        node.resolveRef = resolveOnce(node, node.$ref, node.resolveRef);
      }
      return problem;
    },
  };
}

function resolveOnce(node: SchemaNode, uri: string, resolve: Resolve): Resolve {
  return (options) => {
    spendStep(node);
    // The library registers another schema under the empty name of a document that has no `$id`.
    if (uri === '') return node.context.rootNode;
    const known = targets.get(node.context) ?? new Map<string, SchemaNode>();
    targets.set(node.context, known);
    const target = known.get(uri) ?? resolve.call(node, options);
    if (isSchemaNode(target)) known.set(uri, target);
    return target;
  };
}

/** In draft-07 nothing beside a `$ref` counts; the library would still ask `if`. */
export function conditionBesideNoReference(keyword: Keyword): Keyword {
  return {
    ...keyword,
    addValidate: ({ schema, if: condition }) =>
      condition !== undefined && schema['$ref'] === undefined,
  };
}
