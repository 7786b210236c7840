import type { JsonObject } from '../../domain/json.ts';
import type { ChatCall, ChatParameters, ClassifyCall } from '../../domain/model/model-call.ts';
import type { WireValue } from '../http/wire-body.ts';
import type { WireRequest } from '../port.ts';
import { chatOfClassify } from '../shared/classify-by-chat.ts';
import { objectAt } from '../shared/json-fields.ts';
import { systemText, toWireMessages } from './messages.ts';
import { enforceable } from './schema.ts';

/** The API wants a limit; this one is sent where the step sets none. */
const MAX_TOKENS_DEFAULT = 8_192;

/**
 * Models from before `output_config`: the schema is told in the system text instead.
 * UNVERIFIED: the last families without it, by their names.
 */
const formatlessModels = /^claude-(?:instant|2|3|(?:opus|sonnet)-4-(?:0|20250514))/;

type Fields = { readonly [name: string]: WireValue };

/** `POST /messages`, streamed. */
export function messagesRequest(call: ChatCall | ClassifyCall): WireRequest {
  return request('POST', '/messages', { ...messageFields(call), stream: true });
}

export function request(method: WireRequest['method'], path: string, body: Fields): WireRequest {
  const accept = 'application/json, text/event-stream';
  return { method, path, headers: { 'content-type': 'application/json', accept }, body };
}

/** The chat that a call comes down to. */
export function chatOf(call: ChatCall | ClassifyCall): ChatCall {
  return call.kind === 'classify' ? chatOfClassify(call) : call;
}

/** What is asked of the model, streamed or in a batch. */
export function messageFields(asked: ChatCall | ClassifyCall): Fields {
  const call = chatOf(asked);
  const { stream: _stream, ...options } = call.options ?? {};
  const format = formatOf(call);
  const system = [systemText(call.messages), ...toldSchema(call, format)].filter(Boolean);
  return {
    ...options,
    model: call.model,
    max_tokens: call.parameters.maxOutputTokens ?? MAX_TOKENS_DEFAULT,
    ...(system.length === 0 ? {} : { system: system.join('\n\n') }),
    messages: toWireMessages(call.messages),
    ...parameterFields(call.parameters),
    ...toolFields(call),
    ...outputConfig(options, call.parameters, format),
  };
}

function parameterFields({ temperature, topP, stop }: ChatParameters): JsonObject {
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(stop === undefined ? {} : { stop_sequences: stop }),
  };
}

function toolFields({ tools = [], toolChoice: choice }: ChatCall): JsonObject {
  if (tools.length === 0) return {};
  return {
    tools: tools.map(({ name, description, parameters }) => ({
      name,
      ...(description === undefined ? {} : { description }),
      input_schema: parameters,
    })),
    ...(choice === undefined ? {} : { tool_choice: toolChoice(choice) }),
  };
}

function toolChoice(choice: NonNullable<ChatCall['toolChoice']>): JsonObject {
  if (typeof choice === 'object') return { type: 'tool', name: choice.name };
  return { type: choice === 'required' ? 'any' : choice };
}

/** UNVERIFIED: which models take an effort; one that does not refuses the request, which says so. */
function outputConfig(
  options: JsonObject,
  { reasoningEffort: effort }: ChatParameters,
  format: JsonObject | null,
): JsonObject {
  const own = {
    ...(effort === undefined ? {} : { effort }),
    ...(format === null ? {} : { format }),
  };
  if (Object.keys(own).length === 0) return {};
  return { output_config: { ...objectAt(options, 'output_config'), ...own } };
}

function formatOf({ model, output }: ChatCall): JsonObject | null {
  if (output.kind === 'text' || formatlessModels.test(model)) return null;
  const schema = enforceable(output.schema);
  return schema === null ? null : { type: 'json_schema', schema };
}

/** A schema that cannot be enforced is told. */
function toldSchema({ output }: ChatCall, format: JsonObject | null): readonly string[] {
  if (output.kind === 'text' || format !== null) return [];
  const schema = JSON.stringify(output.schema);
  return [
    `Answer with one JSON value and nothing else. It must satisfy this JSON Schema: ${schema}`,
  ];
}
