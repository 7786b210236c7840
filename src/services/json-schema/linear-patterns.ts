import { RE2JS } from '@bufbuild/re2';
import { draft07, draft2020, extendDraft, type Draft, type SchemaNode } from 'json-schema-library';

/**
 * The library compiles `pattern` and `patternProperties` with the JavaScript engine, where a pattern such as
 * `(a+)+$` takes exponential time. Schemas come from users, so both keywords are compiled with RE2 instead,
 * which is linear and refuses look-around and back-references.
 */
type Keyword = Draft['keywords'][number];

/** A compiled pattern, as far as the library uses one. */
type Matcher = { test(text: string): boolean };

function linear(draft: Draft): Draft {
  const replaced = draft.keywords.map((keyword) => {
    if (keyword.keyword === 'pattern') return linearKeyword(keyword, setPattern);
    return keyword.keyword === 'patternProperties'
      ? linearKeyword(keyword, setNamePatterns)
      : keyword;
  });
  return extendDraft(draft, { keywords: replaced });
}

function linearKeyword(keyword: Keyword, relink: (node: SchemaNode) => void): Keyword {
  return {
    ...keyword,
    parse(node) {
      const problem = keyword.parse?.(node);
      relink(node);
      return problem;
    },
  };
}

function setPattern(node: SchemaNode): void {
  const pattern: unknown = node.schema['pattern'];
  if (typeof pattern === 'string' && node['pattern'] !== undefined) {
    Reflect.set(node, 'pattern', compilePattern(pattern));
  }
}

function setNamePatterns(node: SchemaNode): void {
  for (const property of node.patternProperties ?? []) {
    Reflect.set(property, 'pattern', compilePattern(property.name));
  }
}

function compilePattern(pattern: string): Matcher {
  const compiled = new RE2JS(pattern);
  return { test: (text) => compiled.test(text) };
}

/** Why RE2 refuses a pattern; null when it takes it. */
export function patternProblem(pattern: string): string | null {
  try {
    compilePattern(pattern);
    return null;
  } catch {
    return 'is not an RE2 pattern: look-around and back-references are not available';
  }
}

/** JSON Schema 2020-12 and draft-07, with patterns that take linear time. */
export const drafts: Draft[] = [linear(draft07), linear(draft2020)];
