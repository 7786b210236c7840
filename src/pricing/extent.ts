import { isJsonObject, type Json, type JsonObject } from '../domain/json.ts';
import type { ModelCall } from '../domain/model/model-call.ts';

/**
 * How far a call goes beyond its model's plain work, where that has a price: `extras` are options, of which some are
 * charged; `special` is another service tier, region or speed, or work done by the provider's own tools, for which
 * list prices of tokens say nothing.
 */
export type Extent = 'plain' | 'extras' | 'special';

/** Options of the providers' requests that change what a token costs, or that are charged beside the tokens. */
const specialOptions = [
  'speed',
  'inference_geo',
  'web_search_options',
  'plugins',
  'mcp_servers',
  'container',
];
const tierOptions = ['service_tier', 'serviceTier'];
const plainTiers = ['auto', 'default', 'standard', 'standard_only', 'on_demand'];
/** Tools that the caller carries out; others are carried out by the provider. */
const plainTools = ['function', 'custom'];

export function extentOf(call: ModelCall): Extent {
  const { options = {} } = call;
  if (isSpecial(options)) return 'special';
  const diarizes = call.kind === 'transcribe' && call.diarize === true;
  return diarizes || Object.keys(options).length > 0 ? 'extras' : 'plain';
}

function isSpecial(options: JsonObject): boolean {
  return (
    specialOptions.some((name) => options[name] !== undefined) ||
    tierOptions.some((name) => isOtherTier(options[name])) ||
    isOthersWork(options['tools'])
  );
}

function isOtherTier(tier: Json | undefined): boolean {
  return tier !== undefined && !(typeof tier === 'string' && plainTiers.includes(tier));
}

function isOthersWork(tools: Json | undefined): boolean {
  if (tools === undefined) return false;
  return !(Array.isArray(tools) && tools.every(isCallersTool));
}

/** Anthropic's own tools have a type, the caller's have none or `custom`; Google's are keys of an object. */
function isCallersTool(tool: Json): boolean {
  if (!isJsonObject(tool)) return false;
  if (tool['type'] === undefined)
    return tool['functionDeclarations'] !== undefined || tool['input_schema'] !== undefined;
  return typeof tool['type'] === 'string' && plainTools.includes(tool['type']);
}
