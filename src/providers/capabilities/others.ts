import type { ModelRow } from './row.ts';

const read = { readOn: '2026-11-23' } as const;
const SEES = ['text', 'image', 'document'] as const;

const claude = 'https://platform.claude.com/docs/en/about-claude/models/overview';

/** Claude takes text and images, PDF as documents, and no sound. */
export const anthropicRows: readonly ModelRow[] = [
  {
    models: /^claude-(haiku|opus)-4-5(-\d{8})?$/,
    contextTokens: 200_000,
    outputTokensMax: 64_000,
    inputs: SEES,
    source: claude,
    ...read,
  },
  {
    // A header opens a larger window to some accounts, so that none is listed.
    models: /^claude-sonnet-4-5(-\d{8})?$/,
    outputTokensMax: 64_000,
    inputs: SEES,
    source: claude,
    ...read,
  },
  {
    models: /^claude-opus-4-1(-\d{8})?$/,
    contextTokens: 200_000,
    outputTokensMax: 32_000,
    inputs: SEES,
    source: claude,
    ...read,
  },
  {
    models: /^claude-(opus-4-[67]|opus-5|opus-5-5|sonnet-5)(-\d{8})?$/,
    contextTokens: 1_000_000,
    outputTokensMax: 128_000,
    inputs: SEES,
    source: claude,
    ...read,
  },
  {
    models: /^claude-sonnet-4-6$/,
    contextTokens: 1_000_000,
    inputs: SEES,
    source: claude,
    ...read,
  },
];

/** The window of Gemini's models counts the prompt alone: `contextTokens` is the limit of the input and the output together. */
export const googleRows: readonly ModelRow[] = [
  {
    models: /^gemini-(2\.5-flash|2\.5-flash-lite|3\.5-flash)$/,
    contextTokens: 1_048_576 + 65_536,
    outputTokensMax: 65_536,
    inputs: ['text', 'image', 'audio', 'document'],
    source: 'https://ai.google.dev/gemini-api/docs/models',
    ...read,
  },
];

export const groqRows: readonly ModelRow[] = [
  {
    models: /^(llama-3\.1-8b-instant|llama-3\.3-70b-versatile)$/,
    contextTokens: 131_072,
    inputs: ['text'],
    // Of Groq's models only those that its page on structured outputs names take a schema; these take `json_object`.
    jsonSchema: false,
    source: 'https://console.groq.com/docs/models',
    ...read,
  },
  {
    models: /^openai\/gpt-oss-(20b|120b)$/,
    contextTokens: 131_072,
    inputs: ['text'],
    source: 'https://console.groq.com/docs/models',
    ...read,
  },
];
