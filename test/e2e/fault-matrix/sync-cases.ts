import type { JsonObject } from '../../../src/domain/json.ts';
import { final, passing, refused, unclear, unclearPaid, type FaultCase } from './case.ts';

type SyncCase = Omit<FaultCase, 'mode'>;

const answerSchema: JsonObject = {
  type: 'object',
  required: ['mood'],
  additionalProperties: false,
  properties: { mood: { enum: ['good', 'bad'] } },
};

const passes: readonly SyncCase[] = [
  {
    name: '429 that asks for 20 ms',
    class: 'rate_limited',
    phase: 'rejected',
    fault: { fault: { status: 429, retry_after_ms: 20 } },
    ...passing,
  },
  {
    name: '429 that asks for more time than there is',
    class: 'rate_limited',
    phase: 'rejected',
    fault: { fault: { status: 429, retry_after: 3_600 } },
    step: { timeouts: { step: '20s' } },
    ...refused,
  },
  {
    name: '529',
    class: 'overloaded',
    phase: 'rejected',
    fault: { fault: { status: 529 } },
    ...passing,
  },
];

const unknowns: readonly SyncCase[] = [
  {
    name: '503',
    class: 'overloaded',
    phase: 'unknown',
    fault: { fault: { status: 503 } },
    ...unclear,
  },
  {
    name: '500',
    class: 'provider_internal',
    phase: 'unknown',
    fault: { fault: { status: 500 } },
    ...unclear,
  },
  {
    name: 'error inside a 200',
    class: 'provider_internal',
    phase: 'unknown',
    fault: { fault: { error_in_200: true } },
    ...unclear,
  },
  {
    name: 'error in the stream, after the first token',
    class: 'provider_internal',
    phase: 'unknown',
    fault: { fault: { stream_error: 2 } },
    ...unclear,
  },
  {
    name: 'page of a proxy instead of JSON',
    class: 'provider_internal',
    phase: 'unknown',
    fault: { fault: { not_json: true } },
    ...unclear,
  },
  {
    name: 'stream cut short',
    class: 'provider_internal',
    phase: 'unknown',
    fault: { fault: { malformed: 'truncated' } },
    ...unclearPaid,
  },
  {
    name: '504',
    class: 'timeout',
    phase: 'unknown',
    fault: { fault: { status: 504 } },
    ...unclear,
  },
  {
    name: 'no answer in the time of the attempt',
    class: 'timeout',
    phase: 'unknown',
    fault: { fault: { hang: true } },
    step: { timeouts: { attempt: '6s' } },
    ...unclear,
  },
  {
    name: 'connection lost before the work',
    class: 'network',
    phase: 'unknown',
    fault: { fault: { drop: 'before_headers' } },
    ...unclear,
  },
  {
    name: 'connection lost after the work',
    class: 'network',
    phase: 'unknown',
    fault: { fault: { drop: 'after_request' } },
    ...unclearPaid,
  },
  {
    name: 'connection lost in the answer',
    class: 'network',
    phase: 'unknown',
    fault: { fault: { drop: 'mid_body' } },
    ...unclearPaid,
  },
  {
    name: 'connection lost after the work, `on_unknown: fail`',
    class: 'network',
    phase: 'unknown',
    fault: { fault: { drop: 'after_request' } },
    step: { on_unknown: 'fail' },
    alone: { decision: 'stop', calls: 1, paid: 1 },
    withNext: { decision: 'stop', calls: 1, paid: 1 },
  },
  {
    name: 'connection lost after the work, `on_unknown: fallback`',
    class: 'network',
    phase: 'unknown',
    fault: { fault: { drop: 'after_request' } },
    step: { on_unknown: 'fallback' },
    alone: { decision: 'stop', calls: 1, paid: 1 },
    withNext: { decision: 'fallback', calls: 1, paid: 1, next: 1, marked: 1 },
  },
];

