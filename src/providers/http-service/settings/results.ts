/** Where the neutral result of each kind stands in a service's reply. */
import { z } from 'zod';

import type { ModelKind } from '../../../domain/model/model-call.ts';
import { replyPath } from './parts.ts';

const maybe = replyPath.optional();
const finishReason = z.enum(
  ['stop', 'length', 'content_filter', 'other'],
  'must be stop, length, content_filter or other',
);

/** Fields of lists stand side by side: the first item of each makes the first row. Times are in seconds. */
export const resultMappings = {
  chat: z.strictObject({
    text: replyPath,
    finish_reason: maybe,
    /** The service's words for the reasons; `stop` and `length` need none. */
    finish_reasons: z.record(z.string(), finishReason).default({}),
    /** A refusal that is no text of the answer. */
    refusal: maybe,
  }),
  embed: z.strictObject({
    vectors: replyPath,
    /** The place of each vector's text in the call; as they come, if absent. */
    index: maybe,
  }),
  classify: z.strictObject({ label: replyPath, score: replyPath }),
  rerank: z.strictObject({ index: replyPath, score: replyPath }),
  summarize: z.strictObject({ summary: replyPath }),
  image: z
    .strictObject({ url: maybe, base64: maybe, mime_type: maybe, revised_prompt: maybe })
    .refine(({ url, base64 }) => (url === undefined) !== (base64 === undefined), {
      message: 'needs `url` or `base64`, and not both',
    }),
  transcribe: z.strictObject({
    text: replyPath,
    language: maybe,
    duration_seconds: maybe,
    segments: z
      .strictObject({ text: replyPath, start: replyPath, end: replyPath, speaker: maybe })
      .optional(),
    words: z
      .strictObject({
        word: replyPath,
        start: replyPath,
        end: replyPath,
        confidence: maybe,
        speaker: maybe,
      })
      .optional(),
  }),
  moderate: z.strictObject({
    flagged: replyPath,
    categories: z.strictObject({ category: replyPath, flagged: maybe, score: maybe }).optional(),
  }),
} as const satisfies Record<ModelKind, z.ZodType>;

export type ResultMapping<Kind extends ModelKind> = z.output<(typeof resultMappings)[Kind]>;
