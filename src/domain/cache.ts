import { z } from 'zod';

import { DAY, duration, SECOND } from './definition/definition-parts.ts';
import { durationMs } from './duration.ts';

/**
 * Whether a model step takes over the result of an identical call of its project, and leaves its own for others.
 * - `read_write` both
 * - `read_only`  takes over, leaves nothing
 * - `refresh`    always asks the model, and leaves its result
 * - `off`        neither
 */
export const cacheModes = ['read_write', 'read_only', 'refresh', 'off'] as const;
type CacheMode = (typeof cacheModes)[number];

const TTL_MS = DAY;

export const cache = z.strictObject({
  mode: z.enum(cacheModes).meta({
    description:
      '`read_write` takes over the result of an identical call and leaves its own for others; `read_only` leaves nothing; `refresh` always asks the model; `off` does neither.',
  }),
  ttl: duration(SECOND, 30 * DAY, '1s and 30d')
    .optional()
    .meta({
      description:
        'How old a result may be that is taken over, and how long one that is left may be taken; it goes earlier with the payloads of its job.',
      default: '24h',
    }),
  single_flight: z.boolean().optional().meta({
    description:
      'Whether identical calls at the same time become one, whose result the others wait for. Needs `read_write`.',
    default: false,
  }),
});
export type CacheDefinition = z.infer<typeof cache>;

/**
 * What a submit says about the caches of its job. STORED in the job's birth: append, never rename.
 * - `bypass`  no step takes over or leaves a result
 * - `refresh` no step takes over a result; those that leave one do
 */
export const cacheOverrides = ['bypass', 'refresh'] as const;
export type CacheOverride = (typeof cacheOverrides)[number];

export type CacheUse = {
  readonly reads: boolean;
  readonly writes: boolean;
  /** How old a result may be, in milliseconds. */
  readonly ttlMs: number;
  readonly singleFlight: boolean;
};

const READS: ReadonlySet<CacheMode> = new Set(['read_write', 'read_only']);
const WRITES: ReadonlySet<CacheMode> = new Set(['read_write', 'refresh']);

/** What a step does with the cache in a job; null when it has nothing to do with it. */
export function cacheUse(
  definition: CacheDefinition | undefined,
  override: CacheOverride | undefined,
): CacheUse | null {
  if (definition === undefined || override === 'bypass') return null;
  const reads = READS.has(definition.mode) && override !== 'refresh';
  const writes = WRITES.has(definition.mode);
  if (!reads && !writes) return null;
  const singleFlight = definition.single_flight === true && reads && writes;
  return { reads, writes, ttlMs: durationMs(definition.ttl, TTL_MS), singleFlight };
}
