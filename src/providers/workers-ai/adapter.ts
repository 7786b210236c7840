import type { Failure } from '../../domain/job/failure.ts';
import type { Execution, ModelCall, ModelKind } from '../../domain/model/model-call.ts';
import { exchange } from '../http/exchange.ts';
import type { CallContext, CallOutcome, ProviderAdapter, Ticket } from '../port.ts';
import { askedAt, type Account } from '../shared/account.ts';
import { unansweredStatus } from '../shared/ask-status.ts';
import { refuseWithoutLabels } from '../shared/classify-by-chat.ts';
import {
  refuseExecution,
  refuseUnsent,
  unreadableFailure,
  type Asked,
} from '../shared/failures.ts';
import { askAgainMs, readQueue, tellsStatus } from './batch.ts';
import { createWorkersAiFold } from './chat/stream-fold.ts';
import { classify, isErrorReply } from './errors.ts';
import { hasOwnLabels } from './models.ts';
import { toOutcome } from './reply.ts';
import { statusRequest, toWireRequest } from './request.ts';
import { unsupportedFields } from './unsupported.ts';

const version = 1;
const kinds: readonly ModelKind[] = [
  'chat',
  'classify',
  'embed',
  'rerank',
  'image',
  'transcribe',
  'moderate',
];
const queueable: readonly Execution[] = ['sync', 'batch'];
const executions: Readonly<Partial<Record<ModelKind, readonly Execution[]>>> = {
  chat: queueable,
  embed: queueable,
};
/** Pictures may come as base64 inside JSON. */
const imageReplyBytesMax = 24 * 1024 * 1024;

/**
 * Cloudflare's own models, over HTTP or by the binding, which differ in the endpoint alone. Queued work cannot be
 * cancelled, nor looked for when the answer to a submit is lost.
 */
export function makeWorkersAi(account: Account): ProviderAdapter {
  const asked = (call: ModelCall): Asked => askedAt(account, call.model);
  return {
    id: account.id,
    version,
    capabilities: { kinds, local: false, executions },
    transformInput: toWireRequest,
    unsupported: unsupportedFields,
    normalizeOutput: (reply, call) =>
      call.execution === 'batch'
        ? readQueue(asked(call), reply, call)
        : toOutcome(asked(call), reply, call),
    classifyError: (evidence) => classify(askedAt(account, null), evidence),
    submitJob: (call, context) => submit(account, asked(call), call, context),
    getJobStatus: (ticket, call, context) => askStatus(account, asked(call), ticket, call, context),
  };
}

async function submit(
  { endpoint }: Account,
  asked: Asked,
  call: ModelCall,
  context: CallContext,
): Promise<CallOutcome> {
  const refusal = refuse(asked, call, context.signal);
  if (refusal !== null) return { kind: 'failed', failure: refusal };

  const isTalk = call.kind === 'chat' || call.kind === 'classify';
  const fold = isTalk ? createWorkersAiFold(context.onText) : null;
  const bytesMax = call.kind === 'image' ? imageReplyBytesMax : undefined;
  const evidence = await exchange(endpoint, toWireRequest(call), context, fold, bytesMax);
  if (evidence.kind !== 'reply') return { kind: 'failed', failure: classify(asked, evidence) };
  return call.execution === 'batch'
    ? readQueue(asked, evidence.reply, call)
    : toOutcome(asked, evidence.reply, call);
}

/** What is known to fail before anything leaves. */
function refuse(asked: Asked, call: ModelCall, signal: AbortSignal): Failure | null {
  const needsLabels = call.kind === 'classify' && !hasOwnLabels(call.model);
  return (
    refuseUnsent(asked, kinds, call, unsupportedFields(call), signal) ??
    refuseExecution(asked, call, executions[call.kind] ?? ['sync']) ??
    (needsLabels ? refuseWithoutLabels(call, asked) : null)
  );
}

async function askStatus(
  { endpoint }: Account,
  asked: Asked,
  ticket: Ticket,
  call: ModelCall,
  context: CallContext,
): Promise<CallOutcome> {
  const evidence = await exchange(endpoint, statusRequest(call, ticket), context, null);
  if (evidence.kind === 'reply' && tellsStatus(evidence.reply)) {
    return readQueue(asked, evidence.reply, call, ticket);
  }
  const isError = evidence.kind !== 'reply' || isErrorReply(evidence.reply);
  const failure = isError ? classify(asked, evidence) : unreadableFailure(asked, evidence.reply);
  return unansweredStatus(failure, ticket, askAgainMs);
}
