import { isJsonObject } from '../../domain/json.ts';
import type { Failure } from '../../domain/job/failure.ts';
import type { ModelCall } from '../../domain/model/model-call.ts';
import { exchange } from '../http/exchange.ts';
import type { CallContext, CallOutcome, ProviderAdapter } from '../port.ts';
import { askedAt, type Account } from '../shared/account.ts';
import { refuseExecution, refuseUnsent } from '../shared/failures.ts';
import { msLeft } from '../shared/tickets.ts';
import { classify } from './classify.ts';
import { readCallback, readReply } from './reply.ts';
import { listenRequest, unsupportedFields } from './request.ts';

const version = 1;
const kinds = ['transcribe'] as const;
const executions = ['sync', 'background'] as const;
/** A long recording has many words, each with its times. */
const transcriptBytesMax = 24 * 1024 * 1024;
/** When to look after work that has no deadline of ours. */
const silenceMs = 900_000;

/**
 * Deepgram's transcription of recordings. In the background the transcript comes to the callback alone: there is
 * nothing to ask and nothing to cancel, so the attempt waits for it until its deadline.
 * UNVERIFIED: a history of requests exists, but not with transcripts, so lost submits cannot be looked for.
 */
export function makeDeepgram(account: Account): ProviderAdapter {
  return {
    id: account.id,
    version,
    capabilities: { kinds, local: false, executions: { transcribe: executions } },
    transformInput: (call) => listenRequest(call),
    unsupported: unsupportedFields,
    normalizeOutput: (reply, call) => readReply(account, reply, call, silenceMs),
    classifyError: (evidence) => classify(account, evidence, null),
    submitJob: (call, context) => submit(account, call, context),
    callbacks: {
      // Callbacks are not signed; UNVERIFIED: their header `dg-token` names the key that was used, in a form that we
      // do not know. The attempt's token in the address is the proof.
      verify: async () => ({ kind: 'genuine' }),
      read: (body, call) =>
        (isJsonObject(body) ? readCallback(account, body, call) : null) ?? { kind: 'ask' },
    },
  };
}

async function submit(
  account: Account,
  call: ModelCall,
  context: CallContext,
): Promise<CallOutcome> {
  const asked = askedAt(account, call.model);
  const isLate = call.execution === 'background';
  const { callbackUrl = null } = context;
  const refusal =
    refuseUnsent(asked, kinds, call, unsupportedFields(call), context.signal) ??
    refuseExecution(asked, call, executions) ??
    (isLate && callbackUrl === null ? withoutAddress(account) : null);
  if (refusal !== null) return { kind: 'failed', failure: refusal };
  const request = listenRequest(call, isLate ? callbackUrl : null);
  const evidence = await exchange(account.endpoint, request, context, null, transcriptBytesMax);
  return evidence.kind === 'reply'
    ? readReply(account, evidence.reply, call, msLeft(context) ?? silenceMs)
    : { kind: 'failed', failure: classify(account, evidence, call.model) };
}

function withoutAddress({ id }: Account): Failure {
  const message = `${id} reports transcripts in the background to a public address, and this deployment has none. Set PUBLIC_BASE_URL, or use the execution sync.`;
  return { class: 'not_configured', phase: 'not_sent', message, code: 'no_public_address' };
}
