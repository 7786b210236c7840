import type { ChatParameters } from '../../domain/model-call.ts';
import type { ProviderFailureClass } from '../http/failure-sentence.ts';

/** How one server deviates from OpenAI's chat and embeddings API. */
export type OpenAiCompatibleProfile = {
  readonly maxTokensField: 'max_completion_tokens' | 'max_tokens';
  /** How the effort of reasoning is asked for: as a plain field, or inside a `reasoning` object. */
  readonly reasoningField: 'reasoning_effort' | 'reasoning';
  /** How JSON is asked for; without `json_schema` the schema goes into a system message. */
  readonly jsonOutput: 'json_schema' | 'json_object' | 'prompt';
  /** May `strict` be set for a schema that allows it? */
  readonly strictSchemas: boolean;
  /** Can a reply with a JSON schema be streamed? */
  readonly streamsJson: boolean;
  /** Is `stream_options.include_usage` understood? */
  readonly usageInStream: boolean;
  /** Parameters that the server does not have: a call with one of them is refused, never silently changed. */
  readonly unsupported: readonly (keyof ChatParameters)[];
  readonly extraHeaders: Readonly<Record<string, string>>;
  /** Statuses that mean something else here than elsewhere. */
  readonly classByStatus: Readonly<Record<number, ProviderFailureClass>>;
};

const base: OpenAiCompatibleProfile = {
  maxTokensField: 'max_tokens',
  reasoningField: 'reasoning_effort',
  jsonOutput: 'json_schema',
  strictSchemas: false,
  streamsJson: true,
  usageInStream: true,
  unsupported: [],
  extraHeaders: {},
  classByStatus: {},
};

export const openAiCompatibleProfiles = {
  openai: { ...base, maxTokensField: 'max_completion_tokens', strictSchemas: true },
  groq: {
    ...base,
    maxTokensField: 'max_completion_tokens',
    streamsJson: false,
    // 422 is its word for "the model produced nonsense", 498 for "no free capacity".
    classByStatus: { 422: 'output_invalid', 498: 'overloaded' },
  },
  // 403 is its word for a prompt that is too long.
  together: { ...base, classByStatus: { 403: 'context_length' } },
  openrouter: { ...base, reasoningField: 'reasoning', strictSchemas: true },
  vllm: base,
  ollama: base,
} as const satisfies Record<string, OpenAiCompatibleProfile>;
