import { z } from 'zod';

const COMMENT_CHARACTERS_MAX = 4_000;

export const feedbackInputSchema = z
  .strictObject({
    score: z
      .number()
      .min(0, 'must be from 0 (bad) to 1 (good)')
      .max(1, 'must be from 0 (bad) to 1 (good)')
      .optional()
      .meta({
        description:
          'From 0, bad, to 1, good: thumbs are 0 and 1, and of five stars each is worth 0.25 from the second on',
      }),
    label: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9_.-]{0,63}$/,
        'must be 1 to 64 lower-case letters, digits, dots, hyphens and underscores, such as wrong_language',
      )
      .optional()
      .meta({ description: 'One word of your own by which feedback is counted' }),
    comment: z.string().min(1).max(COMMENT_CHARACTERS_MAX).optional().meta({
      description:
        'The user’s words: kept as long as the job’s payloads, and never in logs or metrics',
    }),
    step: z.string().min(1).max(63).optional().meta({
      description: 'The step whose output is judged; the whole job without it',
    }),
    user: z.string().min(1).max(128).optional().meta({
      description: 'Your own name of the user who says it; kept as long as the comment',
    }),
  })
  .refine(
    ({ score, label, comment }) => (score ?? label ?? comment) !== undefined,
    'must have a score, a label or a comment',
  )
  .meta({ id: 'GiveFeedback' });
export type FeedbackInput = z.output<typeof feedbackInputSchema>;
