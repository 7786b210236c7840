import type { Failure } from '../../domain/job/failure.ts';
import type { ModelCall } from '../../domain/model/model-call.ts';
import type { Binding } from '../binding.ts';
import { exchange, type Endpoint } from '../http/exchange.ts';
import type { CallContext, CallOutcome, ProviderAdapter } from '../port.ts';
import { refuseWithoutLabels } from '../shared/classify-by-chat.ts';
import { refuseExecution, refuseUnsent, type Asked } from '../shared/failures.ts';
import { createContentFold } from './chat/stream-fold.ts';
import { classify } from './errors.ts';
import { toOutcome } from './reply.ts';
import { toWireRequest } from './request.ts';
import { unsupportedFields } from './unsupported.ts';

const version = 1;
const kinds = ['chat', 'classify', 'embed', 'image'] as const;
/** Pictures come as base64 inside JSON. */
const imageReplyBytesMax = 24 * 1024 * 1024;

type GoogleSettings = Pick<Binding, 'id' | 'baseUrl' | 'apiKey' | 'secretName' | 'fetch'>;

/** Google's Gemini API: `generateContent`, streamed for chats, and embeddings. */
export function makeGoogle(bound: GoogleSettings): ProviderAdapter {
  const settings: GoogleSettings = { ...bound, apiKey: bound.apiKey.trim() };
  const endpoint = endpointOf(settings);
  return {
    id: settings.id,
    version,
    capabilities: { kinds, local: false },
    transformInput: toWireRequest,
    unsupported: unsupportedFields,
    normalizeOutput: (reply, call) => toOutcome(askedOf(settings, call.model), reply, call),
    classifyError: (evidence) => classify(askedOf(settings, null), evidence),
    submitJob: (call, context) => submit(askedOf(settings, call.model), endpoint, call, context),
  };
}

async function submit(
  asked: Asked,
  endpoint: Endpoint,
  call: ModelCall,
  context: CallContext,
): Promise<CallOutcome> {
  const refusal = refuse(asked, call, context.signal);
  if (refusal !== null) return { kind: 'failed', failure: refusal };

  const isTalk = call.kind === 'chat' || call.kind === 'classify';
  const fold = isTalk ? createContentFold(context.onText) : null;
  const bytesMax = call.kind === 'image' ? imageReplyBytesMax : undefined;
  const evidence = await exchange(endpoint, toWireRequest(call), context, fold, bytesMax);
  return evidence.kind === 'reply'
    ? toOutcome(asked, evidence.reply, call)
    : { kind: 'failed', failure: classify(asked, evidence) };
}

/** What is known to fail before anything leaves. */
function refuse(asked: Asked, call: ModelCall, signal: AbortSignal): Failure | null {
  return (
    refuseUnsent(asked, kinds, call, unsupportedFields(call), signal) ??
    refuseExecution(asked, call, ['sync']) ??
    (call.kind === 'classify' ? refuseWithoutLabels(call, asked) : null)
  );
}

function askedOf({ id, secretName, apiKey }: GoogleSettings, model: string | null): Asked {
  return { provider: id, model, secretName, secrets: apiKey === '' ? [] : [apiKey] };
}

function endpointOf({ fetch, baseUrl, apiKey }: GoogleSettings): Endpoint {
  return { fetch, baseUrl: baseUrl.replace(/\/+$/, ''), headers: { 'x-goog-api-key': apiKey } };
}
