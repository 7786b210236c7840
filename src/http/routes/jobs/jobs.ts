import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';

import { INPUT_BYTES_DEFAULT, INPUT_BYTES_MAX } from '../../../domain/definition/definition.ts';
import { cancelJob } from '../../../services/jobs/cancel-job.ts';
import { compareWithOriginal } from '../../../services/reruns/compare-with-original.ts';
import { findPipeline } from '../../../services/pipelines/find-pipeline.ts';
import { getJobEvents } from '../../../services/jobs/get-job-events.ts';
import { getJob } from '../../../services/jobs/get-job.ts';
import { listJobs } from '../../../services/jobs/list-jobs.ts';
import { submitJob } from '../../../services/jobs/submit-job.ts';
import { eventView } from '../../../services/views/jobs/event-view.ts';
import { indexedJobView, jobView } from '../../../services/views/jobs/job-view.ts';
import { eventSchema } from '../../../services/views/jobs/event-view.ts';
import { jobSchema, listedJobSchema } from '../../../services/views/jobs/job-schema.ts';
import { listSchema, pageView } from '../../../services/views/list-view.ts';
import type { AppEnv } from '../../deps.ts';
import { failureResponse } from '../../failure-response.ts';
import { answers, bearer, bodyOf, jsonBody, jsonOf, makeRoutes } from '../../openapi.ts';
import { orStreamed, streamedHistory } from '../../live/job-streams.ts';
import type { BodyLimit } from '../../read-body.ts';
import {
  eventsHeaders,
  eventsQuery,
  filterOf,
  jobPath,
  listQuery,
  readQuery,
  submitBody,
  submitHeaders,
} from './job-requests.ts';
import { answerNewJob } from './submitting.ts';

/** What a submit may carry around its input: metadata, tags, white space. */
const ENVELOPE_BYTES = 65_536;

/**
 * Every pipeline has its own limit. Once enough of a large body has arrived to know the pipeline, that limit
 * holds, and the rest is not read.
 */
function submitLimit(c: Context<AppEnv>): BodyLimit {
  return {
    bytesMax: INPUT_BYTES_MAX + ENVELOPE_BYTES,
    refine: {
      afterBytes: ENVELOPE_BYTES,
      async bytesMax(beginning) {
        const name = /"pipeline"\s*:\s*"([^"\\]{1,80})"/.exec(beginning)?.[1];
        if (name === undefined) return null;
        const found = await findPipeline(c.env.deps, c.var.actor.project, name, '/pipeline');
        if (!found.ok) return ENVELOPE_BYTES;
        const { max_bytes: bytesMax = INPUT_BYTES_DEFAULT } =
          found.value.plan.definition.input ?? {};
        return bytesMax + ENVELOPE_BYTES;
      },
    },
  };
}

const submitRoute = createRoute({
  method: 'post',
  path: '/jobs',
  summary: 'Submit a job',
  description:
    'Creates a job and answers 202 at once, or 200 with the result when `Prefer: wait=N` saw its end. With an `Idempotency-Key`, a repetition answers 200 with the same job and `Idempotency-Replayed: true`. With `Accept: text/event-stream` the request runs the job and answers with what happens: first `event: job`, the job as accepted with `idempotency_replayed`, then its events and the texts of its chats as `GET /v1/jobs/{job_id}/events` tells them, and at its end `event: job` again, with the output. If the stream is cut, the job goes on: resume it there.',
  security: bearer,
  middleware: jsonBody(submitLimit),
  request: { headers: submitHeaders, body: bodyOf(submitBody) },
  responses: answers({
    200: orStreamed(jsonOf('The job is over, or it was there already', jobSchema)),
    202: jsonOf('The job is accepted', jobSchema),
  }),
});

const listRoute = createRoute({
  method: 'get',
  path: '/jobs',
  summary: 'List jobs, newest first',
  description:
    'From a copy, to which it takes a moment. The end of a job is copied at once; of one that is not over, that it is there, its status and what it waits for within 5 seconds, and its cost within 30. `GET /v1/jobs/{id}` is exact.',
  security: bearer,
  request: { query: listQuery },
  responses: answers({ 200: jsonOf('A page of jobs', listSchema(listedJobSchema)) }),
});

