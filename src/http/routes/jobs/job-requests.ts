import { z } from '@hono/zod-openapi';

import { TAG_CHARACTERS_MAX } from '../../../domain/job/tag.ts';
import { cacheOverrides } from '../../../domain/cache.ts';
import { DAY, duration, longTimeout, SECOND } from '../../../domain/definition/definition-parts.ts';
import { priorities } from '../../../domain/job/flow.ts';
import { firstJobIdAt, isJobId } from '../../../domain/ids.ts';
import { jobStatuses } from '../../../domain/job/job.ts';
import { parsePipelineReference } from '../../../domain/definition/pipeline-reference.ts';
import { waitingKinds } from '../../../domain/job/waiting.ts';
import type { JobFilter } from '../../../services/ports/job-index.ts';
import type { ReadRequest } from '../../../services/ports/job-shard/snapshot.ts';
import { jobWebhookField } from '../../../services/webhooks/endpoints/endpoint-input.ts';
import {
  limitField,
  metadataField,
  pipelineFilter,
  tagsField,
  timeField,
  wholeNumber,
} from '../request-fields.ts';

/** What requests about jobs may carry. */

export const timeoutsField = z.strictObject({
  job: longTimeout.optional(),
  queue: longTimeout.optional(),
});

export const submitBody = z
  .strictObject({
    pipeline: z
      .string()
      .min(1)
      .max(80)
      .meta({ example: 'document-digest', description: '`name`, or `name@3` for a version' }),
    input: z
      .json()
      .default({})
      .meta({ type: 'object', description: 'any JSON value that the pipeline accepts' }),
    metadata: metadataField
      .default({})
      .meta({ description: 'Your own labels; shown in lists and readable in expressions' }),
    tags: tagsField.default([]),
    timeouts: timeoutsField
      .default({})
      .meta({ description: 'Durations such as 30s or 5m; they replace those of the pipeline' }),
    priority: z.enum(priorities).optional().meta({
      description:
        'Which jobs go first where a limit makes them wait; that of the pipeline, or normal, if absent',
    }),
    webhook: jobWebhookField.optional(),
  })
  .meta({ id: 'SubmitJob' });

export const submitHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters, such as a UUID')
    .optional()
    .meta({
      description: 'Sending the same request again under the same key finds the first one’s job',
    }),
  prefer: z.string().optional().meta({
    description: '`wait=N`: wait up to N seconds (at most 60) for the job to end',
    example: 'wait=30',
  }),
  'cancel-after': duration(SECOND, 30 * DAY, '1s and 30d')
    .optional()
    .meta({
      description: 'The job is cancelled if it is not over this long after its creation: 1s to 30d',
      example: '30s',
    }),
  'penstock-cache': z
    .enum(cacheOverrides, { error: `must be ${cacheOverrides.join(' or ')}` })
    .optional()
    .meta({
      description:
        '`bypass`: no step of the job takes over or leaves a cached result; `refresh`: none takes one over, and those that leave one do',
    }),
});

const WAIT_SECONDS_MAX = 60;
/** How long a request runs its job at most. */
export const WAIT_MS_MAX = WAIT_SECONDS_MAX * 1_000;

/** Milliseconds that a `Prefer: wait=N` asks to wait; 0 without one. A preference that makes no sense is none. */
export function waitMsOf(prefer: string | undefined): number {
  const seconds = /(?:^|[,;]\s*)wait\s*=\s*(\d{1,5})/i.exec(prefer ?? '')?.[1];
  return Math.min(WAIT_SECONDS_MAX, Number(seconds ?? 0)) * 1_000;
}

export const jobPath = z.object({ job_id: z.string().meta({ example: 'job_…' }) });

export const readQuery = z.object({
  include: z
    .string()
    .optional()
    .transform((text, context) => {
      const wanted = text === undefined || text === '' ? [] : text.split(',');
      return wanted.flatMap((part): ReadRequest['include'] => {
        if (part === 'input' || part === 'step_outputs') return [part];
        context.addIssue({
          code: 'custom',
          message: 'may list input and step_outputs, separated by commas',
        });
        return [];
      });
    })
    .meta({ description: 'Payloads to show: input, step_outputs', type: 'string' }),
  compare: z.enum(['true', 'false'], { error: 'must be true or false' }).default('false').meta({
    description: 'For a rerun: compares it with the job that it runs again',
  }),
});

export const eventsQuery = z.object({
  after: wholeNumber(0, Number.MAX_SAFE_INTEGER)
    .default(0)
    .meta({ description: 'Only events with a higher number' }),
  limit: wholeNumber(1, 1_000).default(200),
});

/** Read where the answer is a stream. */
export const eventsHeaders = z.object({
  'last-event-id': z.string().optional().meta({
    description: 'Of a stream that is resumed: the id of the last event that was seen',
  }),
});

/** One name or several, separated by commas, all of them from a list. */
function namesOf<Name extends string>(names: readonly Name[], what: string) {
  return z
    .string()
    .optional()
    .transform((text, context) =>
      (text ?? '').split(',').flatMap((part) => {
        const known = names.find((name) => name === part);
        if (known !== undefined) return [known];
        if (part !== '')
          context.addIssue({
            code: 'custom',
            message: `${JSON.stringify(part)} is not ${what}; there are ${names.join(', ')}`,
          });
        return [];
      }),
    );
}

export const listQuery = z.object({
  status: namesOf(jobStatuses, 'a status').meta({
    description: 'One status or several, separated by commas',
    type: 'string',
  }),
  waiting_on: namesOf(waitingKinds, 'something a job waits for').meta({
    description:
      'Only jobs that have waited for one of these for more than 5 seconds: ' +
      `${waitingKinds.join(', ')}; several are separated by commas`,
    type: 'string',
  }),
  pipeline: pipelineFilter.optional(),
  version: wholeNumber(1, 999_999_999).optional(),
  tag: z.string().max(TAG_CHARACTERS_MAX).optional(),
  created_after: timeField.optional(),
  created_before: timeField.optional(),
  after: z
    .string()
    .refine(isJobId, 'must be the next_cursor of the page before')
    .optional()
    .meta({ description: 'The `next_cursor` of the page before' }),
  limit: limitField,
});

/** The filter that a list's query describes. */
export function filterOf(query: z.output<typeof listQuery>): JobFilter {
  const named = query.pipeline === undefined ? null : parsePipelineReference(query.pipeline);
  const before = [query.after, timeBound(query.created_before)].filter(
    (bound) => bound !== undefined,
  );
  return {
    statuses: query.status,
    waitingOn: query.waiting_on,
    pipeline: named?.name ?? null,
    version: query.version ?? named?.version ?? null,
    tag: query.tag ?? null,
    before: before.toSorted()[0] ?? null,
    from: timeBound(query.created_after) ?? null,
  };
}

/** Job ids sort by creation, so a time is a bound on ids. */
function timeBound(text: string | undefined): string | undefined {
  return text === undefined ? undefined : firstJobIdAt(Date.parse(text));
}
