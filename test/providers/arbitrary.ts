/** Replies and other evidence of every kind, for tests of what an adapter makes of them. */
import * as fc from 'fast-check';

import { isJsonObject, type Json } from '../../src/domain/json.ts';
import type { ErrorEvidence, WireReply } from '../../src/providers/port.ts';

type Exchanges = readonly { readonly reply: WireReply }[];

const statuses = [200, 200, 200, 201, 202, 302, 400, 401, 402, 403, 404, 408, 409, 413, 422, 429];

/** A reply with any status; secrets may turn up anywhere in it. */
export function anyReply(
  exchanges: Exchanges,
  secrets: readonly string[],
): fc.Arbitrary<WireReply> {
  return fc
    .tuple(fc.constantFrom(...statuses), anyBody(exchanges, secrets), anyHeaders(secrets))
    .map(([status, body, headers]) => ({ status, body, headers }));
}

/** Anything at all, errors as they are usually written, and successes with one part gone or replaced. */
function anyBody(exchanges: Exchanges, secrets: readonly string[]): fc.Arbitrary<Json> {
  const words = fc.oneof(fc.string(), fc.constantFrom(...secrets, ''));
  const leaf = fc.oneof(words, fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
  const anything = fc.oneof(fc.jsonValue({ maxDepth: 4 }).map(plain), leaf.map(plain));
  const fields = fc.record(
    { message: words, code: leaf, type: leaf, param: leaf, status: leaf, details: anything },
    { requiredKeys: [] },
  );
  const error = fc.oneof(
    fields.map((said) => ({ error: said })),
    words.map((said) => ({ error: said })),
    words.map((said) => ({ detail: said, message: said })),
    words.map((said) => ({ err_code: said, err_msg: said, category: said })),
    fields.map((said) => ({ ...said, object: 'error', type: 'error' })),
  );
  const mutated = fc
    .tuple(fc.constantFrom(...exchanges), fc.nat(), anything, fc.boolean())
    .map(([{ reply }, at, value, gone]) => mutate(reply.body, at, gone ? undefined : value));
  return fc.oneof(anything, error.map(plain), mutated);
}

function anyHeaders(secrets: readonly string[]): fc.Arbitrary<WireReply['headers']> {
  const value = fc.oneof(fc.string(), fc.constantFrom('1', '0.5', '-1', ...secrets));
  const names = ['retry-after', 'retry-after-ms', 'date', 'x-request-id', 'request-id'];
  return fc.dictionary(fc.constantFrom(...names), value);
}

export function anyEvidence(
  exchanges: Exchanges,
  secrets: readonly string[],
): fc.Arbitrary<ErrorEvidence> {
  const message = fc.oneof(fc.string(), fc.constantFrom('Network connection lost.', ...secrets));
  return fc.oneof(
    anyReply(exchanges, secrets).map((reply): ErrorEvidence => ({ kind: 'reply', reply })),
    fc
      .tuple(fc.constantFrom('Error', 'TypeError', 'MediaGone'), message, fc.boolean())
      .map(([name, text, sent]): ErrorEvidence => ({
        kind: 'exception',
        name,
        message: text,
        sent,
      })),
    fc
      .constantFrom<'deadline' | 'cancel'>('deadline', 'cancel')
      .map((by): ErrorEvidence => ({ kind: 'aborted', by })),
  );
}

/** The document with its part number `at` (counted from the root, modulo the parts there are) gone or replaced. */
function mutate(document: Json, at: number, value: Json | undefined): Json {
  const count = partsOf(document);
  let left = at % count;
  const visit = (part: Json): Json | undefined => {
    if (left === 0) {
      left = -1;
      return value;
    }
    left -= left > 0 ? 1 : 0;
    if (Array.isArray(part)) {
      return part.flatMap((item: Json) => {
        const kept = visit(item);
        return kept === undefined ? [] : [kept];
      });
    }
    if (!isJsonObject(part)) return part;
    const entries = Object.entries(part).map(([name, item]) => [name, visit(item)] as const);
    return plain(Object.fromEntries(entries));
  };
  return visit(document) ?? null;
}

function partsOf(part: Json): number {
  if (typeof part !== 'object' || part === null) return 1;
  return 1 + Object.values(part).reduce((sum: number, item: Json) => sum + partsOf(item), 0);
}

/** As it comes out of a JSON parser. */
function plain(value: unknown): Json {
  return JSON.parse(JSON.stringify(value ?? null)) as Json;
}
