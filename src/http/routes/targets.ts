import { createRoute, z } from '@hono/zod-openapi';

import { getTarget, listTargets } from '../../services/targets/list-targets.ts';
import { steerTarget } from '../../services/targets/steer-target.ts';
import { listSchema, pageView } from '../../services/views/list-view.ts';
import { targetStatusView, targetViewSchema } from '../../services/views/target-view.ts';
import { failureResponse } from '../failure-response.ts';
import { answers, bearer, bodyOf, jsonBody, jsonOf, makeRoutes, SMALL_BODY } from '../openapi.ts';
import { pageQuery } from './request-fields.ts';

const targetPath = z.object({
  target_id: z.string().max(300).meta({
    example: 'openai%2Fgpt-5.4-mini',
    description: 'Provider and model with a slash between them, percent-encoded',
  }),
});
const steerBody = z.strictObject({
  reason: z
    .string()
    .trim()
    .min(1)
    .max(500)
    .meta({ description: 'For the audit log, and for whoever looks at the target' }),
});

const listRoute = createRoute({
  method: 'get',
  path: '/targets',
  summary: 'List targets and how they are',
  description:
    'The models that run in the Worker, those that the newest versions of the project’s pipelines name, and those that the deployment limits one by one: health as the deployment’s gates have seen it, price and capability. Needs the scope `pipelines:read`.',
  security: bearer,
  request: { query: pageQuery.extend({ after: z.string().max(300).optional() }) },
  responses: answers({ 200: jsonOf('A page of targets, by name', listSchema(targetViewSchema)) }),
});

const readRoute = createRoute({
  method: 'get',
  path: '/targets/{target_id}',
  summary: 'Read how a target is',
  security: bearer,
  request: { params: targetPath },
  responses: answers({ 200: jsonOf('The target', targetViewSchema) }),
});

const closeRoute = createRoute({
  method: 'post',
  path: '/targets/{target_id}/close',
  summary: 'Close a target',
  description:
    'No call of any project goes through until it is opened; routes go on to their next target. Runners hear of it within 2 seconds, and calls under way come to their end. Needs the root key; the audit log has it.',
  security: bearer,
  middleware: jsonBody(SMALL_BODY),
  request: { params: targetPath, body: bodyOf(steerBody) },
  responses: answers({ 200: jsonOf('The target as it is now', targetViewSchema) }),
});

const openRoute = createRoute({
  method: 'post',
  path: '/targets/{target_id}/open',
  summary: 'Open a target',
  description:
    'Ends a hold, and forgets the failures for which the gate has closed the target by itself. Needs the root key; the audit log has it.',
  security: bearer,
  middleware: jsonBody(SMALL_BODY),
  request: { params: targetPath, body: bodyOf(steerBody) },
  responses: answers({ 200: jsonOf('The target as it is now', targetViewSchema) }),
});

export const targetRoutes = makeRoutes()
  .openapi(listRoute, async (c) => {
    const { after = null, limit } = c.req.valid('query');
    const page = await listTargets(c.env.deps, c.var.actor, after, limit);
    if (!page.ok) return failureResponse(c, page.failure);
    return c.json(pageView(page.value, targetStatusView), 200);
  })
  .openapi(readRoute, async (c) => {
    const { target_id: id } = c.req.valid('param');
    const target = await getTarget(c.env.deps, c.var.actor, id);
    if (!target.ok) return failureResponse(c, target.failure);
    return c.json(targetStatusView(target.value), 200);
  })
  .openapi(closeRoute, async (c) => {
    const { target_id: id } = c.req.valid('param');
    const steering = { to: 'closed', ...c.req.valid('json') } as const;
    const target = await steerTarget(c.env.deps, c.var.actor, id, steering);
    if (!target.ok) return failureResponse(c, target.failure);
    return c.json(targetStatusView(target.value), 200);
  })
  .openapi(openRoute, async (c) => {
    const { target_id: id } = c.req.valid('param');
    const steering = { to: 'open', ...c.req.valid('json') } as const;
    const target = await steerTarget(c.env.deps, c.var.actor, id, steering);
    if (!target.ok) return failureResponse(c, target.failure);
    return c.json(targetStatusView(target.value), 200);
  });
