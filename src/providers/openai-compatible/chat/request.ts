import type { JsonObject } from '../../../domain/json.ts';
import type { ChatCall, ChatParameters, Tool } from '../../../domain/model/model-call.ts';
import type { WireValue } from '../../http/wire-body.ts';
import { withOptions } from '../options.ts';
import type { OpenAiCompatibleProfile } from '../profile.ts';
import { toWireMessage } from './messages.ts';
import { isStrictSchema } from './strict-schema.ts';

/** The body of `POST /chat/completions`. */
export function chatBody(call: ChatCall, profile: OpenAiCompatibleProfile): WireValue {
  const streamed = call.output.kind === 'text' || profile.streamsJson;
  return withOptions(call.options, {
    model: call.model,
    messages: [...schemaMessages(call, profile), ...call.messages.map(toWireMessage)],
    ...parameterFields(call.parameters, profile),
    ...toolFields(call),
    ...responseFormat(call, profile),
    ...(streamed ? streamFields(profile) : {}),
  });
}

function streamFields(profile: OpenAiCompatibleProfile): JsonObject {
  return {
    stream: true,
    ...(profile.usageInStream ? { stream_options: { include_usage: true } } : {}),
  };
}

function parameterFields(parameters: ChatParameters, profile: OpenAiCompatibleProfile): JsonObject {
  const { maxOutputTokens, temperature, topP, seed, stop, reasoningEffort: effort } = parameters;
  return {
    ...(maxOutputTokens === undefined ? {} : { [profile.maxTokensField]: maxOutputTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(seed === undefined ? {} : { [profile.seedField]: seed }),
    ...(stop === undefined ? {} : { stop }),
    ...(effort === undefined ? {} : reasoningFields(effort, profile)),
  };
}

function reasoningFields(effort: string, profile: OpenAiCompatibleProfile): JsonObject {
  return profile.reasoningField === 'reasoning'
    ? { reasoning: { effort } }
    : { reasoning_effort: effort };
}

function toolFields({ tools = [], toolChoice: choice }: ChatCall): JsonObject {
  if (tools.length === 0) return {};
  const tool_choice =
    typeof choice === 'object' ? { type: 'function', function: { name: choice.name } } : choice;
  return {
    tools: tools.map((tool) => ({ type: 'function', function: functionOf(tool) })),
    ...(tool_choice === undefined ? {} : { tool_choice }),
  };
}

function functionOf({ name, description, parameters }: Tool): JsonObject {
  return { name, ...(description === undefined ? {} : { description }), parameters };
}

function responseFormat(call: ChatCall, profile: OpenAiCompatibleProfile): JsonObject {
  if (call.output.kind === 'text' || profile.jsonOutput === 'prompt') return {};
  if (profile.jsonOutput === 'json_object') return { response_format: { type: 'json_object' } };
  const { schema } = call.output;
  const strict = profile.strictSchemas && isStrictSchema(schema);
  return {
    response_format: { type: 'json_schema', json_schema: { name: 'output', schema, strict } },
  };
}

/** Where a schema has no field of its own, the model has to be told. */
function schemaMessages(call: ChatCall, profile: OpenAiCompatibleProfile): readonly JsonObject[] {
  if (call.output.kind === 'text' || profile.jsonOutput === 'json_schema') return [];
  const schema = JSON.stringify(call.output.schema);
  const content = `Answer with one JSON value and nothing else. It must satisfy this JSON Schema: ${schema}`;
  return [{ role: 'system', content }];
}
