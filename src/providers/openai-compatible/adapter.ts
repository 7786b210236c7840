import type { Failure } from '../../domain/failure.ts';
import type { ModelCall } from '../../domain/model-call.ts';
import { failureSentence } from '../http/failure-sentence.ts';
import { exchange, type Endpoint } from '../http/exchange.ts';
import { abortedBy } from '../http/thrown.ts';
import type { CallContext, CallOutcome, ProviderAdapter } from '../port.ts';
import { classify, subjectOf } from './classify.ts';
import { toOutcome } from './reply.ts';
import { toWireRequest, unsupportedParameters } from './request.ts';
import type { OpenAiCompatibleSettings } from './settings.ts';
import { createChatFold } from './stream-fold.ts';

const version = 1;
const kinds = ['chat', 'embed'] as const;

/** An adapter for OpenAI and for every server that speaks its chat and embeddings API. */
export function makeOpenAiCompatible(bound: OpenAiCompatibleSettings): ProviderAdapter {
  const settings: OpenAiCompatibleSettings = { ...bound, apiKey: bound.apiKey.trim() };
  const endpoint = endpointOf(settings);
  return {
    id: settings.id,
    version,
    capabilities: { kinds, local: false },
    transformInput: (call) => toWireRequest(call, settings.profile),
    normalizeOutput: (reply, call) => toOutcome(settings, reply, call),
    classifyError: (evidence) => classify(settings, evidence, null),
    submitJob: (call, context) => submit(settings, endpoint, call, context),
  };
}

async function submit(
  settings: OpenAiCompatibleSettings,
  endpoint: Endpoint,
  call: ModelCall,
  context: CallContext,
): Promise<CallOutcome> {
  const refusal = refuseUnsent(settings, call, context.signal);
  if (refusal !== null) return { kind: 'failed', failure: refusal };

  const request = toWireRequest(call, settings.profile);
  const headers = { ...context.headers, 'idempotency-key': context.idempotencyKey };
  const fold = call.kind === 'chat' ? createChatFold() : null;
  const evidence = await exchange(endpoint, request, { ...context, headers }, fold);
  return evidence.kind === 'reply'
    ? toOutcome(settings, evidence.reply, call)
    : { kind: 'failed', failure: classify(settings, evidence, call.model) };
}

/** What is known to fail before anything leaves: a wrong kind, a parameter the server lacks, a late start. */
function refuseUnsent(
  settings: OpenAiCompatibleSettings,
  call: ModelCall,
  signal: AbortSignal,
): Failure | null {
  const subject = subjectOf(settings, call.model);
  if (call.kind !== 'chat' && call.kind !== 'embed') {
    const message = `${settings.id} has no models of kind ${call.kind}. Choose another provider for this target.`;
    return { class: 'invalid_request', phase: 'not_sent', message, code: 'unsupported_kind' };
  }
  const missing = unsupportedParameters(call, settings.profile);
  if (missing.length > 0) {
    const message = failureSentence('unsupported_parameter', subject);
    const detail = { parameters: missing };
    return { class: 'unsupported_parameter', phase: 'not_sent', message, detail };
  }
  if (!signal.aborted) return null;
  const aborted = classify(settings, { kind: 'aborted', by: abortedBy(signal) }, call.model);
  return { ...aborted, phase: 'not_sent' };
}

function endpointOf({ fetch, baseUrl, apiKey, profile }: OpenAiCompatibleSettings): Endpoint {
  return {
    fetch,
    baseUrl: baseUrl.replace(/\/+$/, ''),
    headers: {
      ...profile.extraHeaders,
      ...(apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` }),
    },
  };
}
