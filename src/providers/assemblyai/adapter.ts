import type { Failure } from '../../domain/job/failure.ts';
import { isJsonObject } from '../../domain/json.ts';
import type { ModelCall, TranscribeCall } from '../../domain/model/model-call.ts';
import { isSameText } from '../callbacks/same-text.ts';
import { exchange } from '../http/exchange.ts';
import type {
  CallbackRequest,
  CallbackVerdict,
  CallContext,
  CallOutcome,
  ProviderAdapter,
  Ticket,
} from '../port.ts';
import { askedAt, type Account } from '../shared/account.ts';
import { untoldStatus } from '../shared/ask-status.ts';
import {
  abortedUnsent,
  refuseExecution,
  refuseUnsent,
  unreadableFailure,
  unsupportedKind,
} from '../shared/failures.ts';
import { textAt } from '../shared/json-fields.ts';
import { askAgainMs } from '../shared/tickets.ts';
import { classify } from './classify.ts';
import { findTranscript } from './find.ts';
import {
  secretHeader,
  statusRequest,
  transcriptRequest,
  unsupportedFields,
  uploadRequest,
} from './request.ts';
import { readTranscript, tellsStatus } from './transcript.ts';

const version = 1;
const kinds = ['transcribe'] as const;
const executions = ['background'] as const;
/** A long recording has many words, each with its times. */
const transcriptBytesMax = 24 * 1024 * 1024;

/**
 * AssemblyAI's transcripts. There is nothing to cancel: a deletion removes the data of work that is done. Work beyond
 * the account's limit waits in its queue, it is not refused.
 */
export function makeAssemblyai(account: Account, webhookSecret: string): ProviderAdapter {
  return {
    id: account.id,
    version,
    capabilities: { kinds, local: false, executions: { transcribe: executions } },
    transformInput: (call) => transcriptRequest(call),
    unsupported: unsupportedFields,
    normalizeOutput: (reply, call) =>
      readTranscript(account, reply, call, { checkInMs: askAgainMs({}) }),
    classifyError: (evidence) => classify(account, evidence, null),
    submitJob: (call, context) => submit(account, webhookSecret, call, context),
    getJobStatus: (ticket, call, context) => askStatus(account, ticket, call, context),
    findJob: (lost, context) => findTranscript(account, lost, context),
    callbacks: {
      verify: (request) => verify(request, webhookSecret),
      // The webhook has an id and a status; the transcript has to be fetched.
      read: () => ({ kind: 'ask' }),
    },
  };
}

/** With a secret, webhooks bring it back in a header; without one, the attempt's token in the address is the proof. */
async function verify({ headers }: CallbackRequest, secret: string): Promise<CallbackVerdict> {
  if (secret === '' || (await isSameText(secret, headers[secretHeader] ?? ''))) {
    return { kind: 'genuine' };
  }
  return { kind: 'refused', reason: 'the callback does not bring the secret that it was given' };
}

/** Uploads the sound and asks for its transcript. Until that is asked for, nothing is charged. */
async function submit(
  account: Account,
  webhookSecret: string,
  call: ModelCall,
  context: CallContext,
): Promise<CallOutcome> {
  const asked = askedAt(account, call.model);
  const refusal =
    refuseUnsent(asked, kinds, call, unsupportedFields(call), context.signal) ??
    refuseExecution(asked, call, executions);
  if (refusal !== null) return failed(refusal);
  if (call.kind !== 'transcribe') return failed(unsupportedKind(account.id, call.kind));
  const audioUrl = await upload(account, call, context);
  if (typeof audioUrl !== 'string') return failed(audioUrl);
  if (context.signal.aborted) return failed(abortedUnsent(asked, context.signal));
  const { callbackUrl = null } = context;
  const request = transcriptRequest(call, { audioUrl, callbackUrl, webhookSecret });
  const evidence = await exchange(account.endpoint, request, context, null);
  return evidence.kind === 'reply'
    ? readTranscript(account, evidence.reply, call, { checkInMs: askAgainMs(context) })
    : failed(classify(account, evidence, call.model));
}

/** The address of the sound, or why there is none: then nothing was begun, whatever the failure is. */
async function upload(
  account: Account,
  { audio, model }: TranscribeCall,
  context: CallContext,
): Promise<string | Failure> {
  // The call goes on after this answer.
  const quiet = { ...context, onHeaders: () => undefined };
  const evidence = await exchange(account.endpoint, uploadRequest(audio), quiet, null);
  if (evidence.kind !== 'reply') {
    return { ...classify(account, evidence, model), phase: 'not_sent' };
  }
  const { reply } = evidence;
  if (reply.status >= 300) return { ...classify(account, evidence, model), phase: 'rejected' };
  const url = isJsonObject(reply.body) ? textAt(reply.body, 'upload_url') : null;
  return url ?? { ...unreadableFailure(askedAt(account, model), reply), phase: 'not_sent' };
}

function failed(failure: Failure): CallOutcome {
  return { kind: 'failed', failure };
}

async function askStatus(
  account: Account,
  ticket: Ticket,
  call: ModelCall,
  context: CallContext,
): Promise<CallOutcome> {
  const checkInMs = askAgainMs(context);
  const request = statusRequest(ticket);
  const evidence = await exchange(account.endpoint, request, context, null, transcriptBytesMax);
  if (evidence.kind === 'reply' && tellsStatus(evidence.reply)) {
    return readTranscript(account, evidence.reply, call, { ticket, checkInMs });
  }
  return untoldStatus(evidence, {
    asked: askedAt(account, call.model),
    ticket,
    checkInMs,
    classify: (error) => classify(account, error, call.model),
  });
}
