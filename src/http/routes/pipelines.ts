import { createRoute, z } from '@hono/zod-openapi';

import { isoTime } from '../../domain/wire.ts';
import { getPipeline, listPipelines } from '../../services/pipelines/get-pipeline.ts';
import { putPipeline, validatePipeline } from '../../services/pipelines/put-pipeline.ts';
import type { PipelineVersion } from '../../services/ports/pipelines.ts';
import { listSchema, pageView } from '../../services/views/list-view.ts';
import { pipelineSchema, type PipelineView } from '../../services/views/pipeline-schema.ts';
import { violationSchema } from '../../services/views/problem-schema.ts';
import { worstCaseSchema, worstCaseView } from '../../services/views/worst-case-view.ts';
import { failureResponse } from '../failure-response.ts';
import {
  answers,
  bearer,
  bodyOf,
  DEFINITION_BODY,
  jsonBody,
  jsonOf,
  makeRoutes,
} from '../openapi.ts';
import { pageQuery } from './request-fields.ts';

const namePath = z.object({ name: z.string().max(80).meta({ example: 'document-digest' }) });
const definitionBody = z.unknown().meta({ type: 'object', description: 'A pipeline definition' });
const publishedSchema = pipelineSchema.extend({
  created: z.boolean().meta({ description: 'False when this is the newest version already' }),
  warnings: z.array(violationSchema),
  worst_case: worstCaseSchema,
});
const versionSchema = pipelineSchema.extend({ definition: z.unknown() });
const validSchema = z.object({
  valid: z.literal(true),
  warnings: z.array(violationSchema),
  worst_case: worstCaseSchema,
});

const putRoute = createRoute({
  method: 'put',
  path: '/pipelines/{name}',
  summary: 'Publish a pipeline',
  description:
    'Adds a version, which new jobs run at once. Publishing the newest version again changes nothing.',
  security: bearer,
  middleware: jsonBody(DEFINITION_BODY),
  request: { params: namePath, body: bodyOf(definitionBody) },
  responses: answers({
    200: jsonOf('The newest version is this one already', publishedSchema),
    201: jsonOf('A new version', publishedSchema),
  }),
});

const listRoute = createRoute({
  method: 'get',
  path: '/pipelines',
  summary: 'List pipelines',
  security: bearer,
  request: { query: pageQuery },
  responses: answers({ 200: jsonOf('The newest version of each', listSchema(pipelineSchema)) }),
});

const getRoute = createRoute({
  method: 'get',
  path: '/pipelines/{name}',
  summary: 'Read a pipeline',
  description: '`name` for the newest version, `name@3` for that one.',
  security: bearer,
  request: { params: namePath },
  responses: answers({ 200: jsonOf('The version with its definition', versionSchema) }),
});

const validateRoute = createRoute({
  method: 'post',
  path: '/pipelines/{name}/validate',
  summary: 'Check a definition without storing it',
  description:
    'Answers 200 when it could be published, else the same problem that publishing would give.',
  security: bearer,
  middleware: jsonBody(DEFINITION_BODY),
  request: { params: namePath, body: bodyOf(definitionBody) },
  responses: answers({ 200: jsonOf('It could be published', validSchema) }),
});

function view({ name, version, hash, createdAtMs, createdBy }: PipelineVersion): PipelineView {
  return {
    object: 'pipeline_version',
    name,
    version,
    hash,
    created_at: isoTime(createdAtMs),
    created_by: createdBy,
  };
}

export const pipelineRoutes = makeRoutes()
  .openapi(putRoute, async (c) => {
    const { name } = c.req.valid('param');
    const put = await putPipeline(c.env.deps, c.var.actor, name, c.req.valid('json'));
    if (!put.ok) return failureResponse(c, put.failure);
    const { version, created, warnings, worstCase } = put.value;
    const worst = worstCaseView(worstCase);
    const body = { ...view(version), created, warnings: [...warnings], worst_case: worst };
    return created ? c.json(body, 201) : c.json(body, 200);
  })
  .openapi(listRoute, async (c) => {
    const { after, limit } = c.req.valid('query');
    const page = await listPipelines(c.env.deps, c.var.actor, after ?? null, limit);
    if (!page.ok) return failureResponse(c, page.failure);
    return c.json(pageView(page.value, view), 200);
  })
  .openapi(getRoute, async (c) => {
    const found = await getPipeline(c.env.deps, c.var.actor, c.req.valid('param').name);
    if (!found.ok) return failureResponse(c, found.failure);
    const { version, plan } = found.value;
    return c.json({ ...view(version), definition: plan.definition }, 200);
  })
  .openapi(validateRoute, (c) => {
    const { name } = c.req.valid('param');
    const checked = validatePipeline(c.env.deps, c.var.actor, name, c.req.valid('json'));
    if (!checked.ok) return failureResponse(c, checked.failure);
    const { warnings, worstCase } = checked.value;
    return c.json(
      { valid: true as const, warnings: [...warnings], worst_case: worstCaseView(worstCase) },
      200,
    );
  });
