import {
  broken,
  isPlainObject,
  pointerTo,
  recheck,
  type Answer,
  type Keyword,
  type Question,
} from './keyword.ts';

/**
 * Values are equal as JSON Schema means it: the order of an object's keys does not matter, 1.0 is 1 and -0 is 0.
 * Equal values, and only they, have the same text here, even numbers too large for JSON.
 */
function equalityText(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return `[${value.map(equalityText).join(',')}]`;
  if (!isPlainObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${equalityText(value[key])}`);
  return `{${members.join(',')}}`;
}

export function constant(keyword: Keyword): Keyword {
  return recheck(keyword, ({ schema }) => Object.hasOwn(schema, 'const'), checkConstant);
}

function checkConstant(question: Question): Answer {
  const { node, data, pointer } = question;
  const expected: unknown = node.schema['const'];
  if (equalityText(data) === equalityText(expected)) return [];
  return [broken(question, 'const-error', pointer, { expected })];
}

export function enumeration(keyword: Keyword): Keyword {
  return recheck(keyword, ({ schema }) => Array.isArray(schema['enum']), checkEnumeration);
}

function checkEnumeration(question: Question): Answer {
  const { node, data, pointer } = question;
  const values: readonly unknown[] = node.enum ?? [];
  if (values.includes(data)) return [];
  const text = equalityText(data);
  const isStructure = typeof data === 'object' && data !== null;
  if (isStructure && values.some((value) => equalityText(value) === text)) return [];
  return [broken(question, 'enum-error', pointer, { values })];
}

/** `uniqueItems`, in time that grows with the size of the array and not with its square. */
export function uniqueItems(keyword: Keyword): Keyword {
  return recheck(keyword, ({ schema }) => schema['uniqueItems'] === true, checkUnique);
}

function checkUnique(question: Question): Answer {
  const { data, pointer } = question;
  if (!Array.isArray(data)) return [];
  const seen = new Set<string>();
  const errors: Answer = [];
  for (const [index, item] of data.entries()) {
    const text = equalityText(item);
    if (seen.has(text))
      errors.push(broken(question, 'unique-items-error', pointerTo(pointer, index)));
    seen.add(text);
  }
  return errors;
}
