import { createRoute, z } from '@hono/zod-openapi';

import { TAG_CHARACTERS_MAX } from '../../../domain/job/tag.ts';
import { bulkVerbs } from '../../../domain/bulk.ts';
import { abortBulk, listBulks, readBulk, startBulk } from '../../../services/bulk/manage-bulks.ts';
import { bulkView, bulkViewSchema } from '../../../services/views/bulk-view.ts';
import { listSchema, pageView } from '../../../services/views/list-view.ts';
import { failureResponse } from '../../failure-response.ts';
import {
  answers,
  bearer,
  bodyOf,
  jsonBody,
  jsonOf,
  makeRoutes,
  SMALL_BODY,
} from '../../openapi.ts';
import { pageQuery, pipelineFilter, timeField } from '../request-fields.ts';
import { submitHeaders } from './job-requests.ts';

const JOBS_MAX = 100_000;
const RATE_DEFAULT = 10;
const RATE_MAX = 100;

const bulkBody = z
  .strictObject({
    action: z.enum(bulkVerbs, { error: `must be ${bulkVerbs.join(' or ')}` }),
    filter: z
      .strictObject({
        status: z
          .union([z.string().max(40), z.array(z.string().max(40)).min(1).max(20)])
          .optional()
          .meta({ description: 'One status, or a list of them', example: ['failed', 'timed_out'] }),
        pipeline: pipelineFilter.optional(),
        version: z.int().min(1).max(999_999_999).optional(),
        tag: z.string().min(1).max(TAG_CHARACTERS_MAX).optional(),
        created_after: timeField.optional(),
        created_before: timeField.optional(),
      })
      .meta({
        description: 'Which jobs: those for which all of it is true; at least one condition',
      }),
    rerun: z
      .strictObject({
        from_step: z.string().min(1).max(63).optional(),
        version: z.int().min(1).max(999_999_999).optional(),
      })
      .optional()
      .meta({ description: 'For `rerun`: as in POST /v1/jobs/{job_id}/rerun' }),
    rate_per_second: z
      .int()
      .min(1)
      .max(RATE_MAX)
      .default(RATE_DEFAULT)
      .meta({ description: 'The most jobs dealt with in a second' }),
    limit: z
      .int()
      .min(1)
      .max(JOBS_MAX)
      .default(JOBS_MAX)
      .meta({ description: 'The most jobs dealt with, newest first' }),
    dry_run: z.boolean().default(false).meta({ description: 'Only counts the jobs' }),
  })
  .refine(({ action, rerun }) => action === 'rerun' || rerun === undefined, {
    path: ['rerun'],
    error: 'may only be given when the action is rerun',
  })
  .meta({ id: 'StartBulk' });

const bulkHeaders = submitHeaders.pick({ 'idempotency-key': true });
const bulkPath = z.object({ bulk_id: z.string().meta({ example: 'bulk_…' }) });

const startRoute = createRoute({
  method: 'post',
  path: '/bulk',
  summary: 'Cancel or rerun all jobs that a filter finds',
  description:
    'Works through the jobs that lists show (those of the last seconds may be missing) and that were created before the request, newest first, at a limited rate. Every job it makes has an idempotency key of its own, so nothing is made twice. With an `Idempotency-Key`, a repetition answers 200 with the same action.',
  security: bearer,
  middleware: jsonBody(SMALL_BODY),
  request: { headers: bulkHeaders, body: bodyOf(bulkBody) },
  responses: answers({
    200: jsonOf('The action was there already', bulkViewSchema),
    202: jsonOf('The action has begun', bulkViewSchema),
  }),
});

const listRoute = createRoute({
  method: 'get',
  path: '/bulk',
  summary: 'List bulk actions, newest first',
  security: bearer,
  request: { query: pageQuery },
  responses: answers({ 200: jsonOf('A page of bulk actions', listSchema(bulkViewSchema)) }),
});

const readRoute = createRoute({
  method: 'get',
  path: '/bulk/{bulk_id}',
  summary: 'Read a bulk action',
  security: bearer,
  request: { params: bulkPath },
  responses: answers({ 200: jsonOf('The action as it stands', bulkViewSchema) }),
});

const abortRoute = createRoute({
  method: 'post',
  path: '/bulk/{bulk_id}/abort',
  summary: 'Abort a bulk action',
  description:
    'Nothing is done to the jobs that it has not reached; what it has done stays. Aborting an action that is over changes nothing.',
  security: bearer,
  request: { params: bulkPath },
  responses: answers({ 200: jsonOf('The action after the abort', bulkViewSchema) }),
});

export const bulkRoutes = makeRoutes()
  .openapi(startRoute, async (c) => {
    const { action, filter, rerun, limit, ...rest } = c.req.valid('json');
    const { status, created_after: createdAfter, created_before: createdBefore } = filter;
    const started = await startBulk(c.env.deps, c.var.actor, {
      action,
      limit,
      filter: {
        pipeline: filter.pipeline,
        version: filter.version,
        tag: filter.tag,
        status: typeof status === 'string' ? [status] : status,
        createdAfter,
        createdBefore,
      },
      rerun: { fromStep: rerun?.from_step ?? null, version: rerun?.version ?? null },
      ratePerSecond: rest.rate_per_second,
      dryRun: rest.dry_run,
      idempotencyKey: c.req.valid('header')['idempotency-key'] ?? null,
      correlation: c.var.correlation,
    });
    if (!started.ok) return failureResponse(c, started.failure);
    const view = bulkView(started.value.bulk);
    c.header('location', view.urls.self);
    if (started.value.kind === 'created') return c.json(view, 202);
    c.header('idempotency-replayed', 'true');
    return c.json(view, 200);
  })
  .openapi(listRoute, async (c) => {
    const { after, limit } = c.req.valid('query');
    const page = await listBulks(c.env.deps, c.var.actor, after, limit);
    if (!page.ok) return failureResponse(c, page.failure);
    return c.json(pageView(page.value, bulkView), 200);
  })
  .openapi(readRoute, async (c) => {
    const bulk = await readBulk(c.env.deps, c.var.actor, c.req.valid('param').bulk_id);
    if (!bulk.ok) return failureResponse(c, bulk.failure);
    return c.json(bulkView(bulk.value), 200);
  })
  .openapi(abortRoute, async (c) => {
    const bulk = await abortBulk(c.env.deps, c.var.actor, c.req.valid('param').bulk_id);
    if (!bulk.ok) return failureResponse(c, bulk.failure);
    return c.json(bulkView(bulk.value), 200);
  });