const readRoute = createRoute({
  method: 'get',
  path: '/jobs/{job_id}',
  summary: 'Read a job',
  security: bearer,
  request: { params: jobPath, query: readQuery },
  responses: answers({ 200: jsonOf('The job as it stands', jobSchema) }),
});

const eventsRoute = createRoute({
  method: 'get',
  path: '/jobs/{job_id}/events',
  summary: 'Read a job’s history, or listen to it as it grows',
  description:
    'With `Accept: text/event-stream` the history from the beginning, or after the event that `Last-Event-ID` (or `after`) names, and then what happens, each event once and in order, until the job is over: `id` is the event’s number, `event` its type, `data` the event as in the list. A comment comes every 15 seconds. `step.delta` is a piece of a chat’s text, `{ job_id, step, item?, attempt, index, text }`, told while it comes and stored nowhere, without an id; the text of an attempt that does not succeed is void. A stream that ends before the job (a restart, an hour, a client that reads too slowly) is resumed with `Last-Event-ID`.',
  security: bearer,
  middleware: streamedHistory,
  request: { params: jobPath, query: eventsQuery, headers: eventsHeaders },
  responses: {
    ...answers({ 200: orStreamed(jsonOf('Events, oldest first', listSchema(eventSchema))) }),
    204: { description: 'The job is over, and the resumed stream has told all of it' },
  },
});

const cancelRoute = createRoute({
  method: 'post',
  path: '/jobs/{job_id}/cancel',
  summary: 'Cancel a job',
  description:
    'No new attempt starts; a running call is told to stop within 25 seconds. Cancelling a job that is over, or twice, changes nothing.',
  security: bearer,
  request: { params: jobPath },
  responses: answers({ 200: jsonOf('The job after the cancel', jobSchema) }),
});

export const jobRoutes = makeRoutes()
  .openapi(submitRoute, async (c) => {
    const { timeouts, ...body } = c.req.valid('json');
    return answerNewJob(c, c.req.valid('header'), (options) =>
      submitJob(c.env.deps, c.var.actor, { ...body, ...options, timeouts }),
    );
  })
  .openapi(listRoute, async (c) => {
    const query = c.req.valid('query');
    const page = await listJobs(c.env.deps, c.var.actor, filterOf(query), query.limit);
    if (!page.ok) return failureResponse(c, page.failure);
    return c.json(pageView(page.value, indexedJobView), 200);
  })
  .openapi(readRoute, async (c) => {
    const { include, compare } = c.req.valid('query');
    const { job_id: jobId } = c.req.valid('param');
    const job = await getJob(c.env.deps, c.var.actor, jobId, include);
    if (!job.ok) return failureResponse(c, job.failure);
    const view = await jobView(c.env.deps.objects, job.value);
    if (compare === 'false') return c.json(view, 200);
    const comparison = await compareWithOriginal(c.env.deps, c.var.actor, job.value, view);
    if (!comparison.ok) return failureResponse(c, comparison.failure);
    return c.json({ ...view, comparison: comparison.value }, 200);
  })
  .openapi(eventsRoute, async (c) => {
    const { after, limit } = c.req.valid('query');
    const { job_id: jobId } = c.req.valid('param');
    const page = await getJobEvents(c.env.deps, c.var.actor, jobId, { afterSeq: after, limit });
    if (!page.ok) return failureResponse(c, page.failure);
    const { id, events, correlation, hasMore } = page.value;
    const data = events.map((event) => eventView(id, correlation, event));
    const last = data.at(-1);
    return c.json(
      {
        object: 'list' as const,
        data,
        has_more: hasMore,
        next_cursor: hasMore && last !== undefined ? String(last.seq) : null,
      },
      200,
    );
  })
  .openapi(cancelRoute, async (c) => {
    const { job_id: jobId } = c.req.valid('param');
    const job = await cancelJob(c.env.deps, c.var.actor, jobId);
    if (!job.ok) return failureResponse(c, job.failure);
    return c.json(await jobView(c.env.deps.objects, job.value), 200);
  });
