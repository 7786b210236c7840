import { isJsonObject, type Json, type JsonObject } from '../../../src/domain/json.ts';
import { wordsOf } from './random.ts';
import { numberAt, objectAt, resolveSchema, textsAt, typeOf } from './schema-shape.ts';

type Maker = {
  readonly root: Json;
  readonly prompt: string;
  readonly words: readonly string[];
  /** Moves on with every word taken, so that neighbouring fields differ. */
  cursor: number;
  /** Moves values apart inside an array that wants unique items. */
  variant: number;
};

/** Beyond this depth only what is required is written, so that a recursive schema ends. */
const depthOfOptional = 5;
const depthMax = 24;

const formats: Readonly<Record<string, string>> = {
  date: '2026-01-15',
  time: '09:30:00Z',
  'date-time': '2026-01-15T09:30:00Z',
  email: 'ada@example.com',
  uri: 'https://example.com/item',
  url: 'https://example.com/item',
  uuid: '00000000-0000-4000-8000-000000000001',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
};

/** JSON that satisfies the schema, with words of the prompt where a text is wanted. Always the same for the same input. */
export function jsonFromSchema(schema: Json, prompt: string): Json {
  const words = wordsOf(prompt);
  const maker: Maker = {
    root: schema,
    prompt,
    words: words.length > 0 ? words : ['example'],
    cursor: 0,
    variant: 0,
  };
  return valueFor(schema, maker, 0);
}

/** JSON that surely breaks the schema, as near to right as is simple; `null` when the schema allows everything. */
export function jsonAgainstSchema(schema: Json, prompt: string): Json | null {
  const shape = resolveSchema(schema, schema);
  const [required] = textsAt(shape, 'required');
  const value = jsonFromSchema(schema, prompt);
  if (required !== undefined && isJsonObject(value)) {
    return Object.fromEntries(Object.entries(value).filter(([key]) => key !== required));
  }
  if (Array.isArray(shape['enum']) || 'const' in shape) return { unexpected: 'wrong shape' };
  if (Object.keys(shape).length === 0) return null;
  return typeOf(shape) === 'string' ? 42.5 : 'wrong shape';
}

function valueFor(schema: Json | undefined, maker: Maker, depth: number): Json {
  const shape = resolveSchema(schema, maker.root);
  if (shape['const'] !== undefined) return shape['const'];
  const choices = shape['enum'];
  if (Array.isArray(choices) && choices.length > 0) return choose(choices, maker);
  const make = makers[typeOf(shape)] ?? textFor;
  return make(shape, maker, depth);
}

const makers: Readonly<Record<string, (shape: JsonObject, maker: Maker, depth: number) => Json>> = {
  object: objectFor,
  array: arrayFor,
  integer: (shape, maker) => numberFor(shape, maker, 1),
  number: (shape, maker) => numberFor(shape, maker, 0),
  boolean: (_shape, maker) => maker.variant % 2 === 0,
  null: () => null,
};

/** The first choice that the prompt mentions, else the first one. */
function choose(choices: readonly Json[], maker: Maker): Json {
  const prompt = maker.prompt.toLowerCase();
  const mentioned = choices.findIndex(
    (choice) => typeof choice === 'string' && prompt.includes(choice.toLowerCase()),
  );
  const index = (Math.max(0, mentioned) + maker.variant) % choices.length;
  return choices[index] ?? null;
}

function objectFor(shape: JsonObject, maker: Maker, depth: number): Json {
  if (depth > depthMax) return {};
  const properties = objectAt(shape, 'properties');
  const required = textsAt(shape, 'required');
  const names = depth < depthOfOptional ? [...Object.keys(properties), ...required] : required;
  const entries = [...new Set(names)].map((name): [string, Json] => [
    name,
    valueFor(properties[name] ?? shape['additionalProperties'], maker, depth + 1),
  ]);
  return Object.fromEntries(entries);
}

function arrayFor(shape: JsonObject, maker: Maker, depth: number): Json {
  const prefix = Array.isArray(shape['prefixItems']) ? (shape['prefixItems'] as Json[]) : [];
  const least = Math.max(numberAt(shape, 'minItems') ?? 0, prefix.length);
  const wanted = depth < depthOfOptional ? Math.max(2, least) : least;
  const count = Math.min(wanted, numberAt(shape, 'maxItems') ?? wanted);
  const outer = maker.variant;
  const items: Json[] = [];
  for (let index = 0; index < count; index += 1) {
    maker.variant = shape['uniqueItems'] === true ? index : outer;
    items.push(valueFor(prefix[index] ?? shape['items'], maker, depth + 1));
  }
  maker.variant = outer;
  return items;
}

function numberFor(shape: JsonObject, maker: Maker, step: number): number {
  const unit = numberAt(shape, 'multipleOf') ?? step;
  const low = lowBound(shape, unit);
  const high = highBound(shape, unit);
  const middle =
    low !== undefined && high !== undefined && unit === 0 ? (low + high) / 2 : undefined;
  const start = middle ?? low ?? Math.min(unit || 1, high ?? Infinity);
  if (unit === 0) return start;
  return Math.ceil(start / unit) * unit + maker.variant * unit;
}

function lowBound(shape: JsonObject, unit: number): number | undefined {
  const exclusive = numberAt(shape, 'exclusiveMinimum');
  return exclusive === undefined ? numberAt(shape, 'minimum') : exclusive + (unit || 0.001);
}

function highBound(shape: JsonObject, unit: number): number | undefined {
  const exclusive = numberAt(shape, 'exclusiveMaximum');
  return exclusive === undefined ? numberAt(shape, 'maximum') : exclusive - (unit || 0.001);
}

function textFor(shape: JsonObject, maker: Maker): string {
  const { format } = shape;
  if (typeof format === 'string' && formats[format] !== undefined) return formats[format];
  const least = numberAt(shape, 'minLength') ?? 1;
  const most = numberAt(shape, 'maxLength') ?? Math.max(least, 48);
  const parts: string[] = [];
  let length = -1;
  while (parts.length < 4 || length < least) {
    const word = maker.words[maker.cursor % maker.words.length] ?? 'example';
    maker.cursor += 1;
    parts.push(word);
    length += Array.from(word).length + 1;
  }
  return trimTo(parts.join(' '), least, most);
}

/** Cuts by code points, which is how JSON Schema counts, and leaves no blank at the end. */
function trimTo(text: string, least: number, most: number): string {
  const cut = Array.from(text).slice(0, most).join('').trimEnd();
  return cut.padEnd(cut.length + Math.max(0, least - Array.from(cut).length), '.');
}
