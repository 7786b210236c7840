import type { ModelCall } from '../../domain/model-call.ts';
import { exchange, type Endpoint } from '../http/exchange.ts';
import type { CallContext, CallOutcome, ProviderAdapter } from '../port.ts';
import { refuseUnsent } from '../shared/failures.ts';
import { askedOf, classify } from './classify.ts';
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
  const asked = askedOf(settings, call.model);
  const missing = unsupportedParameters(call, settings.profile);
  const refusal = refuseUnsent(asked, kinds, call, missing, context.signal);
  if (refusal !== null) return { kind: 'failed', failure: refusal };

  const request = toWireRequest(call, settings.profile);
  const headers = { ...context.headers, 'idempotency-key': context.idempotencyKey };
  const fold = call.kind === 'chat' ? createChatFold() : null;
  const evidence = await exchange(endpoint, request, { ...context, headers }, fold);
  return evidence.kind === 'reply'
    ? toOutcome(settings, evidence.reply, call)
    : { kind: 'failed', failure: classify(settings, evidence, call.model) };
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
