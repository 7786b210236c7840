import { createRoute, z } from '@hono/zod-openapi';

import { INPUT_BYTES_MAX } from '../../../domain/definition/definition.ts';
import { rerunJob } from '../../../services/reruns/rerun-job.ts';
import { jobSchema } from '../../../services/views/jobs/job-schema.ts';
import { jobWebhookField } from '../../../services/webhooks/endpoints/endpoint-input.ts';
import { orStreamed } from '../../live/job-streams.ts';
import { answers, bearer, bodyOf, jsonBody, jsonOf, makeRoutes } from '../../openapi.ts';
import { jobPath, submitHeaders, timeoutsField } from './job-requests.ts';
import { metadataField, tagsField } from '../request-fields.ts';
import { answerNewJob } from './submitting.ts';

/** What a rerun may carry around its input: metadata, tags, white space. */
const ENVELOPE_BYTES = 65_536;

const rerunBody = z
  .strictObject({
    from_step: z.string().min(1).max(63).optional().meta({
      description:
        'Recorded outputs before this step are taken over; without it everything runs again',
      example: 'triage',
    }),
    version: z
      .int()
      .min(1)
      .max(999_999_999)
      .optional()
      .meta({ description: 'Another version of the pipeline; without it the job’s own' }),
    input: z.json().optional().meta({
      type: 'object',
      description: 'Replaces the job’s input; steps taken over keep theirs',
    }),
    metadata: metadataField.optional().meta({ description: 'Replaces the job’s metadata' }),
    tags: tagsField.optional().meta({ description: 'Replaces the job’s tags' }),
    timeouts: timeoutsField.default({}).meta({ description: 'They replace those of the pipeline' }),
    webhook: jobWebhookField
      .nullish()
      .meta({ description: 'Replaces the job’s webhook; null for none' }),
  })
  .meta({ id: 'RerunJob' });

const rerunRoute = createRoute({
  method: 'post',
  path: '/jobs/{job_id}/rerun',
  summary: 'Run a job again',
  description:
    'Makes a new job that is linked to the old one, of the same version and input unless told otherwise; its deadlines start afresh. With `from_step` the recorded outputs of the steps that do not depend on that one are taken over at no cost, by step id. Only a job that is over can be run again. Headers and answers are those of a submit.',
  security: bearer,
  middleware: jsonBody({ bytesMax: INPUT_BYTES_MAX + ENVELOPE_BYTES }),
  request: { params: jobPath, headers: submitHeaders, body: bodyOf(rerunBody) },
  responses: answers({
    200: orStreamed(jsonOf('The new job is over, or it was there already', jobSchema)),
    202: jsonOf('The new job is accepted', jobSchema),
  }),
});

export const rerunRoutes = makeRoutes().openapi(rerunRoute, async (c) => {
  const { from_step: fromStep = null, version = null, ...body } = c.req.valid('json');
  const { job_id: jobId } = c.req.valid('param');
  return answerNewJob(c, c.req.valid('header'), (options) =>
    rerunJob(c.env.deps, c.var.actor, { ...body, ...options, jobId, fromStep, version }),
  );
});
