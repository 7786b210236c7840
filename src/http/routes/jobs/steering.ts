import { createRoute, z } from '@hono/zod-openapi';

import {
  EVENT_BYTES_MAX,
  pauseJob,
  resumeJob,
  sendEvent,
} from '../../../services/jobs/steer-job.ts';
import { jobView } from '../../../services/views/jobs/job-view.ts';
import { jobSchema } from '../../../services/views/jobs/job-schema.ts';
import { failureResponse } from '../../failure-response.ts';
import { answers, bearer, bodyOf, jsonBody, jsonOf, makeRoutes } from '../../openapi.ts';
import { jobPath } from './job-requests.ts';

/** The document's generator cannot spell out JSON, which contains itself: it is told the types. */
const ANY_TYPE = ['object', 'array', 'string', 'number', 'boolean', 'null'] as const;

const pauseRoute = createRoute({
  method: 'post',
  path: '/jobs/{job_id}/pause',
  summary: 'Pause a job',
  description:
    'Nothing new starts until the job is resumed. What runs comes to its end, and deadlines go on. Pausing a paused job changes nothing; a job that is over answers 409.',
  security: bearer,
  request: { params: jobPath },
  responses: answers({ 200: jsonOf('The job after the pause', jobSchema) }),
});

const resumeRoute = createRoute({
  method: 'post',
  path: '/jobs/{job_id}/resume',
  summary: 'Resume a paused job',
  description: 'A job that is not paused answers 409.',
  security: bearer,
  request: { params: jobPath },
  responses: answers({ 200: jsonOf('The job after it was resumed', jobSchema) }),
});

const eventRoute = createRoute({
  method: 'post',
  path: '/jobs/{job_id}/events/{name}',
  summary: 'Send an event to a job',
  description:
    'The body, any JSON value, becomes the output of every `wait` step that waits for this event now. A job that does not wait for it answers 409, and nothing is recorded.',
  security: bearer,
  middleware: jsonBody(() => ({ bytesMax: EVENT_BYTES_MAX + 1_024 })),
  request: {
    params: jobPath.extend({ name: z.string().min(1).max(128).meta({ example: 'approved' }) }),
    body: bodyOf(z.json().meta({ type: ANY_TYPE, description: 'Any JSON value' })),
  },
  responses: answers({ 200: jsonOf('The job after the event', jobSchema) }),
});

export const steeringRoutes = makeRoutes()
  .openapi(pauseRoute, async (c) => {
    const job = await pauseJob(c.env.deps, c.var.actor, c.req.valid('param').job_id);
    if (!job.ok) return failureResponse(c, job.failure);
    return c.json(await jobView(c.env.deps.objects, job.value), 200);
  })
  .openapi(resumeRoute, async (c) => {
    const job = await resumeJob(c.env.deps, c.var.actor, c.req.valid('param').job_id);
    if (!job.ok) return failureResponse(c, job.failure);
    return c.json(await jobView(c.env.deps.objects, job.value), 200);
  })
  .openapi(eventRoute, async (c) => {
    const { job_id: jobId, name } = c.req.valid('param');
    const event = { name, payload: c.req.valid('json') };
    const job = await sendEvent(c.env.deps, c.var.actor, jobId, event);
    if (!job.ok) return failureResponse(c, job.failure);
    return c.json(await jobView(c.env.deps.objects, job.value), 200);
  });
