import { z } from 'zod';

import type { JobEvent } from '../../../domain/job/event.ts';
import type { JobId } from '../../../domain/ids.ts';
import type { Correlation } from '../../../domain/job/job.ts';
import { isJsonObject } from '../../../domain/json.ts';
import { isoTime, toWire } from '../../../domain/wire.ts';
import { time } from '../fields.ts';

export const eventSchema = z
  .object({
    seq: z.int(),
    type: z.string(),
    at: time,
    job_id: z.string(),
    step: z.string().optional(),
    item: z.int().optional(),
    attempt: z.int().optional(),
    request_id: z.string(),
    trace_id: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Event' });
export type EventView = z.infer<typeof eventSchema>;

/** An event as the API and D1 show it: self-contained, with the ids that join it to everything else. */
export function eventView(jobId: JobId, correlation: Correlation, event: JobEvent): EventView {
  const { seq, type, atMs, step, item, attempt } = event;
  const data = toWire(event.data);
  return {
    seq,
    type,
    at: isoTime(atMs),
    job_id: jobId,
    ...(step === undefined ? {} : { step }),
    ...(item === undefined ? {} : { item }),
    ...(attempt === undefined ? {} : { attempt }),
    request_id: correlation.requestId,
    trace_id: correlation.traceId,
    data: isJsonObject(data) ? data : {},
  };
}
