import type { FailureClass } from '../../../src/domain/job/failure.ts';
import {
  final,
  passing,
  refused,
  unclear,
  unclearPaid,
  type Ask,
  type FaultCase,
  type Mode,
} from './case.ts';

type VendorCase = Omit<FaultCase, 'mode' | 'provider' | 'nextProvider' | 'ask'>;

type Asked = {
  readonly mode: Mode;
  readonly provider: string;
  readonly nextProvider: string;
  readonly ask: Ask;
};

/** What every vendor can answer, in words of its own. `busy` is the class of its 429. */
function usualCases(busy: FailureClass, lost: Lost): readonly VendorCase[] {
  return [
    {
      name: '429',
      class: busy,
      phase: 'rejected',
      fault: { fault: { status: 429 } },
      ...passing,
    },
    {
      name: '500',
      class: 'provider_internal',
      phase: 'unknown',
      fault: { fault: { status: 500 } },
      ...lost.before,
    },
    {
      name: 'connection lost after the work',
      class: 'network',
      phase: 'unknown',
      fault: { fault: { drop: 'after_request' } },
      ...lost.after,
    },
    {
      name: '401',
      class: 'auth',
      phase: 'rejected',
      fault: { fault: { status: 401 } },
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
}

type Usual = Pick<FaultCase, 'alone' | 'withNext'>;
type Lost = { readonly before: Usual; readonly after: Usual };

const blind: Lost = { before: unclear, after: unclearPaid };

/** AssemblyAI tells its transcripts apart by their callbacks only: asked without a public address, it cannot tell. */
const unanswered: Lost = {
  before: { alone: unclear.alone, withNext: unclear.alone },
  after: { alone: unclearPaid.alone, withNext: unclearPaid.alone },
};

/** What only models that speak can answer. */
const chatCases: readonly VendorCase[] = [
  {
    name: 'error in the stream, after the first piece',
    class: 'overloaded',
    phase: 'unknown',
    fault: { fault: { stream_error: 1 } },
    ...unclear,
  },
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
    step: { check: { schema: { type: 'object', properties: { mood: { type: 'string' } } } } },
    alone: { decision: 'stop', calls: 1, paid: 1 },
    withNext: { decision: 'fallback', calls: 1, paid: 1, next: 1 },
  },
];

const anthropicOverloaded: VendorCase = {
  name: '529',
  class: 'overloaded',
  phase: 'rejected',
  fault: { fault: { status: 529 } },
  ...passing,
};

function of(asked: Asked, ...cases: readonly (readonly VendorCase[])[]): readonly FaultCase[] {
  return cases.flat().map((fault) => ({ ...fault, ...asked }));
}

function chat(provider: string): Asked {
  return { mode: 'sync', provider, nextProvider: 'groq', ask: 'chat' };
}

function rerank(provider: string, nextProvider: string): Asked {
  return { mode: 'sync', provider, nextProvider, ask: 'rerank' };
}

const fal: Asked = { mode: 'background', provider: 'fal', nextProvider: 'openai', ask: 'image' };
const assemblyai: Asked = {
  mode: 'queue',
  provider: 'assemblyai',
  nextProvider: 'openai',
  ask: 'transcribe',
};

/** The same of vendors whose wire formats are their own. */
export const vendorCases: readonly FaultCase[] = [
  of(chat('anthropic'), usualCases('rate_limited', blind), chatCases, [anthropicOverloaded]),
  of(chat('google'), usualCases('rate_limited', blind), chatCases),
  of(chat('workers-ai'), usualCases('overloaded', blind)),
  of(rerank('cohere', 'jina'), usualCases('rate_limited', blind)),
  of(rerank('jina', 'voyage'), usualCases('rate_limited', blind)),
  of(rerank('voyage', 'cohere'), usualCases('rate_limited', blind)),
  of(fal, usualCases('rate_limited', blind)),
  of(assemblyai, usualCases('rate_limited', unanswered)),
].flat();
