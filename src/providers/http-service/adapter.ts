import type { Failure } from '../../domain/job/failure.ts';
import { isJsonObject } from '../../domain/json.ts';
import {
  modelKinds,
  type Execution,
  type ModelCall,
  type ModelKind,
} from '../../domain/model/model-call.ts';
import { exchange, type FetchLike } from '../http/exchange.ts';
import type { CallContext, CallOutcome, ProviderAdapter, Ticket } from '../port.ts';
import { askedAt, type Account } from '../shared/account.ts';
import { untoldStatus } from '../shared/ask-status.ts';
import { refuseExecution, refuseUnsent, unsupportedKind } from '../shared/failures.ts';
import { classify } from './errors.ts';
import { toOutcome } from './reply.ts';
import { submitRequest, ticketRequest } from './request.ts';
import type { KindSettings, ServiceSettings } from './settings/schema.ts';
import { unsupportedFields } from './unsupported.ts';

/** Pictures may come as base64 inside JSON. */
const replyBytesMax = 24 * 1024 * 1024;
const waitingExecution: Execution = 'background';

type Service = {
  readonly account: Account;
  readonly settings: ServiceSettings;
  readonly executions: Readonly<Partial<Record<ModelKind, readonly Execution[]>>>;
};

export type ServiceBinding = {
  /** Without surrounding spaces; empty for a service that wants no key. */
  readonly apiKey: string;
  /** The name of the setting that the service stands in, for messages. */
  readonly settingName: string;
  readonly fetch: FetchLike;
};

/** An adapter for an inference service whose requests and replies are declared in the deployment's settings. */
export function makeHttpService(
  settings: ServiceSettings,
  binding: ServiceBinding,
): ProviderAdapter {
  const kinds = kindsOf(settings);
  const executions = Object.fromEntries(
    kinds.flatMap((kind) =>
      settings.kinds[kind]?.status === undefined ? [] : [[kind, [waitingExecution]]],
    ),
  );
  const service: Service = { account: accountOf(settings, binding), settings, executions };
  const { account } = service;
  const polls = Object.keys(executions).length > 0;
  const cancels = kinds.some((kind) => settings.kinds[kind]?.cancel !== undefined);
  return {
    id: settings.id,
    version: settings.version,
    capabilities: { kinds, local: false, ...(polls ? { executions } : {}) },
    transformInput: (call) => submitRequest(known(service, call).submit, call),
    unsupported: (call) => missingIn(service, call),
    normalizeOutput: (reply, call) => {
      const own = settings.kinds[call.kind];
      if (own === undefined) return lacking(service, call);
      return toOutcome(own, askedAt(account, call.model), reply, call);
    },
    classifyError: (evidence) => classify(firstErrors(settings), askedAt(account, null), evidence),
    submitJob: (call, context) => submit(service, call, context),
    ...(polls
      ? {
          getJobStatus: (ticket: Ticket, call: ModelCall, context: CallContext) =>
            askStatus(service, ticket, call, context),
        }
      : {}),
    ...(cancels
      ? {
          cancelJob: (ticket: Ticket, call: ModelCall, context: CallContext) =>
            cancel(service, ticket, call, context),
        }
      : {}),
  };
}

function kindsOf({ kinds }: ServiceSettings): readonly ModelKind[] {
  return modelKinds.filter((kind) => kinds[kind] !== undefined);
}

function accountOf(settings: ServiceSettings, binding: ServiceBinding): Account {
  const { id, base_url: baseUrl, secret_name, auth_header, auth_scheme, headers } = settings;
  const { apiKey, settingName, fetch } = binding;
  const name = auth_header.toLowerCase();
  const scheme = auth_scheme ?? (name === 'authorization' ? 'Bearer' : '');
  const auth = apiKey === '' ? {} : { [name]: `${scheme} ${apiKey}`.trim() };
  return {
    id,
    secretName: secret_name ?? settingName,
    endpoint: { fetch, baseUrl, headers: { ...headers, ...auth } },
    secrets: apiKey === '' ? [] : [apiKey],
  };
}

/** Where the kind is not known, the words of the first one are tried. */
function firstErrors(settings: ServiceSettings): KindSettings['error'] | null {
  const [kind] = kindsOf(settings);
  return kind === undefined ? null : (settings.kinds[kind]?.error ?? null);
}

function known({ settings }: Service, { kind }: ModelCall): KindSettings {
  const own = settings.kinds[kind];
  if (own === undefined) throw new Error(`a call of kind ${kind} was routed to ${settings.id}`);
  return own;
}

function missingIn({ settings }: Service, call: ModelCall): readonly string[] {
  const own = settings.kinds[call.kind];
  return own === undefined ? [] : unsupportedFields(call, own);
}

function lacking({ account }: Service, { kind }: ModelCall): CallOutcome {
  return { kind: 'failed', failure: unsupportedKind(account.id, kind) };
}

async function submit(
  service: Service,
  call: ModelCall,
  context: CallContext,
): Promise<CallOutcome> {
  const refusal = refuse(service, call, context.signal);
  if (refusal !== null) return { kind: 'failed', failure: refusal };
  const { account } = service;
  const own = known(service, call);
  const asked = askedAt(account, call.model);
  const request = submitRequest(own.submit, call, context.idempotencyKey);
  const headers = { ...context.headers, 'idempotency-key': context.idempotencyKey };
  const sending = { ...context, headers };
  const evidence = await exchange(account.endpoint, request, sending, null, replyBytesMax);
  return evidence.kind === 'reply'
    ? toOutcome(own, asked, evidence.reply, call)
    : { kind: 'failed', failure: classify(own.error, asked, evidence) };
}

function refuse(service: Service, call: ModelCall, signal: AbortSignal): Failure | null {
  const { account, settings, executions } = service;
  const asked = askedAt(account, call.model);
  const missing = missingIn(service, call);
  return (
    refuseUnsent(asked, kindsOf(settings), call, missing, signal) ??
    refuseExecution(asked, call, executions[call.kind] ?? ['sync'])
  );
}

async function askStatus(
  service: Service,
  ticket: Ticket,
  call: ModelCall,
  context: CallContext,
): Promise<CallOutcome> {
  const { account } = service;
  const own = known(service, call);
  const { status } = own;
  if (status === undefined) return lacking(service, call);
  const asked = askedAt(account, call.model);
  const request = ticketRequest(status.request, call, ticket);
  const evidence = await exchange(account.endpoint, request, context, null, replyBytesMax);
  if (evidence.kind === 'reply' && evidence.reply.status < 300 && isJsonObject(evidence.reply.body))
    return toOutcome(own, asked, evidence.reply, call, ticket);
  return untoldStatus(evidence, {
    asked,
    ticket,
    checkInMs: status.checkInMs,
    classify: (error) => classify(own.error, asked, error),
  });
}

async function cancel(
  service: Service,
  ticket: Ticket,
  call: ModelCall,
  context: CallContext,
): Promise<void> {
  const request = service.settings.kinds[call.kind]?.cancel;
  if (request === undefined) return;
  await exchange(service.account.endpoint, ticketRequest(request, call, ticket), context, null);
}
