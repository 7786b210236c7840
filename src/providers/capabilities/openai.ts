import type { ModelRow } from './row.ts';

const TEXT_ONLY = ['text'] as const;
const SEES = ['text', 'image', 'document'] as const;

const pages = 'https://developers.openai.com/api/docs/models';
const read = { readOn: '2026-11-23' } as const;

/**
 * OpenAI's models for text. Windows and answers as the pages of the models have them; what reasoning models refuse as
 * the interface answers (`unsupported_value`, `unsupported_parameter`). From `gpt-5.1` on that depends on the effort
 * that is asked for, so that nothing is listed.
 */
export const openaiRows: readonly ModelRow[] = [
  {
    models: /^gpt-3\.5-turbo(-\d{4})?$/,
    contextTokens: 16_385,
    outputTokensMax: 4_096,
    inputs: TEXT_ONLY,
    jsonSchema: false,
    source: `${pages}/gpt-3.5-turbo`,
    ...read,
  },
  {
    models: /^gpt-4(-0613)?$/,
    contextTokens: 8_192,
    outputTokensMax: 8_192,
    inputs: TEXT_ONLY,
    jsonSchema: false,
    source: `${pages}/gpt-4`,
    ...read,
  },
  {
    models: /^gpt-4-turbo(-2024-04-09)?$/,
    contextTokens: 128_000,
    outputTokensMax: 4_096,
    jsonSchema: false,
    source: `${pages}/gpt-4-turbo`,
    ...read,
  },
  {
    models: /^gpt-4o(-mini)?(-\d{4}-\d{2}-\d{2})?$/,
    contextTokens: 128_000,
    outputTokensMax: 16_384,
    inputs: SEES,
    source: `${pages}/gpt-4o`,
    ...read,
  },
  {
    models: /^gpt-4\.1(-mini|-nano)?(-\d{4}-\d{2}-\d{2})?$/,
    contextTokens: 1_047_576,
    outputTokensMax: 32_768,
    inputs: SEES,
    source: `${pages}/gpt-4.1`,
    ...read,
  },
  {
    models: /^o3-mini(-\d{4}-\d{2}-\d{2})?$/,
    contextTokens: 200_000,
    outputTokensMax: 100_000,
    inputs: TEXT_ONLY,
    refuses: ['temperature', 'topP'],
    source: `${pages}/o3-mini`,
    ...read,
  },
  {
    models: /^(o3|o4-mini)(-\d{4}-\d{2}-\d{2})?$/,
    contextTokens: 200_000,
    outputTokensMax: 100_000,
    inputs: SEES,
    refuses: ['temperature', 'stop'],
    source: `${pages}/o4-mini`,
    ...read,
  },
  {
    models: /^gpt-5(-mini|-nano)?(-\d{4}-\d{2}-\d{2})?$/,
    contextTokens: 400_000,
    outputTokensMax: 128_000,
    inputs: SEES,
    refuses: ['temperature'],
    source: `${pages}/gpt-5`,
    ...read,
  },
  {
    models: /^gpt-5\.4-(mini|nano)(-\d{4}-\d{2}-\d{2})?$/,
    contextTokens: 400_000,
    outputTokensMax: 128_000,
    inputs: SEES,
    source: `${pages}/gpt-5.4-mini`,
    ...read,
  },
  {
    models: /^gpt-5\.4(-\d{4}-\d{2}-\d{2})?$/,
    contextTokens: 1_050_000,
    outputTokensMax: 128_000,
    inputs: SEES,
    source: `${pages}/gpt-5.4`,
    ...read,
  },
];
