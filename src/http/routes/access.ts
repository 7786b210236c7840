import { createRoute, z } from '@hono/zod-openapi';

import { scopes } from '../../domain/access.ts';
import { CONCURRENCY_MAX } from '../../domain/job/flow.ts';
import { isoTime } from '../../domain/wire.ts';
import {
  createKey,
  createProject,
  deleteKey,
  limitProject,
  listKeys,
  listProjects,
} from '../../services/access/manage-access.ts';
import type { Project, StoredKey } from '../../services/ports/access.ts';
import { apiKeySchema, projectSchema } from '../../services/views/access-schema.ts';
import { listSchema, pageView } from '../../services/views/list-view.ts';
import { failureResponse } from '../failure-response.ts';
import { answers, bearer, bodyOf, jsonBody, jsonOf, makeRoutes, SMALL_BODY } from '../openapi.ts';
import { pageQuery } from './request-fields.ts';

const name = z.string().min(1).max(100);
const maxConcurrentJobs = z.int().min(1).max(CONCURRENCY_MAX).nullable().meta({
  description:
    'The most jobs of the project under way at once; null for the deployment’s own limit',
});
const createdKeySchema = apiKeySchema.extend({
  key: z
    .string()
    .meta({ description: 'The key itself. It is shown this once and stored only as a hash.' }),
});

const createProjectRoute = createRoute({
  method: 'post',
  path: '/projects',
  summary: 'Create a project',
  description: 'A project is an isolated customer of this deployment. Needs the root key.',
  security: bearer,
  middleware: jsonBody(SMALL_BODY),
  request: {
    body: bodyOf(z.strictObject({ name, max_concurrent_jobs: maxConcurrentJobs.default(null) })),
  },
  responses: answers({ 201: jsonOf('The project', projectSchema) }),
});

const limitProjectRoute = createRoute({
  method: 'patch',
  path: '/projects/{project_id}',
  summary: 'Change a project’s limit',
  description: 'Holds for jobs submitted from now on. Needs the root key.',
  security: bearer,
  middleware: jsonBody(SMALL_BODY),
  request: {
    params: z.object({ project_id: z.string().max(80) }),
    body: bodyOf(z.strictObject({ max_concurrent_jobs: maxConcurrentJobs })),
  },
  responses: answers({ 200: jsonOf('The project', projectSchema) }),
});

const listProjectsRoute = createRoute({
  method: 'get',
  path: '/projects',
  summary: 'List projects',
  security: bearer,
  request: { query: pageQuery },
  responses: answers({ 200: jsonOf('A page of projects', listSchema(projectSchema)) }),
});

const createKeyRoute = createRoute({
  method: 'post',
  path: '/api-keys',
  summary: 'Create an API key',
  description: 'The root key makes keys for any project, a key with the scope `admin` for its own.',
  security: bearer,
  middleware: jsonBody(SMALL_BODY),
  request: {
    body: bodyOf(
      z.strictObject({
        name,
        project: z
          .string()
          .max(80)
          .optional()
          .meta({ description: 'The project of the asking key, if absent' }),
        scopes: z
          .array(z.enum(scopes))
          .min(1)
          .default(scopes.filter((scope) => scope !== 'admin')),
      }),
    ),
  },
  responses: answers({ 201: jsonOf('The key', createdKeySchema) }),
});

const listKeysRoute = createRoute({
  method: 'get',
  path: '/api-keys',
  summary: 'List the API keys of a project',
  security: bearer,
  request: { query: pageQuery },
  responses: answers({ 200: jsonOf('A page of keys', listSchema(apiKeySchema)) }),
});

const deleteKeyRoute = createRoute({
  method: 'delete',
  path: '/api-keys/{key_id}',
  summary: 'Delete an API key',
  security: bearer,
  request: { params: z.object({ key_id: z.string().max(80) }) },
  responses: answers({
    200: jsonOf('The key is gone', z.object({ id: z.string(), deleted: z.literal(true) })),
  }),
});

function projectView({ id, name: title, maxConcurrentJobs: limit, createdAtMs }: Project) {
  return {
    object: 'project' as const,
    id,
    name: title,
    max_concurrent_jobs: limit,
    created_at: isoTime(createdAtMs),
  };
}

function keyView({ id, project, name: title, scopes: granted, createdAtMs }: StoredKey) {
  return {
    object: 'api_key' as const,
    id,
    project,
    name: title,
    scopes: [...granted],
    created_at: isoTime(createdAtMs),
  };
}

export const accessRoutes = makeRoutes()
  .openapi(createProjectRoute, async (c) => {
    const { max_concurrent_jobs: limit, ...body } = c.req.valid('json');
    const wanted = { ...body, maxConcurrentJobs: limit };
    const project = await createProject(c.env.deps, c.var.actor, wanted);
    if (!project.ok) return failureResponse(c, project.failure);
    return c.json(projectView(project.value), 201);
  })
  .openapi(limitProjectRoute, async (c) => {
    const { project_id: id } = c.req.valid('param');
    const { max_concurrent_jobs: limit } = c.req.valid('json');
    const project = await limitProject(c.env.deps, c.var.actor, id, limit);
    if (!project.ok) return failureResponse(c, project.failure);
    return c.json(projectView(project.value), 200);
  })
  .openapi(listProjectsRoute, async (c) => {
    const { after, limit } = c.req.valid('query');
    const page = await listProjects(c.env.deps, c.var.actor, after ?? null, limit);
    if (!page.ok) return failureResponse(c, page.failure);
    return c.json(pageView(page.value, projectView), 200);
  })
  .openapi(createKeyRoute, async (c) => {
    const { project, ...body } = c.req.valid('json');
    const created = await createKey(c.env.deps, c.var.actor, { ...body, project: project ?? null });
    if (!created.ok) return failureResponse(c, created.failure);
    return c.json({ ...keyView(created.value.stored), key: created.value.key }, 201);
  })
  .openapi(listKeysRoute, async (c) => {
    const { after, limit } = c.req.valid('query');
    const page = await listKeys(c.env.deps, c.var.actor, after ?? null, limit);
    if (!page.ok) return failureResponse(c, page.failure);
    return c.json(pageView(page.value, keyView), 200);
  })
  .openapi(deleteKeyRoute, async (c) => {
    const { key_id: id } = c.req.valid('param');
    const deleted = await deleteKey(c.env.deps, c.var.actor, id);
    if (!deleted.ok) return failureResponse(c, deleted.failure);
    return c.json({ id, deleted: true as const }, 200);
  });
