import { createRoute, z } from '@hono/zod-openapi';

import { TAG_CHARACTERS_MAX } from '../../../domain/job/tag.ts';
import { checkProjectStream, followProject } from '../../../services/live/follow-project.ts';
import { failureResponse } from '../../failure-response.ts';
import { eventStream } from '../../live/event-stream.ts';
import { streamContent } from '../../live/job-streams.ts';
import { answers, bearer, makeRoutes } from '../../openapi.ts';

/** What is kept with a listener's socket has to be small. */
const PATTERNS_MAX = 20;

const streamQuery = z.object({
  types: z
    .string()
    .max(1_000)
    .optional()
    .transform((text, context) => {
      const patterns = (text ?? '').split(',').filter((pattern) => pattern !== '');
      if (patterns.length > PATTERNS_MAX)
        context.addIssue({ code: 'custom', message: `may list at most ${PATTERNS_MAX} types` });
      return patterns.length === 0 ? null : patterns;
    })
    .meta({
      description: 'Types of events and groups such as `job.*`, separated by commas; all if absent',
      type: 'string',
      example: 'job.*,step.failed',
    }),
  pipeline: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be the name of a pipeline, without a version')
    .optional()
    .meta({ description: 'Only jobs of this pipeline' }),
  tag: z
    .string()
    .min(1)
    .max(TAG_CHARACTERS_MAX)
    .optional()
    .meta({ description: 'Only jobs with this tag' }),
});

const streamHeaders = z.object({
  'last-event-id': z.string().max(200).optional().meta({
    description: 'The last event that was seen: the stream does not go back to it, and says so',
  }),
});

const streamRoute = createRoute({
  method: 'get',
  path: '/events',
  summary: 'Listen to a project’s events as they happen',
  description:
    'Server-sent events of all jobs of the project, as they are committed: `event` is the type, `data` the event as in a job’s history, `id` the job’s id, a colon and the event’s number. A comment comes every 15 seconds. `stream.opened` says from when on nothing is missed. The stream does not resume: `stream.gap` says that events may have been missed, after a reconnect inside (`reconnected`, `since`) or because the request carried a `Last-Event-ID` (`not_resumed`); then compare with `GET /v1/jobs`, or read the histories that matter. Pieces of text (`step.delta`) are only told to those who listen to a job. After an hour the stream ends.',
  security: bearer,
  request: { query: streamQuery, headers: streamHeaders },
  responses: { 200: { description: 'The stream', content: streamContent }, ...answers({}) },
});

export const liveRoutes = makeRoutes().openapi(streamRoute, (c) => {
  const { types, pipeline = null, tag = null } = c.req.valid('query');
  const filter = checkProjectStream(c.var.actor, { types, pipeline, tag });
  if (!filter.ok) return failureResponse(c, filter.failure);
  const { project } = c.var.actor;
  const lastEventId = c.req.valid('header')['last-event-id'] ?? null;
  const stream = { project, filter: filter.value, lastEventId };
  return eventStream(c, { project }, (outlet) => followProject(c.env.deps, stream, outlet));
});
