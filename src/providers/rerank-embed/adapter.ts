import type { Failure } from '../../domain/job/failure.ts';
import type { ModelCall } from '../../domain/model/model-call.ts';
import type { Binding } from '../binding.ts';
import { exchange } from '../http/exchange.ts';
import type { CallContext, CallOutcome, ProviderAdapter, WireRequest } from '../port.ts';
import { askedAt, type Account } from '../shared/account.ts';
import { refuseWithoutLabels } from '../shared/classify-by-chat.ts';
import { refuseExecution, refuseUnsent, unsupportedKind } from '../shared/failures.ts';
import { classify } from './errors.ts';
import { toOutcome } from './reply.ts';
import { isRetrievalCall, type RetrievalVendor } from './vendor.ts';

const version = 1;
/** Two thousand vectors of 4,096 numbers are long in JSON. */
const replyBytesMax = 32 * 1024 * 1024;

/** An adapter for a vendor of models that embed and rerank, under a key of its own. */
export function makeRerankEmbed(binding: Binding, vendor: RetrievalVendor): ProviderAdapter {
  const account = accountOf(binding);
  const asked = (model: string | null) => askedAt(account, model);
  return {
    id: account.id,
    version,
    capabilities: { kinds: vendor.kinds, local: false },
    transformInput: (call) => toWireRequest(vendor, call),
    normalizeOutput: (reply, call) =>
      isRetrievalCall(call)
        ? toOutcome(vendor, asked(call.model), reply, call)
        : { kind: 'failed', failure: unsupportedKind(account.id, call.kind) },
    classifyError: (evidence) => classify(vendor, asked(null), evidence),
    submitJob: (call, context) => submit(vendor, account, call, context),
  };
}

function accountOf({ id, baseUrl, apiKey, secretName, fetch }: Binding): Account {
  return {
    id,
    secretName,
    endpoint: { fetch, baseUrl, headers: { authorization: `Bearer ${apiKey}` } },
    secrets: [apiKey],
  };
}

async function submit(
  vendor: RetrievalVendor,
  account: Account,
  call: ModelCall,
  context: CallContext,
): Promise<CallOutcome> {
  const refusal = refuse(vendor, account, call, context.signal);
  if (refusal !== null) return { kind: 'failed', failure: refusal };
  if (!isRetrievalCall(call)) {
    return { kind: 'failed', failure: unsupportedKind(account.id, call.kind) };
  }
  const asked = askedAt(account, call.model);
  const request = toWireRequest(vendor, call);
  const evidence = await exchange(account.endpoint, request, context, null, replyBytesMax);
  return evidence.kind === 'reply'
    ? toOutcome(vendor, asked, evidence.reply, call)
    : { kind: 'failed', failure: classify(vendor, asked, evidence) };
}

function refuse(
  { kinds }: RetrievalVendor,
  account: Account,
  call: ModelCall,
  signal: AbortSignal,
): Failure | null {
  const asked = askedAt(account, call.model);
  return (
    refuseUnsent(asked, kinds, call, [], signal) ??
    refuseExecution(asked, call, ['sync']) ??
    (call.kind === 'classify' ? refuseWithoutLabels(call, asked) : null)
  );
}

function toWireRequest(vendor: RetrievalVendor, call: ModelCall): WireRequest {
  if (!isRetrievalCall(call)) {
    throw new Error(`a call of kind ${call.kind} was routed to an adapter without it`);
  }
  const { path, body } = vendor.request(call);
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  return { method: 'POST', path, headers, body: { ...call.options, ...body } };
}
