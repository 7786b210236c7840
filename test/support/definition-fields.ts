import { isJsonObject, type Json, type JsonObject } from '../../src/domain/json.ts';

/** A field of a definition, as the published schema describes it. */
export type DefinitionField = {
  /** Where it stands: `steps[].timeouts.attempt`, `routes.*.targets`. */
  readonly path: string;
  readonly schema: JsonObject;
};

/** Every field of a definition that has a name of its own, once. */
export function definitionFields(schema: JsonObject): DefinitionField[] {
  const all = fieldsBelow(schema, '');
  return [...new Map(all.map((field) => [field.path, field])).values()];
}

/** A route inside a step, or inside another one, is a route like any other. */
const ROUTES = ['steps[].route', 'routes.*.targets[].route'];

function fieldsBelow(schema: JsonObject, path: string): DefinitionField[] {
  const own = objectOf(schema['properties']);
  const named = Object.entries(own).flatMap(([name, inner]) => {
    const at = path === '' ? name : `${path}.${name}`;
    if (!isJsonObject(inner) || name === '$schema') return [];
    const below = ROUTES.includes(at) ? [] : fieldsBelow(inner, at);
    return [{ path: at, schema: inner }, ...below];
  });
  const { items, additionalProperties, anyOf } = schema;
  return [
    ...named,
    ...(isJsonObject(items) ? fieldsBelow(items, `${path}[]`) : []),
    ...(isJsonObject(additionalProperties) ? fieldsBelow(additionalProperties, `${path}.*`) : []),
    ...(Array.isArray(anyOf) ? anyOf.flatMap((one) => fieldsBelow(objectOf(one), path)) : []),
  ];
}

/** The row that a reference has to have for a field. */
export function fieldRow({ path, schema }: DefinitionField): string {
  const { description, default: absent } = schema;
  const cells = [
    code(path),
    typeOf(schema),
    absent === undefined ? '' : code(typeof absent === 'string' ? absent : JSON.stringify(absent)),
    boundsOf(schema),
    typeof description === 'string' ? description : '',
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}

function objectOf(value: Json | undefined): JsonObject {
  return value !== undefined && isJsonObject(value) ? value : {};
}

function typeOf(schema: JsonObject): string {
  const { type, enum: names, anyOf, pattern, items } = schema;
  if (Array.isArray(anyOf)) return anyOf.map((one) => typeOf(objectOf(one))).join(' or ');
  if (Array.isArray(names)) return names.map((name) => code(String(name))).join(', ');
  if (type === 'array') return `list of ${itemsOf(objectOf(items))}`;
  if (typeof pattern === 'string' && pattern.includes('(ms|s|m|h|d)')) return 'duration';
  if (typeof pattern === 'string' && pattern.includes('\\{\\{')) return 'expression';
  return typeof type === 'string' ? type : 'any JSON';
}

function itemsOf({ type, enum: names }: JsonObject): string {
  if (Array.isArray(names)) return 'failure classes';
  return type === 'string' ? 'strings' : 'objects';
}

const MAX_SAFE = Number.MAX_SAFE_INTEGER;

function boundsOf(schema: JsonObject): string {
  const { anyOf, pattern, $comment: range } = schema;
  if (typeof range === 'string') return range.replace(' and ', ' to ');
  if (Array.isArray(anyOf)) return '';
  const isName = typeof pattern === 'string' && pattern.startsWith('^[a-z]');
  return [
    between(schema['minimum'], schema['maximum'], ''),
    between(schema['minLength'], schema['maxLength'], ' characters'),
    between(schema['minItems'], schema['maxItems'], ' entries'),
    isName ? code(pattern) : '',
  ]
    .filter((text) => text !== '')
    .join('; ');
}

function between(min: Json | undefined, max: Json | undefined, unit: string): string {
  if (typeof max !== 'number' || max === MAX_SAFE) return '';
  const most = max.toLocaleString('en');
  return typeof min === 'number' ? `${min} to ${most}${unit}` : `at most ${most}${unit}`;
}
