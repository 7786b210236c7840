import { isJsonObject } from '../../domain/json.ts';
import type { ModelCall } from '../../domain/model/model-call.ts';
import { exchange } from '../http/exchange.ts';
import type {
  CallContext,
  CallOutcome,
  ErrorEvidence,
  ProviderAdapter,
  Ticket,
  WireReply,
} from '../port.ts';
import { askedAt, type Account } from '../shared/account.ts';
import { untoldStatus, type StatusQuestion } from '../shared/ask-status.ts';
import { refuseExecution, refuseUnsent, unreadableFailure } from '../shared/failures.ts';
import { objectAt, textAt } from '../shared/json-fields.ts';
import { askAgainMs, msLeft, ticketOf } from '../shared/tickets.ts';
import { falCallbacks } from './callbacks.ts';
import { classify } from './classify.ts';
import {
  cancelRequest,
  resultRequest,
  statusRequest,
  submitRequest,
  unsupportedFields,
} from './request.ts';
import { readResult } from './result.ts';

const version = 1;
const kinds = ['image', 'transcribe'] as const;
const executions = ['background'] as const;
/** With a model's `sync_mode`, images come as data inside the JSON. */
const resultBytesMax = 24 * 1024 * 1024;

/**
 * fal's queue. UNVERIFIED: no public way to list requests was found, so a submit whose answer is lost cannot be
 * looked for.
 */
export function makeFal(account: Account, jwksUrl: string): ProviderAdapter {
  return {
    id: account.id,
    version,
    capabilities: {
      kinds,
      local: false,
      executions: { image: executions, transcribe: executions },
    },
    transformInput: (call) => submitRequest(call),
    unsupported: unsupportedFields,
    normalizeOutput: (reply, call) => readReply(account, reply, call),
    classifyError: (evidence) => classify(account, evidence, null),
    submitJob: (call, context) => submit(account, call, context),
    getJobStatus: (ticket, call, context) => askStatus(account, ticket, call, context),
    cancelJob: async (ticket, call, context) => {
      await exchange(account.endpoint, cancelRequest(call, ticket), context, null);
    },
    callbacks: falCallbacks(account, jwksUrl),
  };
}

/** The answer to a submit has an id; anything else is a result. */
function readReply(account: Account, reply: WireReply, call: ModelCall): CallOutcome {
  const body = isJsonObject(reply.body) ? reply.body : {};
  if (textAt(body, 'request_id') !== null) return readSubmitted(account, reply, call, {});
  if (reply.status >= 300) return failed(account, reply, call);
  const isEmpty = Object.keys(body).length === 0;
  return isEmpty
    ? { kind: 'failed', failure: unreadableFailure(askedAt(account, call.model), reply) }
    : readResult(account, reply, call, { requestId: null, metrics: {} });
}

function readSubmitted(
  account: Account,
  reply: WireReply,
  call: ModelCall,
  context: Pick<CallContext, 'callbackUrl'>,
): CallOutcome {
  if (reply.status >= 300) return failed(account, reply, call);
  const body = isJsonObject(reply.body) ? reply.body : {};
  const ticket = ticketOf(textAt(body, 'request_id'));
  return ticket === null
    ? { kind: 'failed', failure: unreadableFailure(askedAt(account, call.model), reply) }
    : { kind: 'pending', ticket, checkInMs: askAgainMs(context) };
}

function failed(account: Account, reply: WireReply, call: ModelCall): CallOutcome {
  return { kind: 'failed', failure: classify(account, { kind: 'reply', reply }, call.model) };
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
  const request = submitRequest(call, { callbackUrl, msLeft: msLeft(context) });
  const evidence = await exchange(account.endpoint, request, context, null);
  return evidence.kind === 'reply'
    ? readSubmitted(account, evidence.reply, call, context)
    : { kind: 'failed', failure: classify(account, evidence, call.model) };
}

const underWay: ReadonlySet<string> = new Set(['IN_QUEUE', 'IN_PROGRESS']);

/** Asks for the status and, once the work has ended, for its result. */
async function askStatus(
  account: Account,
  ticket: Ticket,
  call: ModelCall,
  context: CallContext,
): Promise<CallOutcome> {
  const question = {
    asked: askedAt(account, call.model),
    ticket,
    checkInMs: askAgainMs(context),
    classify: (error: ErrorEvidence) => classify(account, error, call.model),
  };
  const evidence = await exchange(account.endpoint, statusRequest(call, ticket), context, null);
  if (evidence.kind !== 'reply') return untoldStatus(evidence, question);
  const { status, body } = evidence.reply;
  const word = isJsonObject(body) && status < 300 ? (textAt(body, 'status') ?? '') : '';
  if (underWay.has(word)) return { kind: 'pending', ticket, checkInMs: question.checkInMs };
  if (word !== 'COMPLETED') return untoldStatus(evidence, question);
  return askResult({ account, call, question, completed: evidence.reply }, context);
}

type Completed = {
  readonly account: Account;
  readonly call: ModelCall;
  readonly question: StatusQuestion;
  /** The queue's answer. */
  readonly completed: WireReply;
};

async function askResult(
  { account, call, question, completed }: Completed,
  context: CallContext,
): Promise<CallOutcome> {
  const { ticket } = question;
  const request = resultRequest(call, ticket);
  const evidence = await exchange(account.endpoint, request, context, null, resultBytesMax);
  if (evidence.kind !== 'reply' || isAboutQuestion(evidence.reply))
    return untoldStatus(evidence, question);
  const { reply } = evidence;
  const said = isJsonObject(completed.body) ? completed.body : {};
  // The queue calls work that failed completed, too.
  if (reply.status < 300 && textAt(said, 'error') !== null) {
    const failure = classify(account, { kind: 'reply', reply: completed }, call.model, 'accepted');
    return { kind: 'failed', failure };
  }
  const known = { requestId: ticket.providerJobId, metrics: objectAt(said, 'metrics') };
  return readResult(account, reply, call, known);
}

/** The work's own errors come with the model's status; these say that the result could not be fetched. */
function isAboutQuestion({ status, headers, body }: WireReply): boolean {
  if (status < 300) return !isJsonObject(body);
  if (status === 401 || status === 429) return true;
  const isTyped = isJsonObject(body) && textAt(body, 'error_type') !== null;
  return status >= 500 && !isTyped && headers['x-fal-error-type'] === undefined && !hasDetail(body);
}

function hasDetail(body: WireReply['body']): boolean {
  return isJsonObject(body) && body['detail'] !== undefined;
}
