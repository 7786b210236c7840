import { z } from 'zod';

import { duration, HELD_ATTEMPT_MAX_MS, SECOND } from './definition-parts.ts';
import { DURATION, DURATION_HELP, parseDurationMs } from '../duration.ts';

/** When a route asks a second target beside one that has not answered yet. */

/** The time within which nineteen of twenty of a target's calls have ended lately. */
const P95 = 'p95';

const AFTER_MIN_MS = 50;
const RANGE = '50ms and 10m';

function isDelay(text: string): boolean {
  return text === P95 || parseDurationMs(text) !== null;
}

function isWithinRange(text: string): boolean {
  const ms = parseDurationMs(text);
  return ms === null || (ms >= AFTER_MIN_MS && ms <= HELD_ATTEMPT_MAX_MS);
}

const DELAY_HELP = `must be \`${P95}\`, or ${DURATION_HELP}`;

const delay = z
  .string({ error: DELAY_HELP })
  .refine(isDelay, { error: DELAY_HELP, abort: true })
  .refine(isWithinRange, { error: `must be \`${P95}\`, or between ${RANGE}` })
  .meta({
    pattern: `^${P95}$|${DURATION.source}`,
    $comment: `\`${P95}\`, or ${RANGE}`,
    examples: ['2s', P95],
  });

export const hedge = z
  .strictObject({
    after: delay.meta({
      description:
        'How long an attempt has run when the second target is asked; `p95` is the time within which 19 of 20 calls of its target have ended lately.',
    }),
    or: duration(AFTER_MIN_MS, 600 * SECOND, RANGE)
      .optional()
      .meta({
        description:
          'With `p95`: what holds while nothing is measured; no second target is asked then, if absent.',
      }),
    max: z.int().min(1).max(5).optional().meta({
      description:
        'How often a second target is asked in one run of a step, or of an item of its map.',
      default: 1,
    }),
  })
  .refine(({ after, or }) => or === undefined || after === P95, {
    error: `has a meaning only with \`after: ${P95}\``,
    path: ['or'],
  });
export type HedgeDefinition = z.infer<typeof hedge>;
