/** Reads a builtin reply back into the neutral result, or into a failure. */
import type { Failure, FailureClass, FailurePhase, Violation } from '../../domain/job/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import type {
  ModelCall,
  ModelResult,
  ModerateResult,
  SummarizeResult,
} from '../../domain/model/model-call.ts';
import type { CallOutcome, ErrorEvidence, WireReply } from '../port.ts';
import { isBuiltinKind } from './models.ts';

export function normalizeOutput(reply: WireReply, call: ModelCall): CallOutcome {
  if (reply.status !== 200) {
    return { kind: 'failed', failure: classifyError({ kind: 'reply', reply }) };
  }
  const body = isJsonObject(reply.body) ? reply.body : {};
  const result = readResult(body['result'], call.kind);
  if (result === null) return { kind: 'failed', failure: malformed() };
  const rawUsage = body['usage'] ?? null;
  const characters = isJsonObject(rawUsage) ? rawUsage['characters'] : undefined;
  const model = body['model'];
  return {
    kind: 'done',
    reply: {
      result,
      usage: typeof characters === 'number' ? { characters } : {},
      rawUsage,
      returnedModel: typeof model === 'string' ? model : call.model,
      providerRequestId: null,
    },
  };
}

export function classifyError(evidence: ErrorEvidence): Failure {
  switch (evidence.kind) {
    case 'reply':
      return failureFromReply(evidence.reply);
    case 'aborted':
      return evidence.by === 'deadline'
        ? failure('timeout', 'not_sent', 'The deadline had passed before the builtin model ran.')
        : failure('cancelled', 'not_sent', 'The call was cancelled before the builtin model ran.');
    case 'exception':
      return {
        ...failure(
          'internal',
          'not_sent',
          'The builtin model threw an error, which is a bug in it.',
        ),
        code: evidence.name,
        detail: evidence.message,
      };
  }
}

const CLASS_OF_CODE: ReadonlyMap<string, FailureClass> = new Map([
  ['unknown_model', 'not_found_model'],
  ['wrong_kind', 'invalid_request'],
  ['invalid_request', 'invalid_request'],
  ['too_long', 'context_length'],
]);

function failureFromReply(reply: WireReply): Failure {
  const body = isJsonObject(reply.body) ? reply.body : {};
  const error = isJsonObject(body['error']) ? body['error'] : {};
  const { code, message } = error;
  const known = typeof code === 'string' ? CLASS_OF_CODE.get(code) : undefined;
  if (known === undefined || typeof code !== 'string') return malformed();
  const text = typeof message === 'string' ? message : 'The builtin model refused the call.';
  const violations = readViolations(error);
  return {
    ...failure(known, 'rejected', text),
    code,
    status: reply.status,
    ...(violations.length > 0 && { violations }),
  };
}

function malformed(): Failure {
  return failure('provider_internal', 'finished', 'The builtin reply has not the expected shape.');
}

function failure(failureClass: FailureClass, phase: FailurePhase, message: string): Failure {
  return { class: failureClass, phase, message };
}

function readViolations(error: JsonObject): Violation[] {
  const list = error['violations'];
  if (!isList(list)) return [];
  return list.flatMap((item) => {
    if (!isJsonObject(item)) return [];
    const { pointer, message, code } = item;
    if (typeof pointer !== 'string' || typeof message !== 'string' || typeof code !== 'string') {
      return [];
    }
    return [{ pointer, message, code }];
  });
}

function readResult(result: Json | undefined, kind: ModelCall['kind']): ModelResult | null {
  if (!isJsonObject(result) || result['kind'] !== kind || !isBuiltinKind(kind)) return null;
  switch (kind) {
    case 'embed':
      return mapped(readAll(result['vectors'], readVector), (vectors) => ({ kind, vectors }));
    case 'classify':
      return mapped(readAll(result['labels'], readLabel), (labels) => ({ kind, labels }));
    case 'rerank':
      return mapped(readAll(result['results'], readRank), (results) => ({ kind, results }));
    case 'summarize':
      return readSummary(result);
    case 'moderate':
      return mapped(readAll(result['categories'], readCategory), (categories) => ({
        kind,
        flagged: result['flagged'] === true,
        categories,
      }));
  }
}

function mapped<From, To>(value: From | null, map: (value: From) => To): To | null {
  return value === null ? null : map(value);
}

function readSummary(result: JsonObject): SummarizeResult | null {
  const sentences = readAll(result['sentences'], readSentence);
  const { summary } = result;
  if (sentences === null || typeof summary !== 'string') return null;
  return { kind: 'summarize', summary, sentences };
}

function readSentence(item: Json): SummarizeResult['sentences'][number] | null {
  if (!isJsonObject(item)) return null;
  const { text, start, end, score } = item;
  if (typeof text !== 'string' || typeof score !== 'number') return null;
  if (typeof start !== 'number' || typeof end !== 'number') return null;
  return { text, start, end, score };
}

function readLabel(item: Json): { label: string; score: number } | null {
  if (!isJsonObject(item)) return null;
  const { label, score } = item;
  return typeof label === 'string' && typeof score === 'number' ? { label, score } : null;
}

function readCategory(item: Json): ModerateResult['categories'][number] | null {
  if (!isJsonObject(item)) return null;
  const { category, flagged, score } = item;
  if (typeof category !== 'string' || typeof flagged !== 'boolean') return null;
  return { category, flagged, score: typeof score === 'number' ? score : null };
}

function readRank(item: Json): { index: number; score: number } | null {
  if (!isJsonObject(item)) return null;
  const { index, score } = item;
  return typeof index === 'number' && typeof score === 'number' ? { index, score } : null;
}

function readVector(item: Json): number[] | null {
  return readAll(item, (value) => (typeof value === 'number' ? value : null));
}

/** All items of a list, or null when it is no list or one of them cannot be read. */
function readAll<Item>(list: Json | undefined, read: (item: Json) => Item | null): Item[] | null {
  if (!isList(list)) return null;
  const items: Item[] = [];
  for (const entry of list) {
    const item = read(entry);
    if (item === null) return null;
    items.push(item);
  }
  return items;
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
