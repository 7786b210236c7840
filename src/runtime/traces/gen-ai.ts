import type { HistoryCall } from '../messages.ts';
import type { Attributes } from './span.ts';

/**
 * Model calls in the words of OpenTelemetry's conventions for generative AI
 * (https://github.com/open-telemetry/semantic-conventions-genai). Prompts and answers are never among them.
 */

/** The conventions' names of operations; what they have no name for keeps ours. */
const OPERATIONS: Readonly<Record<string, string>> = {
  'model.chat': 'chat',
  'model.embed': 'embeddings',
  'model.image': 'generate_content',
};

/** The conventions' names of providers; others keep the name that pipelines use. */
const PROVIDERS: Readonly<Record<string, string>> = {
  google: 'gcp.gemini',
  mistral: 'mistral_ai',
  'azure-openai': 'azure.ai.openai',
};

const OUTPUT_TYPES: Readonly<Record<string, string>> = {
  'model.chat': 'text',
  'model.image': 'image',
  'model.transcribe': 'text',
};

type Facts = {
  readonly finish_reason?: string | undefined;
  readonly time_to_first_token_ms?: number | undefined;
  readonly cache_hit?: boolean | undefined;
};

/** `chat` for `model.chat`. */
export function operationOf(uses: string): string {
  return OPERATIONS[uses] ?? uses.replace(/^model\./, '');
}

/** True for the provider whose models run inside the Worker. */
export function isInside(provider: string): boolean {
  return provider === 'builtin';
}

export function callAttributes(uses: string, call: HistoryCall, facts: Facts): Attributes {
  const { provider, model, usage } = call;
  const { finish_reason: finishReason, time_to_first_token_ms: firstTokenMs } = facts;
  return {
    'gen_ai.operation.name': operationOf(uses),
    'gen_ai.provider.name': PROVIDERS[provider] ?? provider,
    'gen_ai.request.model': model,
    'gen_ai.response.model': call.returned_model,
    'gen_ai.response.finish_reasons': finishReason === undefined ? null : [finishReason],
    'gen_ai.response.time_to_first_chunk':
      firstTokenMs === undefined ? null : { fraction: firstTokenMs / 1_000 },
    'gen_ai.output.type': OUTPUT_TYPES[uses],
    ...usageAttributes(usage),
    'penstock.cost_nano_usd': call.cost_nano_usd,
    'penstock.cache_hit': facts.cache_hit,
    'penstock.provider_request.id': call.provider_request_id,
  };
}

/** The conventions count everything that was read as input and everything that was written as output. */
function usageAttributes(usage: HistoryCall['usage']): Attributes {
  const input = sumOf(usage, INPUT);
  const output = sumOf(usage, OUTPUT);
  return {
    'gen_ai.usage.input_tokens': input,
    'gen_ai.usage.output_tokens': output,
    'gen_ai.usage.cache_read.input_tokens': usage['cacheReadTokens'],
    'gen_ai.usage.cache_write.input_tokens': sumOf(usage, CACHE_WRITE),
    'gen_ai.usage.reasoning.output_tokens': usage['reasoningTokens'],
  };
}

const CACHE_WRITE = ['cacheWriteTokens', 'cacheWriteHourTokens'];
const INPUT = [
  'inputTokens',
  'cacheReadTokens',
  'audioInputTokens',
  'imageInputTokens',
  ...CACHE_WRITE,
];
const OUTPUT = ['outputTokens', 'reasoningTokens', 'audioOutputTokens', 'imageOutputTokens'];

/** Null when the provider told none of them. */
function sumOf(usage: HistoryCall['usage'], names: readonly string[]): number | null {
  const told = names.flatMap((name) => usage[name] ?? []);
  return told.length === 0 ? null : told.reduce((sum, count) => sum + count, 0);
}
