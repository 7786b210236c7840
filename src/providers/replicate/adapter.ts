import type { ModelCall } from '../../domain/model/model-call.ts';
import { exchange } from '../http/exchange.ts';
import type { CallContext, CallOutcome, ProviderAdapter, Ticket } from '../port.ts';
import { askedAt, type Account } from '../shared/account.ts';
import { untoldStatus } from '../shared/ask-status.ts';
import { refuseExecution, refuseUnsent } from '../shared/failures.ts';
import { askAgainMs, msLeft } from '../shared/tickets.ts';
import { replicateCallbacks } from './callbacks.ts';
import { classify } from './classify.ts';
import { findPrediction } from './find.ts';
import { readPrediction, tellsStatus } from './prediction.ts';
import { cancelRequest, predictionRequest, statusRequest, unsupportedFields } from './request.ts';

const version = 1;
const kinds = ['image', 'transcribe'] as const;
/** Small images may come as data inside the JSON. */
const predictionBytesMax = 24 * 1024 * 1024;
/** A prediction that is waited for in the request would be lost with the connection. */
const executions = ['background'] as const;

/** Replicate's predictions: any public model, a version of one, or a deployment. */
export function makeReplicate(account: Account, webhookSecret: string): ProviderAdapter {
  return {
    id: account.id,
    version,
    capabilities: {
      kinds,
      local: false,
      executions: { image: executions, transcribe: executions },
    },
    transformInput: (call) => predictionRequest(call),
    unsupported: unsupportedFields,
    normalizeOutput: (reply, call) =>
      readPrediction(account, reply, call, { checkInMs: askAgainMs({}) }),
    classifyError: (evidence) => classify(account, evidence, null),
    submitJob: (call, context) => submit(account, call, context),
    getJobStatus: (ticket, call, context) => askStatus(account, ticket, call, context),
    cancelJob: async (ticket, _call, context) => {
      await exchange(account.endpoint, cancelRequest(ticket), context, null);
    },
    findJob: (lost, context) => findPrediction(account, lost, context),
    callbacks: replicateCallbacks(account, webhookSecret),
  };
}

async function submit(
  account: Account,
  call: ModelCall,
  context: CallContext,
): Promise<CallOutcome> {
  const asked = askedAt(account, call.model);
  const refusal =
    refuseUnsent(asked, kinds, call, unsupportedFields(call), context.signal) ??
    refuseExecution(asked, call, executions);
  if (refusal !== null) return { kind: 'failed', failure: refusal };
  const { callbackUrl = null } = context;
  const request = predictionRequest(call, { callbackUrl, msLeft: msLeft(context) });
  const evidence = await exchange(account.endpoint, request, context, null);
  return evidence.kind === 'reply'
    ? readPrediction(account, evidence.reply, call, { checkInMs: askAgainMs(context) })
    : { kind: 'failed', failure: classify(account, evidence, call.model) };
}

async function askStatus(
  account: Account,
  ticket: Ticket,
  call: ModelCall,
  context: CallContext,
): Promise<CallOutcome> {
  const checkInMs = askAgainMs(context);
  const request = statusRequest(ticket);
  const evidence = await exchange(account.endpoint, request, context, null, predictionBytesMax);
  if (evidence.kind === 'reply' && tellsStatus(evidence.reply)) {
    return readPrediction(account, evidence.reply, call, { ticket, checkInMs });
  }
  return untoldStatus(evidence, {
    asked: askedAt(account, call.model),
    ticket,
    checkInMs,
    classify: (error) => classify(account, error, call.model),
  });
}
