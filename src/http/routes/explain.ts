import { createRoute, z } from '@hono/zod-openapi';

import { INPUT_BYTES_MAX } from '../../domain/definition/definition.ts';
import { explainPipeline } from '../../services/explain/explain-pipeline.ts';
import { explanationSchema } from '../../services/views/explanation-schema.ts';
import { failureResponse } from '../failure-response.ts';
import { answers, bearer, bodyOf, jsonBody, jsonOf, makeRoutes } from '../openapi.ts';
import { metadataField, tagsField } from './request-fields.ts';

/** The input and samples of outputs together. */
const BODY_BYTES_MAX = 2 * INPUT_BYTES_MAX;

const explainBody = z
  .strictObject({
    input: z
      .json()
      .default({})
      .meta({ type: 'object', description: 'as for a job; what is wrong with it is told' }),
    version: z.int().min(1).max(999_999_999).optional().meta({
      description: 'The newest version, or the one that the path names, if absent',
    }),
    metadata: metadataField.default({}),
    tags: tagsField.default([]),
    outputs: z.record(z.string(), z.json()).default({}).meta({
      type: 'object',
      description:
        'Samples of what steps put out, by step, so that what reads them can be told; of a map a list',
    }),
  })
  .meta({ id: 'Explain' });

const explainQuery = z.object({
  include: z
    .string()
    .optional()
    .transform((text, context) => {
      const wanted = text === undefined || text === '' ? [] : text.split(',');
      return wanted.flatMap((part) => {
        if (part === 'request' || part === 'outputs') return [part] as const;
        context.addIssue({
          code: 'custom',
          message: 'may list request and outputs, separated by commas',
        });
        return [];
      });
    })
    .meta({
      description:
        '`request`: what each provider would be sent; `outputs`: what steps without a model put out',
      type: 'string',
    }),
});

const explainRoute = createRoute({
  method: 'post',
  path: '/pipelines/{name}/explain',
  summary: 'Say what a job would do',
  description:
    'Which steps would run, which targets their routes would choose now and why not others, the prompts, what a target would not be told, estimated tokens and cost with their upper bounds, what budgets would make of its calls, and the worst-case time. Steps that compute without a model are carried out; no model is asked, nothing is sent, stored or paid. It is taken that a step which runs succeeds. Needs the scope `pipelines:read`, and `budgets:read` to see what budgets came to.',
  security: bearer,
  middleware: jsonBody({ bytesMax: BODY_BYTES_MAX }),
  request: {
    params: z.object({ name: z.string().max(80).meta({ example: 'document-digest' }) }),
    query: explainQuery,
    body: bodyOf(explainBody),
  },
  responses: answers({ 200: jsonOf('What a job would do', explanationSchema) }),
});

export const explainRoutes = makeRoutes().openapi(explainRoute, async (c) => {
  const { version = null, input, metadata, tags, outputs } = c.req.valid('json');
  const { name: pipeline } = c.req.valid('param');
  const { include } = c.req.valid('query');
  const asked = { pipeline, version, input, metadata, tags, outputs, include };
  const explained = await explainPipeline(c.env.deps, c.var.actor, asked);
  if (!explained.ok) return failureResponse(c, explained.failure);
  return c.json(explained.value, 200);
});
