import { z } from 'zod';

/** Fields that many answers have. */

export const time = z.iso.datetime().meta({ description: 'ISO 8601 in UTC, with milliseconds' });
export const anyJson = z.unknown().meta({ description: 'any JSON value' });
