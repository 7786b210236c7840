import type { SchemaNode } from 'json-schema-library';

import { compilePattern } from '../linear-patterns.ts';
import { broken, recheck, type Answer, type Keyword, type Question } from './keyword.ts';

/** `pattern` on RE2. The library's own parsing would compile it with the JavaScript engine first. */
export function pattern(keyword: Keyword): Keyword {
  return {
    ...keyword,
    parse(node) {
      const text: unknown = node.schema['pattern'];
      if (typeof text === 'string') Reflect.set(node, 'pattern', compilePattern(text));
    },
  };
}

/** The names of `patternProperties` on RE2. */
export function namePatterns(keyword: Keyword): Keyword {
  return {
    ...keyword,
    parse(node) {
      const schemas: unknown = node.schema['patternProperties'];
      if (typeof schemas !== 'object' || schemas === null) return [];
      const compiled = Object.entries(schemas).map(([name, schema]) => {
        const at = `patternProperties/${name}`;
        const inner: SchemaNode = node.compileSchema(
          schema,
          `${node.evaluationPath}/${at}`,
          `${node.schemaLocation}/${at}`,
        );
        return { name, pattern: compilePattern(name), node: inner };
      });
      Reflect.set(node, 'patternProperties', compiled);
      return compiled.flatMap(({ node: inner }) => inner.schemaValidation ?? []);
    },
  };
}

/** Formats whose grammar has the empty text, which the library lets pass for every format. */
const MAY_BE_EMPTY: ReadonlySet<string> = new Set(['json-pointer', 'regex']);

/** `format` says something about texts only; a format that is not known says nothing. */
export function format(keyword: Keyword): Keyword {
  return recheck(keyword, ({ schema }) => typeof schema['format'] === 'string', checkFormat);
}

function checkFormat(question: Question): Answer {
  const { node, data, pointer } = question;
  const name: unknown = node.schema['format'];
  const { formats } = node.context;
  if (typeof data !== 'string' || typeof name !== 'string' || !Object.hasOwn(formats, name)) {
    return [];
  }
  const isWrong = data === '' ? !MAY_BE_EMPTY.has(name) : formats[name]?.(question) !== undefined;
  return isWrong ? [broken(question, 'format-error', pointer, { format: name })] : [];
}
