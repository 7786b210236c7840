import { isJsonObject, type Json, type JsonObject } from '../../../src/domain/json.ts';
import type { Fault, Reply, Rule } from './types.ts';

/** A script that says something the simulator does not understand. */
export class ScriptInvalid extends Error {
  override readonly name = 'ScriptInvalid';
}

type Reader = (value: Json, field: string) => unknown;

const defaults = { slowChunks: 4, piecesBeforeError: 2, refusal: "I can't help with that." };

const modifiers = ['latency_ms', 'slow_body'] as const;
const kinds = [
  'status',
  'drop',
  'malformed',
  'not_json',
  'wrong_schema',
  'error_in_200',
  'stream_error',
  'truncate',
  'refusal',
  'fails_later',
  'hang',
] as const;

const faultReaders: Readonly<Record<keyof Fault, Reader>> = {
  latency_ms: readAmount,
  slow_body: readSlowBody,
  status: readStatus,
  drop: oneOf('before_headers', 'mid_body', 'after_request'),
  malformed: (value, field) =>
    value === true ? 'truncated' : oneOf('truncated', 'invalid')(value, field),
  not_json: readTrue,
  wrong_schema: readTrue,
  error_in_200: readTrue,
  stream_error: (value, field) =>
    value === true ? defaults.piecesBeforeError : readAmount(value, field),
  truncate: readTrue,
  refusal: (value, field) => (value === true ? defaults.refusal : readText(value, field)),
  fails_later: readTrue,
  hang: (value, field) => (value === true ? true : oneOf('after_request')(value, field)),
  retry_after: readTextOrNumber,
  retry_after_date_s: readAmount,
  retry_after_ms: readAmount,
  code: readTextOrNumber,
  type: readText,
  message: readText,
  body: (value) => value,
};

const replyReaders: Readonly<Record<keyof Reply, Reader>> = {
  text: readText,
  json: (value) => value,
  tool_calls: readToolCalls,
  polls: readAmount,
  callback_ms: readAmount,
  usage: readObject,
};

const matchReaders: Readonly<Record<keyof Rule['match'], Reader>> = {
  path: readText,
  model: readText,
  contains: readText,
};

const ruleReaders: Readonly<Record<keyof Rule, Reader>> = {
  match: (value, field) => readFields(value, field, matchReaders),
  times: readAmount,
  after: readAmount,
  probability: readAmount,
  seed: readAmount,
  fault: (value) => parseFault(value),
  reply: (value) => parseReply(value),
};

/** Reads `{ rules: [...] }` or a bare list of rules. */
export function parseRules(value: Json | undefined): readonly Rule[] {
  const list = value !== undefined && isJsonObject(value) ? value['rules'] : value;
  if (!Array.isArray(list)) throw new ScriptInvalid('expected a list of rules');
  return list.map((rule: Json) => parseRule(rule));
}

/** Reads one fault; its parts are checked, so that a misspelt script never passes for a quiet one. */
function parseFault(value: Json): Fault {
  const fault = readFields<Fault>(value, 'fault', faultReaders);
  const present = kinds.filter((kind) => fault[kind] !== undefined);
  if (present.length > 1) {
    throw new ScriptInvalid(`a fault has one kind, not ${present.join(' and ')}`);
  }
  return fault;
}

/** The name under which a fault stands in the journal. */
export function faultName(fault: Fault): string | null {
  return [...kinds, ...modifiers].find((kind) => fault[kind] !== undefined) ?? null;
}

/** Reads the content of the per-request header: the fields of a fault, and `reply` if wanted. */
export function parseScripted(text: string): { fault: Fault; reply?: Reply } {
  const value = parseJson(text);
  if (!isJsonObject(value)) throw new ScriptInvalid('expected a JSON object');
  const { reply, ...fault } = value;
  const parsed = { fault: parseFault(fault) };
  return reply === undefined ? parsed : { ...parsed, reply: parseReply(reply) };
}

function parseRule(value: Json): Rule {
  const rule = readFields<Partial<Rule>>(value, 'rule', ruleReaders);
  if (rule.fault === undefined && rule.reply === undefined) {
    throw new ScriptInvalid('a rule needs a `fault` or a `reply`');
  }
  return { match: {}, after: 0, probability: 1, fault: {}, ...rule };
}

function parseReply(value: Json): Reply {
  return readFields<Reply>(value, 'reply', replyReaders);
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new ScriptInvalid('not JSON');
  }
}

/** Every field goes through its reader, which throws on what it does not know: that makes the cast true. */
function readFields<T>(value: Json, name: string, readers: Record<keyof T, Reader>): T {
  const known = new Map(Object.entries<Reader>(readers));
  const result: Record<string, unknown> = {};
  for (const [field, content] of Object.entries(readObject(value, name))) {
    const reader = known.get(field);
    if (reader === undefined) {
      const names = [...known.keys()].join(', ');
      throw new ScriptInvalid(`${name}.${field} is not known; there are ${names}`);
    }
    result[field] = reader(content, `${name}.${field}`);
  }
  return result as T;
}

function readObject(value: Json, field: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw new ScriptInvalid(`${field} must be an object`);
}

function readToolCalls(value: Json, field: string): Reply['tool_calls'] {
  if (!Array.isArray(value)) throw new ScriptInvalid(`${field} must be a list`);
  return value.map((item: Json, at) =>
    readFields<{ name: string; arguments: Json }>(item, `${field}[${at}]`, {
      name: readText,
      arguments: (given) => given,
    }),
  );
}

function readAmount(value: Json, field: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new ScriptInvalid(`${field} must be a number that is not negative`);
}

function readStatus(value: Json, field: string): number {
  if (Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 599) return Number(value);
  throw new ScriptInvalid(`${field} must be an HTTP status between 200 and 599`);
}

function readText(value: Json, field: string): string {
  if (typeof value === 'string') return value;
  throw new ScriptInvalid(`${field} must be a text`);
}

function readTextOrNumber(value: Json, field: string): string | number {
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw new ScriptInvalid(`${field} must be a text or a number`);
}

function readTrue(value: Json, field: string): true {
  if (value === true) return true;
  throw new ScriptInvalid(`${field} can only be true`);
}

function readSlowBody(value: Json, field: string): Fault['slow_body'] {
  if (typeof value === 'number') {
    return { delay_ms: readAmount(value, field), chunks: defaults.slowChunks };
  }
  const read = readFields<{ delay_ms?: number; chunks?: number }>(value, field, {
    delay_ms: readAmount,
    chunks: readAmount,
  });
  return { delay_ms: read.delay_ms ?? 0, chunks: read.chunks ?? defaults.slowChunks };
}

function oneOf(...allowed: readonly string[]): Reader {
  return (value, field) => {
    if (typeof value === 'string' && allowed.includes(value)) return value;
    throw new ScriptInvalid(`${field} must be one of ${allowed.join(', ')}`);
  };
}
