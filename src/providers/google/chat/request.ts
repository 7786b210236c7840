import type { JsonObject } from '../../../domain/json.ts';
import type { ChatCall, ChatParameters, Tool } from '../../../domain/model/model-call.ts';
import type { WireValue } from '../../http/wire-body.ts';
import { objectAt } from '../../shared/json-fields.ts';
import { systemParts, toContents } from './contents.ts';

/** The body of `:streamGenerateContent`. */
export function chatBody(call: ChatCall): WireValue {
  const { options = {}, messages, model, parameters } = call;
  const system = systemParts(messages);
  return {
    ...options,
    contents: toContents(messages, model),
    ...(system.length === 0 ? {} : { systemInstruction: { parts: system } }),
    ...toolFields(call),
    ...configFields(options, {
      ...parameterFields(parameters),
      ...formatFields(call),
      ...thinkingFields(options, parameters, model),
    }),
  };
}

/** `generationConfig` with what only this provider knows, where either side has something to say. */
export function configFields(options: JsonObject, own: JsonObject): JsonObject {
  if (Object.keys(own).length === 0) return {};
  return { generationConfig: { ...objectAt(options, 'generationConfig'), ...own } };
}

function parameterFields(parameters: ChatParameters): JsonObject {
  const { temperature, topP, maxOutputTokens, seed, stop } = parameters;
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined ? {} : { stopSequences: stop }),
  };
}

function formatFields({ output }: ChatCall): JsonObject {
  return output.kind === 'text'
    ? {}
    : { responseMimeType: 'application/json', responseJsonSchema: output.schema };
}

/** Tokens of thought for the models that count them, as Google translates OpenAI's words for them. */
const budgets = { minimal: 1_024, low: 1_024, medium: 8_192, high: 24_576 } as const;
const countingModels = /gemini-2\.5/;

/**
 * UNVERIFIED: that every model from version 3 on takes all four levels; one that does not refuses the request, which
 * says so.
 */
function thinkingFields(
  options: JsonObject,
  { reasoningEffort: effort }: ChatParameters,
  model: string,
): JsonObject {
  if (effort === undefined) return {};
  const own = countingModels.test(model)
    ? { thinkingBudget: budgets[effort] }
    : { thinkingLevel: effort.toUpperCase() };
  const given = objectAt(objectAt(options, 'generationConfig'), 'thinkingConfig');
  return { thinkingConfig: { ...given, ...own } };
}

function toolFields({ tools = [], toolChoice: choice }: ChatCall): JsonObject {
  if (tools.length === 0) return {};
  return {
    tools: [{ functionDeclarations: tools.map(declarationOf) }],
    ...(choice === undefined ? {} : { toolConfig: { functionCallingConfig: choiceOf(choice) } }),
  };
}

function declarationOf({ name, description, parameters }: Tool): JsonObject {
  const said = description === undefined ? {} : { description };
  return { name, ...said, parametersJsonSchema: parameters };
}

const modes = { auto: 'AUTO', none: 'NONE', required: 'ANY' } as const;

function choiceOf(choice: NonNullable<ChatCall['toolChoice']>): JsonObject {
  if (typeof choice === 'object') return { mode: 'ANY', allowedFunctionNames: [choice.name] };
  return { mode: modes[choice] };
}
