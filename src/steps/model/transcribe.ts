import { z } from 'zod';

import { defined } from './defined.ts';
import { fileField, mediaOf } from './files.ts';
import type { ModelStep } from './port.ts';
import { wrongKind } from './port.ts';
import { replyFields } from './reply-fields.ts';

const input = z.strictObject({
  audio: fileField,
  /** The language that is spoken; found out by the model if absent. */
  language: z
    .string()
    .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$/, 'must be a language code such as en or pt-BR')
    .optional(),
  /** Words and names that help the model. */
  prompt: z.string().min(1).max(10_000).optional(),
  timestamps: z.enum(['segment', 'word']).optional(),
  /** Whether speakers are told apart. */
  diarize: z.boolean().optional(),
});

/** Writes down what is said in a recording. */
export const modelTranscribe: ModelStep<typeof input> = {
  input,
  files: ({ audio }) => [{ id: audio, path: ['audio'], use: 'recording' }],
  call: ({ audio, ...rest }, { model, media }) => ({
    ok: true,
    value: { kind: 'transcribe', model, audio: mediaOf(media, audio), ...defined(rest) },
  }),
  output(reply) {
    const { result } = reply;
    if (result.kind !== 'transcribe') return wrongKind('transcribe');
    const { text, language, durationSeconds, segments, words } = result;
    return {
      ok: true,
      value: {
        text,
        language,
        duration_seconds: durationSeconds,
        segments,
        words,
        ...replyFields(reply),
      },
    };
  },
};
