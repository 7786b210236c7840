import type { Failure } from '../../domain/job/failure.ts';
import type {
  ChatCall,
  ClassifyCall,
  Execution,
  ModelCall,
} from '../../domain/model/model-call.ts';
import { exchange, type Endpoint } from '../http/exchange.ts';
import type {
  CallContext,
  CallOutcome,
  ProviderAdapter,
  Ticket,
  WireReply,
  WireRequest,
} from '../port.ts';
import { untoldStatus } from '../shared/ask-status.ts';
import { refuseWithoutLabels } from '../shared/classify-by-chat.ts';
import { refuseExecution, refuseUnsent } from '../shared/failures.ts';
import { findBatch } from './batches/find.ts';
import { askAgainMs, batchIdIn, hasEnded, readBatch, resultsIn } from './batches/reply.ts';
import {
  batchRequest,
  cancelRequest,
  customIdOf,
  resultsRequest,
  statusRequest,
} from './batches/request.ts';
import { classify } from './errors.ts';
import { readMessage } from './reply.ts';
import { messagesRequest } from './request.ts';
import { askedOf, type AnthropicSettings } from './settings.ts';
import { createMessageFold } from './stream-fold.ts';
import { unsupportedFields } from './unsupported.ts';

const version = 1;
const apiVersion = '2023-06-01';
const kinds = ['chat', 'classify'] as const;
const executions: readonly Execution[] = ['sync', 'batch'];

/** Anthropic's Messages API: streamed, or as a batch of one, which answers within a day at half the price. */
export function makeAnthropic(bound: AnthropicSettings): ProviderAdapter {
  const settings: AnthropicSettings = { ...bound, apiKey: bound.apiKey.trim() };
  const endpoint = endpointOf(settings);
  return {
    id: settings.id,
    version,
    capabilities: { kinds, local: false, executions: { chat: executions, classify: executions } },
    transformInput: (call) => toWireRequest(textCall(call)),
    unsupported: unsupportedFields,
    normalizeOutput: (reply, call) => toOutcome(settings, reply, textCall(call)),
    classifyError: (evidence) => classify(settings, evidence, null),
    submitJob: (call, context) => submit(settings, endpoint, call, context),
    getJobStatus: (ticket, call, context) =>
      askStatus(settings, endpoint, ticket, textCall(call), context),
    cancelJob: async (ticket, _call, context) => {
      await exchange(endpoint, cancelRequest(ticket), context, null);
    },
    findJob: (lost, context) => findBatch(endpoint, lost, context),
  };
}

type TextCall = ChatCall | ClassifyCall;

/** Whatever else there is has been refused before. */
function textCall(call: ModelCall): TextCall {
  if (call.kind === 'chat' || call.kind === 'classify') return call;
  throw new Error(`a call of kind ${call.kind} was routed to an adapter without it`);
}

function toWireRequest(call: TextCall, customId?: string): WireRequest {
  return call.execution === 'batch' ? batchRequest(call, customId) : messagesRequest(call);
}

function toOutcome(settings: AnthropicSettings, reply: WireReply, call: TextCall): CallOutcome {
  return call.execution === 'batch'
    ? readBatch(settings, reply, call)
    : readMessage(settings, reply, call);
}

async function submit(
  settings: AnthropicSettings,
  endpoint: Endpoint,
  call: ModelCall,
  context: CallContext,
): Promise<CallOutcome> {
  const refusal = refuse(settings, call, context.signal);
  if (refusal !== null) return { kind: 'failed', failure: refusal };

  const asked = textCall(call);
  const request = toWireRequest(asked, await customIdOf(context.idempotencyKey));
  const headers = { ...context.headers, 'idempotency-key': context.idempotencyKey };
  const fold = createMessageFold(context.onText);
  const evidence = await exchange(endpoint, request, { ...context, headers }, fold);
  return evidence.kind === 'reply'
    ? toOutcome(settings, evidence.reply, asked)
    : { kind: 'failed', failure: classify(settings, evidence, call.model) };
}

/** What is known to fail before anything leaves. */
function refuse(settings: AnthropicSettings, call: ModelCall, signal: AbortSignal): Failure | null {
  const asked = askedOf(settings, call.model);
  return (
    refuseUnsent(asked, kinds, call, unsupportedFields(call), signal) ??
    refuseExecution(asked, call, executions) ??
    (call.kind === 'classify' ? refuseWithoutLabels(call, asked) : null)
  );
}

/** A batch says when it has ended; what came of it is another question. */
async function askStatus(
  settings: AnthropicSettings,
  endpoint: Endpoint,
  ticket: Ticket,
  call: TextCall,
  context: CallContext,
): Promise<CallOutcome> {
  const batch = await exchange(endpoint, statusRequest(ticket), context, null);
  const isKnown = batch.kind === 'reply' && batchIdIn(batch.reply.body) !== null;
  const ended = isKnown && batch.reply.status < 300 && hasEnded(batch.reply.body);
  const answer = ended ? await exchange(endpoint, resultsRequest(ticket), context, null) : batch;
  if (answer.kind === 'reply' && answer.reply.status < 300) {
    const isTold = ended ? resultsIn(answer.reply).length > 0 : isKnown;
    if (isTold) return readBatch(settings, answer.reply, call, ticket);
  }
  return untoldStatus(answer, {
    asked: askedOf(settings, call.model),
    ticket,
    checkInMs: askAgainMs,
    classify: (error) => classify(settings, error, call.model),
  });
}

function endpointOf({ fetch, baseUrl, apiKey }: AnthropicSettings): Endpoint {
  return {
    fetch,
    baseUrl: baseUrl.replace(/\/+$/, ''),
    headers: { 'x-api-key': apiKey, 'anthropic-version': apiVersion },
  };
}
