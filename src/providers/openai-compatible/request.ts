import type { Json, JsonObject } from '../../domain/json.ts';
import type { ChatCall, ChatParameters, EmbedCall, ModelCall } from '../../domain/model-call.ts';
import type { WireRequest } from '../port.ts';
import type { OpenAiCompatibleProfile } from './profile.ts';
import { isStrictSchema } from './strict-schema.ts';

/** The exact request for a call, but for credentials. */
export function toWireRequest(call: ModelCall, profile: OpenAiCompatibleProfile): WireRequest {
  switch (call.kind) {
    case 'chat':
      return post('/chat/completions', chatBody(call, profile));
    case 'embed':
      return post('/embeddings', embedBody(call));
    case 'classify':
    case 'rerank':
    case 'summarize':
    case 'image':
    case 'transcribe':
    case 'moderate':
      throw new Error(`a call of kind ${call.kind} was routed to an adapter without it`);
  }
}

/** The parameters of a call that this server does not have. */
export function unsupportedParameters(
  call: ModelCall,
  profile: OpenAiCompatibleProfile,
): readonly string[] {
  if (call.kind !== 'chat') return [];
  return profile.unsupported.filter((name) => call.parameters[name] !== undefined);
}

function post(path: string, body: Json): WireRequest {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  return { method: 'POST', path, headers, body };
}

function chatBody(call: ChatCall, profile: OpenAiCompatibleProfile): JsonObject {
  const streamed = call.output.kind === 'text' || profile.streamsJson;
  return {
    model: call.model,
    messages: [...schemaMessages(call, profile), ...call.messages],
    ...parameterFields(call.parameters, profile),
    ...responseFormat(call, profile),
    ...(streamed ? streamFields(profile) : {}),
  };
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
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined ? {} : { stop }),
    ...(effort === undefined ? {} : reasoningFields(effort, profile)),
  };
}

function reasoningFields(effort: string, profile: OpenAiCompatibleProfile): JsonObject {
  return profile.reasoningField === 'reasoning'
    ? { reasoning: { effort } }
    : { reasoning_effort: effort };
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

function embedBody(call: EmbedCall): JsonObject {
  return {
    model: call.model,
    input: call.texts,
    ...(call.dimensions === undefined ? {} : { dimensions: call.dimensions }),
    encoding_format: 'float',
  };
}
