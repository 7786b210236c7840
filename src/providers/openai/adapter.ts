import { isJsonObject } from '../../domain/json.ts';
import type { ChatCall, ModelCall } from '../../domain/model/model-call.ts';
import { exchange, type Endpoint } from '../http/exchange.ts';
import { endpointOf, makeOpenAiCompatible, refuse } from '../openai-compatible/adapter.ts';
import { askedOf, classify } from '../openai-compatible/errors/classify.ts';
import type { OpenAiCompatibleSettings } from '../openai-compatible/settings.ts';
import { unsupportedFields } from '../openai-compatible/unsupported.ts';
import type {
  CallContext,
  CallOutcome,
  ProviderAdapter,
  Ticket,
  WireReply,
  WireRequest,
} from '../port.ts';
import { untoldStatus } from '../shared/ask-status.ts';
import { askAgainMs, readResponse } from './responses/reply.ts';
import {
  cancelRequest,
  responseRequest,
  statusRequest,
  unsupportedInResponses,
} from './responses/request.ts';

const version = 2;

type BackgroundChat = ChatCall & { readonly execution: 'background' };

/**
 * OpenAI itself: what every compatible server has, and in the background the Responses API, whose work goes on without
 * a connection and can be asked for and cancelled.
 * UNVERIFIED: no public way to list responses was found, so a submit whose answer is lost cannot be looked for.
 */
export function makeOpenAi(bound: OpenAiCompatibleSettings): ProviderAdapter {
  const settings: OpenAiCompatibleSettings = { ...bound, apiKey: bound.apiKey.trim() };
  const endpoint = endpointOf(settings);
  const direct = makeOpenAiCompatible(settings);
  return {
    ...direct,
    version,
    capabilities: { ...direct.capabilities, executions: { chat: ['sync', 'background'] } },
    transformInput: (call) =>
      isBackground(call) ? responseRequest(call) : direct.transformInput(call),
    unsupported: (call) => unsupported(call, settings),
    normalizeOutput: (reply, call) =>
      isBackground(call)
        ? readResponse(settings, reply, call)
        : direct.normalizeOutput(reply, call),
    submitJob: (call, context) =>
      isBackground(call)
        ? submitInBackground(settings, endpoint, call, context)
        : direct.submitJob(call, context),
    getJobStatus: (ticket, call, context) => askStatus(settings, endpoint, ticket, call, context),
    cancelJob: async (ticket, _call, context) => {
      await exchange(endpoint, cancelRequest(ticket), context, null);
    },
  };
}

function isBackground(call: ModelCall): call is BackgroundChat {
  return call.kind === 'chat' && call.execution === 'background';
}

function unsupported(call: ModelCall, settings: OpenAiCompatibleSettings): readonly string[] {
  const direct = unsupportedFields(call, settings.profile);
  return isBackground(call) ? [...direct, ...unsupportedInResponses(call)] : direct;
}

async function submitInBackground(
  settings: OpenAiCompatibleSettings,
  endpoint: Endpoint,
  call: BackgroundChat,
  context: CallContext,
): Promise<CallOutcome> {
  const refusal = refuse(settings, call, context.signal, {
    missing: unsupported(call, settings),
    executions: ['background'],
  });
  if (refusal !== null) return { kind: 'failed', failure: refusal };
  const request = responseRequest(call, context.idempotencyKey);
  const headers = { ...context.headers, 'idempotency-key': context.idempotencyKey };
  return send(settings, endpoint, request, call, { ...context, headers });
}

async function askStatus(
  settings: OpenAiCompatibleSettings,
  endpoint: Endpoint,
  ticket: Ticket,
  call: ModelCall,
  context: CallContext,
): Promise<CallOutcome> {
  const evidence = await exchange(endpoint, statusRequest(ticket), context, null);
  if (evidence.kind === 'reply' && tellsStatus(evidence.reply)) {
    return readResponse(settings, evidence.reply, call, ticket);
  }
  return untoldStatus(evidence, {
    asked: askedOf(settings, call.model),
    ticket,
    checkInMs: askAgainMs,
    classify: (error) => classify(settings, error, call.model),
  });
}

/** Is this about the work, and not about the question? */
function tellsStatus({ status, body }: WireReply): boolean {
  return status < 300 && isJsonObject(body) && typeof body['status'] === 'string';
}

async function send(
  settings: OpenAiCompatibleSettings,
  endpoint: Endpoint,
  request: WireRequest,
  call: BackgroundChat,
  context: CallContext,
): Promise<CallOutcome> {
  const evidence = await exchange(endpoint, request, context, null);
  return evidence.kind === 'reply'
    ? readResponse(settings, evidence.reply, call)
    : { kind: 'failed', failure: classify(settings, evidence, call.model) };
}
