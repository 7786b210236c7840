import { final, passing, refused, unclear, unclearPaid, type FaultCase } from './case.ts';

type QueueCase = Omit<FaultCase, 'mode'>;

const soon = { polls: 0 };

/** What a submit can be answered with: as in one exchange, whatever the queue. */
const rejected: readonly QueueCase[] = [
  {
    name: '429 that asks for 20 ms',
    class: 'rate_limited',
    phase: 'rejected',
    fault: { fault: { status: 429, retry_after_ms: 20 } },
    ...passing,
  },
  {
    name: '529',
    class: 'overloaded',
    phase: 'rejected',
    fault: { fault: { status: 529 } },
    ...passing,
  },
  { name: '401', class: 'auth', phase: 'rejected', fault: { fault: { status: 401 } }, ...refused },
  {
    name: '402',
    class: 'billing_exhausted',
    phase: 'rejected',
    fault: { fault: { status: 402 } },
    ...refused,
  },
  {
    name: '403',
    class: 'permission',
    phase: 'rejected',
    fault: { fault: { status: 403 } },
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
];

/** Submits whose outcome is not known. */
const unknowns = [
  { name: '500', class: 'provider_internal', fault: { status: 500 }, paid: false },
  { name: '503', class: 'overloaded', fault: { status: 503 }, paid: false },
  { name: '504', class: 'timeout', fault: { status: 504 }, paid: false },
  {
    name: 'connection lost before the work',
    class: 'network',
    fault: { drop: 'before_headers' },
    paid: false,
  },
  {
    name: 'connection lost after the work',
    class: 'network',
    fault: { drop: 'after_request' },
    paid: true,
  },
  {
    name: 'connection lost in the answer',
    class: 'network',
    fault: { drop: 'mid_body' },
    paid: true,
  },
  {
    name: 'answer that is not JSON',
    class: 'provider_internal',
    fault: { malformed: 'invalid' },
    paid: true,
  },
] as const;

/** Without anybody to ask, the step's policy decides, and what may be paid twice is marked. */
const blind: readonly QueueCase[] = unknowns.map(({ name, class: failureClass, fault, paid }) => ({
  name,
  class: failureClass,
  phase: 'unknown',
  fault: { fault },
  ...(paid ? unclearPaid : unclear),
}));

/** The provider is asked first: it is sent again only where it has not been taken, and nothing is paid twice. */
const asked: readonly QueueCase[] = unknowns.map(({ name, class: failureClass, fault, paid }) => {
  const expected = paid
    ? ({ decision: 'adopt', calls: 1, paid: 1 } as const)
    : ({ decision: 'resubmit', calls: 2, paid: 1 } as const);
  return {
    name,
    class: failureClass,
    phase: 'unknown',
    fault: { fault },
    alone: expected,
    withNext: expected,
  };
});

const policies: readonly QueueCase[] = [
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

/** The work was taken, and charged, and came to nothing. */
const wasted = {
  alone: { decision: 'retry', calls: 2, paid: 2 },
  withNext: { decision: 'fallback', calls: 1, paid: 1, next: 1 },
} as const;
const wastedFinal = {
  alone: { decision: 'stop', calls: 1, paid: 1 },
  withNext: { decision: 'stop', calls: 1, paid: 1 },
} as const;
const wastedRefused = {
  alone: { decision: 'stop', calls: 1, paid: 1 },
  withNext: { decision: 'fallback', calls: 1, paid: 1, next: 1 },
} as const;

const failsLater: readonly QueueCase[] = [
  {
    name: 'work that fails inside the provider',
    class: 'provider_internal',
    phase: 'accepted',
    fault: { fault: { fails_later: true, code: 'server_error' }, reply: soon },
    ...wasted,
  },
  {
    name: 'work that meets a rate limit',
    class: 'rate_limited',
    phase: 'accepted',
    fault: { fault: { fails_later: true, code: 'rate_limit_exceeded' }, reply: soon },
    ...wasted,
  },
  {
    name: 'work that times out inside the provider',
    class: 'timeout',
    phase: 'accepted',
    fault: { fault: { fails_later: true, code: 'vector_store_timeout' }, reply: soon },
    ...wasted,
  },
  {
    name: 'work on a question that is not allowed',
    class: 'content_blocked_input',
    phase: 'accepted',
    fault: { fault: { fails_later: true, code: 'invalid_prompt' }, reply: soon },
    ...wastedFinal,
  },
  {
    name: 'refusal of the model',
    class: 'content_blocked_output',
    phase: 'finished',
    fault: { fault: { refusal: true }, reply: soon },
    ...wastedFinal,
  },
  {
    name: 'JSON cut off at the limit',
    class: 'output_truncated',
    phase: 'finished',
    fault: { fault: { truncate: true }, reply: soon },
    step: { check: { schema: { type: 'object' } } },
    ...wastedRefused,
  },
  {
    name: 'work that is not done in its time',
    class: 'timeout',
    phase: 'accepted',
    fault: { reply: { polls: 1_000 } },
    step: { timeouts: { attempt: '12s' } },
    ...wasted,
  },
];

const predictionsFail: readonly QueueCase[] = [
  {
    name: 'work that fails inside the provider',
    class: 'provider_internal',
    phase: 'accepted',
    fault: { fault: { fails_later: true, message: 'Traceback: oops' }, reply: soon },
    ...wasted,
  },
  {
    name: 'work that is interrupted',
    class: 'overloaded',
    phase: 'accepted',
    fault: {
      fault: { fails_later: true, message: 'Prediction interrupted; please retry (code: PA)' },
      reply: soon,
    },
    ...wasted,
  },
  {
    name: 'work that does not fit its machine',
    class: 'payload_too_large',
    phase: 'accepted',
    fault: { fault: { fails_later: true, message: 'CUDA out of memory' }, reply: soon },
    ...wastedRefused,
  },
  {
    name: 'picture that is not allowed',
    class: 'content_blocked_output',
    phase: 'finished',
    fault: { fault: { fails_later: true, message: 'NSFW content detected' }, reply: soon },
    ...wastedFinal,
  },
];

/** Questions that are not answered say nothing of the work, unless the provider has forgotten it. */
const questionsFail: readonly QueueCase[] = [
  {
    name: 'question for the status: 503, twice',
    class: 'overloaded',
    phase: 'accepted',
    fault: { reply: soon },
    questions: { match: { path: '/v1/responses/*' }, times: 2, fault: { status: 503 } },
    alone: { decision: 'ask again', calls: 1, paid: 1 },
    withNext: { decision: 'ask again', calls: 1, paid: 1 },
  },
  {
    name: 'question for the status: the work is not known',
    class: 'unknown',
    phase: 'accepted',
    fault: { reply: soon },
    questions: { match: { path: '/v1/responses/*' }, times: 1, fault: { status: 404 } },
    ...wastedRefused,
  },
];

const list = { match: { path: '/replicate/v1/predictions' }, times: 1, fault: { status: 503 } };
const lostAndList = {
  class: 'network',
  phase: 'unknown',
  fault: { fault: { drop: 'after_request' } },
  questions: list,
} as const;

/** A provider that could be asked about a lost submit, and does not answer: the step's policy decides. */
const unanswered: readonly QueueCase[] = [
  {
    name: 'connection lost after the work, and no answer to the question for it',
    ...lostAndList,
    alone: { decision: 'retry', calls: 2, paid: 2, marked: 1 },
    withNext: { decision: 'retry', calls: 2, paid: 2, marked: 1 },
  },
  {
    name: 'the same, `on_unknown: fail`',
    ...lostAndList,
    step: { on_unknown: 'fail' },
    alone: { decision: 'stop', calls: 1, paid: 1 },
    withNext: { decision: 'stop', calls: 1, paid: 1 },
  },
  {
    name: 'the same, `on_unknown: fallback`',
    ...lostAndList,
    step: { on_unknown: 'fallback', retry: { base_delay: '1ms', max_attempts: 3 } },
    alone: { decision: 'stop', calls: 1, paid: 1 },
    withNext: { decision: 'fallback', calls: 1, paid: 1, next: 1, marked: 1 },
  },
];

/** Asked, and told each time that nothing was taken: the second time the next target is tried. */
const down: readonly QueueCase[] = [
  {
    name: '500 for good',
    class: 'provider_internal',
    phase: 'unknown',
    fault: { fault: { status: 500 } },
    always: true,
    step: { retry: { base_delay: '1ms', max_attempts: 4 } },
    alone: { decision: 'resubmit', calls: 4, paid: 0 },
    withNext: { decision: 'fallback', calls: 2, paid: 0, next: 1 },
  },
];

/** Every class that work in a queue can end with, in every phase that it can end in. */
export const queueCases: readonly FaultCase[] = [
  ...[rejected, blind, policies, failsLater, questionsFail]
    .flat()
    .map((fault) => ({ ...fault, mode: 'background' as const })),
  ...[rejected, asked, predictionsFail, down, unanswered]
    .flat()
    .map((fault) => ({ ...fault, mode: 'queue' as const })),
];
