import type { JsonObject } from '../../../domain/json.ts';
import type { ChatCall } from '../../../domain/model/model-call.ts';
import { isStrictSchema } from '../../openai-compatible/chat/strict-schema.ts';
import { withOptions } from '../../openai-compatible/options.ts';
import type { WireBody } from '../../http/wire-body.ts';
import type { Ticket, WireRequest } from '../../port.ts';
import { objectAt } from '../../shared/json-fields.ts';
import { toItems } from './items.ts';

const path = '/responses';
const keyField = 'idempotency_key';

/**
 * `POST /responses` in the background. What is not stored could not be asked for later. With the attempt's key, the
 * metadata has it too, where people find it in the provider's own logs.
 */
export function responseRequest(call: ChatCall, idempotencyKey?: string): WireRequest {
  const body = withOptions(call.options, {
    model: call.model,
    input: call.messages.flatMap(toItems),
    ...parameterFields(call),
    ...toolFields(call),
    ...textFormat(call),
    ...metadataOf(call, idempotencyKey),
    background: true,
    store: true,
  });
  return request('POST', path, body);
}

function metadataOf({ options = {} }: ChatCall, key: string | undefined): JsonObject {
  return key === undefined
    ? {}
    : { metadata: { ...objectAt(options, 'metadata'), [keyField]: key } };
}

export function statusRequest({ providerJobId }: Ticket): WireRequest {
  return request('GET', `${path}/${encodeURIComponent(providerJobId)}`, {});
}

export function cancelRequest({ providerJobId }: Ticket): WireRequest {
  return request('POST', `${path}/${encodeURIComponent(providerJobId)}/cancel`, {});
}

/** What a response cannot be told although a chat can. */
export function unsupportedInResponses({ parameters, messages }: ChatCall): readonly string[] {
  const hasAudio = messages.some(
    ({ content }) => typeof content !== 'string' && content.some(({ type }) => type === 'audio'),
  );
  return [
    ...(parameters.seed === undefined ? [] : ['seed']),
    ...(parameters.stop === undefined ? [] : ['stop']),
    // UNVERIFIED: sound in the input is described for realtime and chat models only.
    ...(hasAudio ? ['audio'] : []),
  ];
}

function parameterFields({ parameters }: ChatCall): JsonObject {
  const { maxOutputTokens, temperature, topP, reasoningEffort: effort } = parameters;
  return {
    ...(maxOutputTokens === undefined ? {} : { max_output_tokens: maxOutputTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(effort === undefined ? {} : { reasoning: { effort } }),
  };
}

/** Unlike in chat, a tool is enforced strictly unless it says otherwise. */
function toolFields({ tools = [], toolChoice: choice }: ChatCall): JsonObject {
  if (tools.length === 0) return {};
  const tool_choice = typeof choice === 'object' ? { type: 'function', name: choice.name } : choice;
  return {
    tools: tools.map(({ name, description, parameters }) => ({
      type: 'function',
      name,
      ...(description === undefined ? {} : { description }),
      parameters,
      strict: false,
    })),
    ...(tool_choice === undefined ? {} : { tool_choice }),
  };
}

function textFormat({ output }: ChatCall): JsonObject {
  if (output.kind === 'text') return {};
  const { schema } = output;
  const strict = isStrictSchema(schema);
  return { text: { format: { type: 'json_schema', name: 'output', schema, strict } } };
}

function request(method: WireRequest['method'], at: string, body: WireBody): WireRequest {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  return { method, path: at, headers, body };
}
