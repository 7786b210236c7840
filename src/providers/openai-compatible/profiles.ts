import { baseProfile, type OpenAiCompatibleProfile } from './profile.ts';

const openai: OpenAiCompatibleProfile = {
  ...baseProfile,
  kinds: ['chat', 'embed', 'classify', 'image', 'transcribe', 'moderate'],
  maxTokensField: 'max_completion_tokens',
  strictSchemas: true,
  parts: ['text', 'image', 'audio', 'document'],
};

/** The servers that speak OpenAI's API, and what is different with each. */
export const openAiCompatibleProfiles = {
  openai,
  groq: {
    ...baseProfile,
    kinds: ['chat', 'classify', 'transcribe'],
    maxTokensField: 'max_completion_tokens',
    streamsJson: false,
    // 422 is its word for "the model produced nonsense", 498 for "no free capacity".
    classByStatus: { 422: 'output_invalid', 498: 'overloaded' },
  },
  together: {
    ...baseProfile,
    // UNVERIFIED: transcription and the fields of its images were not checked against its reference.
    kinds: ['chat', 'embed', 'classify', 'image', 'transcribe'],
    imageFields: 'together',
    unsupported: ['quality'],
    // 403 is its word for a prompt that is too long.
    classByStatus: { 403: 'context_length' },
  },
  openrouter: {
    ...baseProfile,
    reasoningField: 'reasoning',
    strictSchemas: true,
    parts: ['text', 'image', 'audio', 'document'],
  },
  mistral: {
    ...baseProfile,
    kinds: ['chat', 'embed', 'classify', 'transcribe', 'moderate'],
    seedField: 'random_seed',
    dimensionsField: 'output_dimension',
    // Its last chunk has the usage in any case, and unknown fields are refused.
    usageInStream: false,
    // UNVERIFIED: that its transcription takes `timestamp_granularities` with every model.
    timedModels: /./,
    diarizesBy: 'field',
    transcriptFormats: false,
    unsupported: ['reasoningEffort', 'prompt', 'images'],
  },
  vllm: { ...baseProfile, kinds: ['chat', 'embed', 'classify', 'transcribe'] },
  // UNVERIFIED: that `tool_choice` is still ignored.
  ollama: { ...baseProfile, unsupported: ['toolChoice'] },
  llamacpp: { ...baseProfile, parts: ['text', 'image', 'audio'] },
  lmstudio: baseProfile,
  'azure-openai': {
    ...openai,
    kinds: ['chat', 'embed', 'classify', 'image', 'transcribe'],
    keyHeader: 'api-key',
  },
  'cloudflare-ai-gateway': {
    ...baseProfile,
    kinds: ['chat', 'classify'],
    parts: ['text', 'image', 'audio', 'document'],
    // Repeating is the engine's business alone, and an answer from a cache would be billed as if it were new.
    extraHeaders: { 'cf-aig-max-attempts': '1', 'cf-aig-skip-cache': 'true' },
  },
} as const satisfies Record<string, OpenAiCompatibleProfile>;
