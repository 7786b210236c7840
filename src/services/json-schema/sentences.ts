/**
 * What a broken rule is called and how it is said. The library's own sentences repeat the offending value,
 * which may be payload; these never do.
 */
export type Sentence = {
  readonly code: string;
  readonly message: string;
  /** The property that the violation is about, when that is not where the library points. */
  readonly key?: string;
};

type Facts = Readonly<Record<string, unknown>>;

const SENTENCES: Readonly<Record<string, (facts: Facts) => Sentence>> = {
  'required-property-error': ({ key }) => ({
    code: 'required',
    message: 'is required and missing',
    key: String(key),
  }),
  'type-error': ({ expected, received }) => ({
    code: 'type',
    message: `must be ${list(expected)}, not ${String(received)}`,
  }),
  'enum-error': ({ values }) => ({
    code: 'enum',
    message: `must be one of ${JSON.stringify(values)}`,
  }),
  'const-error': ({ expected }) => ({
    code: 'const',
    message: `must be ${JSON.stringify(expected)}`,
  }),
  'min-length-error': ({ minLength, length }) => ({
    code: 'min_length',
    message: `must have at least ${String(minLength)} characters and has ${String(length)}`,
  }),
  'min-length-one-error': () => ({ code: 'min_length', message: 'must not be empty' }),
  'max-length-error': ({ maxLength, length }) => ({
    code: 'max_length',
    message: `must have at most ${String(maxLength)} characters and has ${String(length)}`,
  }),
  'minimum-error': ({ minimum }) => ({
    code: 'minimum',
    message: `must be at least ${String(minimum)}`,
  }),
  'maximum-error': ({ maximum }) => ({
    code: 'maximum',
    message: `must be at most ${String(maximum)}`,
  }),
  'exclusive-minimum-error': ({ minimum }) => ({
    code: 'exclusive_minimum',
    message: `must be greater than ${String(minimum)}`,
  }),
  'exclusive-maximum-error': ({ maximum }) => ({
    code: 'exclusive_maximum',
    message: `must be less than ${String(maximum)}`,
  }),
  'multiple-of-error': ({ multipleOf }) => ({
    code: 'multiple_of',
    message: `must be a multiple of ${String(multipleOf)}`,
  }),
  'min-items-error': ({ minItems, length }) => ({
    code: 'min_items',
    message: `must have at least ${String(minItems)} items and has ${String(length)}`,
  }),
  'min-items-one-error': () => ({ code: 'min_items', message: 'must have at least one item' }),
  'max-items-error': ({ maximum, length }) => ({
    code: 'max_items',
    message: `must have at most ${String(maximum)} items and has ${String(length)}`,
  }),
  'unique-items-error': () => ({
    code: 'unique_items',
    message: 'must not repeat an earlier item',
  }),
  'pattern-error': ({ pattern }) => ({
    code: 'pattern',
    message: `must match the pattern ${String(pattern)}`,
  }),
  'no-additional-properties-error': () => ({
    code: 'additional_property',
    message: 'is not allowed here; remove it or correct its spelling',
  }),
  'unevaluated-property-error': () => ({
    code: 'additional_property',
    message: 'is not allowed here; remove it or correct its spelling',
  }),
  'additional-items-error': () => ({
    code: 'additional_item',
    message: 'is not allowed here; the array ends before it',
  }),
  'unevaluated-items-error': () => ({
    code: 'additional_item',
    message: 'is not allowed here; no rule of the schema speaks of it',
  }),
  'min-properties-error': ({ minProperties, length }) => ({
    code: 'min_properties',
    message: `must have at least ${String(minProperties)} properties and has ${String(length)}`,
  }),
  'max-properties-error': ({ maxProperties, length }) => ({
    code: 'max_properties',
    message: `must have at most ${String(maxProperties)} properties and has ${String(length)}`,
  }),
  'contains-min-error': ({ least, count }) => ({
    code: 'contains_min',
    message: `must have at least ${String(least)} items that satisfy \`contains\` and has ${String(count)}`,
  }),
  'contains-max-error': ({ most, count }) => ({
    code: 'contains_max',
    message: `must have at most ${String(most)} items that satisfy \`contains\` and has ${String(count)}`,
  }),
  'missing-dependency-error': ({ key, with: other }) => ({
    code: 'dependent_required',
    message: `is required beside ${JSON.stringify(other)} and missing`,
    key: String(key),
  }),
  'invalid-property-name-error': () => ({
    code: 'property_name',
    message: 'has a name that the schema under `propertyNames` does not allow',
  }),
  'invalid-data-error': () => ({
    code: 'false_schema',
    message: 'is not allowed here: its schema is `false`, which no value satisfies',
  }),
  'format-error': ({ format }) => ({
    code: 'format',
    message: `must be in the format ${String(format)}`,
  }),
  'any-of-error': () => ({
    code: 'any_of',
    message: 'must satisfy at least one of the alternatives',
  }),
  'one-of-error': () => ({
    code: 'one_of',
    message: 'must satisfy exactly one of the alternatives',
  }),
  'multiple-one-of-error': () => ({
    code: 'one_of',
    message: 'must satisfy exactly one of the alternatives and satisfies several',
  }),
  'not-error': () => ({ code: 'not', message: 'must not satisfy the schema under `not`' }),
  'ref-error': () => ({
    code: 'schema_reference',
    message: 'its schema has a $ref that leads nowhere',
  }),
};

/** The sentence for one of the library's error codes. */
export function sentenceOf(code: string, facts: Facts): Sentence {
  const known = SENTENCES[code];
  if (known !== undefined) return known(facts);
  const rule = code.replace(/-error$/, '').replaceAll('-', '_');
  return { code: rule, message: `does not satisfy the rule ${rule} of its schema` };
}

function list(expected: unknown): string {
  return Array.isArray(expected) ? expected.map(String).join(' or ') : String(expected);
}
