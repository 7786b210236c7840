import type { Failure } from '../../domain/job/failure.ts';
import type { Execution, ModelCall } from '../../domain/model/model-call.ts';
import { exchange, type Endpoint } from '../http/exchange.ts';
import type { CallContext, CallOutcome, ProviderAdapter } from '../port.ts';
import { refuseWithoutLabels } from '../shared/classify-by-chat.ts';
import { refuseExecution, refuseUnsent } from '../shared/failures.ts';
import { createChatFold } from './chat/stream-fold.ts';
import { askedOf, classify } from './errors/classify.ts';
import { toOutcome } from './reply.ts';
import { toWireRequest } from './request.ts';
import type { OpenAiCompatibleSettings } from './settings.ts';
import { unsupportedFields } from './unsupported.ts';

const version = 2;
/** Pictures come as base64 inside JSON. */
const imageReplyBytesMax = 24 * 1024 * 1024;

/** An adapter for every server that speaks OpenAI's API. */
export function makeOpenAiCompatible(bound: OpenAiCompatibleSettings): ProviderAdapter {
  const settings: OpenAiCompatibleSettings = { ...bound, apiKey: bound.apiKey.trim() };
  const endpoint = endpointOf(settings);
  return {
    id: settings.id,
    version,
    capabilities: { kinds: settings.profile.kinds, local: false },
    transformInput: (call) => toWireRequest(call, settings),
    unsupported: (call) => unsupportedFields(call, settings.profile),
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
  const missing = unsupportedFields(call, settings.profile);
  const refusal = refuse(settings, call, context.signal, { missing, executions: ['sync'] });
  if (refusal !== null) return { kind: 'failed', failure: refusal };

  const request = toWireRequest(call, settings);
  const headers = { ...context.headers, 'idempotency-key': context.idempotencyKey };
  const fold =
    call.kind === 'chat' || call.kind === 'classify' ? createChatFold(context.onText) : null;
  const bytesMax = call.kind === 'image' ? imageReplyBytesMax : undefined;
  const evidence = await exchange(endpoint, request, { ...context, headers }, fold, bytesMax);
  return evidence.kind === 'reply'
    ? toOutcome(settings, evidence.reply, call)
    : { kind: 'failed', failure: classify(settings, evidence, call.model) };
}

type Allowed = { readonly missing: readonly string[]; readonly executions: readonly Execution[] };

/** What is known to fail before anything leaves. `missing` are fields that the server cannot be told. */
export function refuse(
  settings: OpenAiCompatibleSettings,
  call: ModelCall,
  signal: AbortSignal,
  { missing, executions }: Allowed,
): Failure | null {
  const { kinds } = settings.profile;
  const asked = askedOf(settings, call.model);
  return (
    refuseUnsent(asked, kinds, call, missing, signal) ??
    refuseExecution(asked, call, executions) ??
    (call.kind === 'classify' ? refuseWithoutLabels(call, asked) : null)
  );
}

export function endpointOf(settings: OpenAiCompatibleSettings): Endpoint {
  const { fetch, baseUrl, apiKey, profile, secretHeaders = {} } = settings;
  const key = profile.keyHeader === 'api-key' ? apiKey : `Bearer ${apiKey}`;
  return {
    fetch,
    baseUrl: baseUrl.replace(/\/+$/, ''),
    headers: {
      ...profile.extraHeaders,
      ...secretHeaders,
      ...(apiKey === '' ? {} : { [profile.keyHeader]: key }),
    },
  };
}
