import { createRoute, z } from '@hono/zod-openapi';

import { feedbackGroups } from '../../../domain/feedback.ts';
import { feedbackInputSchema } from '../../../services/feedback/feedback-input.ts';
import { giveFeedback } from '../../../services/feedback/give-feedback.ts';
import { listFeedback, sumFeedback } from '../../../services/feedback/read-feedback.ts';
import {
  feedbackSchema,
  feedbackSummarySchema,
  feedbackSummaryView,
  feedbackView,
} from '../../../services/views/feedback-view.ts';
import { listSchema, wholeListView } from '../../../services/views/list-view.ts';
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
import { jobPath, submitHeaders } from './job-requests.ts';
import { pipelineFilter, timeField } from '../request-fields.ts';

const giveRoute = createRoute({
  method: 'post',
  path: '/jobs/{job_id}/feedback',
  summary: 'Say what a user thinks of a job’s output',
  description:
    'A score, a label, a comment, or several of them, about a job that is over or one of its steps. A job takes many, from different users. With an `Idempotency-Key`, a repetition answers 200 with the same feedback and `Idempotency-Replayed: true`. Needs the scope `feedback:write`.',
  security: bearer,
  middleware: jsonBody(SMALL_BODY),
  request: {
    params: jobPath,
    headers: submitHeaders.pick({ 'idempotency-key': true }),
    body: bodyOf(feedbackInputSchema),
  },
  responses: answers({
    200: jsonOf('It was said before, under the same key', feedbackSchema),
    201: jsonOf('The feedback', feedbackSchema),
  }),
});

const listRoute = createRoute({
  method: 'get',
  path: '/jobs/{job_id}/feedback',
  summary: 'List what was said of a job',
  description: 'All of it, the oldest first. Needs the scope `feedback:read`.',
  security: bearer,
  request: { params: jobPath },
  responses: answers({ 200: jsonOf('The feedback', listSchema(feedbackSchema)) }),
});

const summaryRoute = createRoute({
  method: 'get',
  path: '/feedback/summary',
  summary: 'Count feedback',
  description:
    'Mean scores and counts by label, for the last 30 days or the time that is asked for. By `model` and by `prompt`, feedback counts for each that had a part in what was judged: the model step, or all model steps of the job. Needs the scope `feedback:read`.',
  security: bearer,
  request: {
    query: z.strictObject({
      group_by: z
        .enum(feedbackGroups, { error: `must be one of ${feedbackGroups.join(', ')}` })
        .default('pipeline'),
      pipeline: pipelineFilter.optional(),
      from: timeField.optional(),
      to: timeField.optional(),
      window: z
        .string()
        .max(20)
        .optional()
        .meta({ description: 'Instead of `from`', example: '7d' }),
    }),
  },
  responses: answers({
    200: jsonOf('The counts, the largest groups first', feedbackSummarySchema),
  }),
});

export const feedbackRoutes = makeRoutes()
  .openapi(giveRoute, async (c) => {
    const given = await giveFeedback(
      c.env.deps,
      c.var.actor,
      c.req.valid('param').job_id,
      c.req.valid('json'),
      c.req.valid('header')['idempotency-key'] ?? null,
    );
    if (!given.ok) return failureResponse(c, given.failure);
    const view = feedbackView(given.value.feedback);
    if (!given.value.replayed) return c.json(view, 201);
    c.header('idempotency-replayed', 'true');
    return c.json(view, 200);
  })
  .openapi(listRoute, async (c) => {
    const found = await listFeedback(c.env.deps, c.var.actor, c.req.valid('param').job_id);
    if (!found.ok) return failureResponse(c, found.failure);
    const data = found.value.map(feedbackView);
    return c.json(wholeListView(data), 200);
  })
  .openapi(summaryRoute, async (c) => {
    const { group_by: groupBy, pipeline = null, ...times } = c.req.valid('query');
    const { from = null, to = null, window = null } = times;
    const input = { groupBy, pipeline, from, to, window };
    const summed = await sumFeedback(c.env.deps, c.var.actor, input);
    if (!summed.ok) return failureResponse(c, summed.failure);
    return c.json(feedbackSummaryView(groupBy, summed.value), 200);
  });
