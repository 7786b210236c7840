import { isSchemaNode, type SchemaNode } from 'json-schema-library';

import { spendStep, type Keyword } from './keyword.ts';

type Resolve = SchemaNode['resolveRef'];

/** The schemas that references of one document lead to. */
const targets = new WeakMap<SchemaNode['context'], Map<string, SchemaNode>>();

/**
 * `$ref`, resolved once per document: the library compiles the target anew for each value that is checked.
 * A `$dynamicRef` depends on the way that led to it only where several schemas share its name.
 */
export function reference(keyword: Keyword): Keyword {
  return {
    ...keyword,
    parse(node) {
      const problem = keyword.parse?.(node);
      const dynamic: unknown = node.schema['$dynamicRef'];
      if (typeof dynamic === 'string') {
        node.resolveRef = resolveByName(node, dynamic, node.resolveRef);
      } else if (node.$ref !== undefined) {
        node.resolveRef = resolveOnce(node, node.$ref, node.resolveRef);
      }
      return problem;
    },
  };
}

/** The library would take the first schema on the way that has any `$dynamicAnchor`, whatever its name. */
function resolveByName(node: SchemaNode, dynamic: string, resolve: Resolve): Resolve {
  return (options) => {
    spendStep(node);
    const [only, ...others] = Object.entries(node.context.dynamicAnchors)
      .filter(([uri]) => uri.endsWith(dynamic))
      .map(([, schema]) => schema);
    return only !== undefined && others.length === 0 ? only : resolve.call(node, options);
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