const refusals: readonly SyncCase[] = [
  {
    name: 'connection refused',
    class: 'network',
    phase: 'unknown',
    provider: 'mistral',
    fault: { fault: {} },
    always: true,
    alone: { decision: 'retry', calls: 0, paid: 0, marked: 1 },
    withNext: { decision: 'fallback', calls: 0, paid: 0, next: 1, marked: 1 },
  },
  { name: '401', class: 'auth', phase: 'rejected', fault: { fault: { status: 401 } }, ...refused },
  {
    name: '403',
    class: 'permission',
    phase: 'rejected',
    fault: { fault: { status: 403 } },
    ...refused,
  },
  {
    name: '429 for an empty account',
    class: 'billing_exhausted',
    phase: 'rejected',
    fault: { fault: { status: 429, code: 'insufficient_quota' } },
    ...refused,
  },
  {
    name: '402',
    class: 'billing_exhausted',
    phase: 'rejected',
    fault: { fault: { status: 402 } },
    ...refused,
  },
  {
    name: '404 of the model',
    class: 'not_found_model',
    phase: 'rejected',
    fault: { fault: { status: 404 } },
    ...refused,
  },
  {
    name: '400 for a parameter',
    class: 'unsupported_parameter',
    phase: 'rejected',
    fault: { fault: { status: 400, code: 'unsupported_parameter' } },
    ...refused,
  },
  {
    name: '400 for the length of the context',
    class: 'context_length',
    phase: 'rejected',
    fault: { fault: { status: 400, code: 'context_length_exceeded' } },
    ...refused,
  },
  {
    name: '413',
    class: 'payload_too_large',
    phase: 'rejected',
    fault: { fault: { status: 413 } },
    ...refused,
  },
  {
    name: '400',
    class: 'invalid_request',
    phase: 'rejected',
    fault: { fault: { status: 400 } },
    ...final,
  },
  {
    name: '400 for the content of the question',
    class: 'content_blocked_input',
    phase: 'rejected',
    fault: { fault: { status: 400, code: 'content_policy_violation' } },
    ...final,
  },
  {
    name: 'no key set',
    class: 'not_configured',
    phase: 'not_sent',
    provider: 'together',
    fault: { fault: {} },
    alone: { decision: 'stop', calls: 0, paid: 0 },
    withNext: { decision: 'fallback', calls: 0, paid: 0, next: 1 },
  },
];

const finished: readonly SyncCase[] = [
  {
    name: 'refusal of the model',
    class: 'content_blocked_output',
    phase: 'finished',
    fault: { fault: { refusal: true } },
    alone: { decision: 'stop', calls: 1, paid: 1 },
    withNext: { decision: 'stop', calls: 1, paid: 1 },
  },
  {
    name: 'JSON cut off at the limit',
    class: 'output_truncated',
    phase: 'finished',
    fault: { fault: { truncate: true } },
    step: { check: { schema: answerSchema } },
    alone: { decision: 'stop', calls: 1, paid: 1 },
    withNext: { decision: 'fallback', calls: 1, paid: 1, next: 1 },
  },
  {
    name: 'JSON that breaks the schema',
    class: 'output_invalid',
    phase: 'finished',
    fault: { fault: { wrong_schema: true } },
    step: { check: { schema: answerSchema } },
    alone: { decision: 'stop', calls: 1, paid: 1 },
    withNext: { decision: 'fallback', calls: 1, paid: 1, next: 1 },
  },
  {
    name: 'JSON that breaks the schema, `re_ask: 1`',
    class: 'output_invalid',
    phase: 'finished',
    fault: { fault: { wrong_schema: true } },
    step: { check: { schema: answerSchema, re_ask: 1 } },
    alone: { decision: 're-ask', calls: 2, paid: 2 },
    withNext: { decision: 're-ask', calls: 2, paid: 2 },
  },
];

/** Every class that one exchange can end with, in every phase that it can end in. */
export const syncCases: readonly FaultCase[] = [passes, unknowns, refusals, finished]
  .flat()
  .map((fault) => ({ ...fault, mode: 'sync' }));
