import { createRoute, z } from '@hono/zod-openapi';

import {
  endpointChange,
  endpointInput,
  rotateInput,
} from '../../../services/webhooks/endpoints/endpoint-input.ts';
import { createEndpoint } from '../../../services/webhooks/endpoints/create-endpoint.ts';
import {
  changeEndpoint,
  deleteEndpoint,
  getEndpoint,
  listEndpoints,
} from '../../../services/webhooks/endpoints/manage-endpoints.ts';
import { rotateSecret } from '../../../services/webhooks/endpoints/rotate-secret.ts';
import { readSigningSecrets } from '../../../services/webhooks/endpoints/signing-secret.ts';
import {
  pauseEndpoint,
  resumeEndpoint,
} from '../../../services/webhooks/endpoints/steer-endpoint.ts';
import { testEndpoint } from '../../../services/webhooks/endpoints/test-endpoint.ts';
import { listSchema, wholeListView } from '../../../services/views/list-view.ts';
import {
  deliverySchema,
  deliveryView,
  webhookEndpointAgainSchema,
  webhookEndpointSchema,
  webhookEndpointView,
  webhookEndpointWithSecretSchema,
} from '../../../services/views/webhook-view.ts';
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
import { submitHeaders } from '../jobs/job-requests.ts';

const BASE = '/webhook-endpoints';
const ONE = '/webhook-endpoints/{endpoint_id}';
const params = z.object({ endpoint_id: z.string().max(80).meta({ example: 'whe_…' }) });

const createEndpointRoute = createRoute({
  method: 'post',
  path: BASE,
  summary: 'Have events delivered to a URL',
  description:
    'Signed by the rules of Standard Webhooks. The answer has the secret: it is shown this once. Takes a second, so that the next event finds the endpoint. With an `Idempotency-Key`, a repetition answers 200 with the endpoint that there is, and `Idempotency-Replayed: true`; for a day, and until it is rotated, with the secret too. Needs the scope `webhooks:write`.',
  security: bearer,
  middleware: jsonBody(SMALL_BODY),
  request: {
    headers: submitHeaders.pick({ 'idempotency-key': true }),
    body: bodyOf(endpointInput),
  },
  responses: answers({
    200: jsonOf('It was made before, under the same key', webhookEndpointAgainSchema),
    201: jsonOf('The endpoint', webhookEndpointWithSecretSchema),
  }),
});

const listRoute = createRoute({
  method: 'get',
  path: BASE,
  summary: 'List webhook endpoints',
  description: 'All of the project. Needs the scope `webhooks:read`.',
  security: bearer,
  responses: answers({ 200: jsonOf('The endpoints', listSchema(webhookEndpointSchema)) }),
});

const getRoute = createRoute({
  method: 'get',
  path: ONE,
  summary: 'Read a webhook endpoint',
  security: bearer,
  request: { params },
  responses: answers({ 200: jsonOf('The endpoint', webhookEndpointSchema) }),
});

const changeRoute = createRoute({
  method: 'patch',
  path: ONE,
  summary: 'Change a webhook endpoint',
  description:
    'Replaces the fields that are given; what is pending is delivered by the new ones. Needs the scope `webhooks:write`.',
  security: bearer,
  middleware: jsonBody(SMALL_BODY),
  request: { params, body: bodyOf(endpointChange) },
  responses: answers({ 200: jsonOf('The endpoint', webhookEndpointSchema) }),
});

const deleteRoute = createRoute({
  method: 'delete',
  path: ONE,
  summary: 'Delete a webhook endpoint',
  description:
    'What is pending for it is given up. Its log can be read by its id until it is 30 days old. Needs the scope `webhooks:write`.',
  security: bearer,
  request: { params },
  responses: answers({
    200: jsonOf('The endpoint is gone', z.object({ id: z.string(), deleted: z.literal(true) })),
  }),
});

const rotateRoute = createRoute({
  method: 'post',
  path: `${ONE}/rotate-secret`,
  summary: 'Give a webhook endpoint a new secret',
  description:
    'Deliveries are signed with the old secret as well for as long as `keep_old_for` says; two secrets at most are in force. The answer has the new one. With a `secret` of your own the request may be repeated. Needs the scope `webhooks:write`.',
  security: bearer,
  middleware: jsonBody(SMALL_BODY),
  request: { params, body: bodyOf(rotateInput) },
  responses: answers({ 200: jsonOf('The endpoint', webhookEndpointWithSecretSchema) }),
});

const pauseRoute = createRoute({
  method: 'post',
  path: `${ONE}/pause`,
  summary: 'Pause a webhook endpoint',
  description:
    'What is due waits until it is resumed, for as long as the schedule lasts. May be repeated. Needs the scope `webhooks:write`.',
  security: bearer,
  request: { params },
  responses: answers({ 200: jsonOf('The endpoint', webhookEndpointSchema) }),
});

const resumeRoute = createRoute({
  method: 'post',
  path: `${ONE}/resume`,
  summary: 'Resume a webhook endpoint',
  description:
    'Whether it was paused by a user, or paused or disabled because of its failures. What was held is due at once. May be repeated. Needs the scope `webhooks:write`.',
  security: bearer,
  request: { params },
  responses: answers({ 200: jsonOf('The endpoint', webhookEndpointSchema) }),
});

const testRoute = createRoute({
  method: 'post',
  path: `${ONE}/test`,
  summary: 'Send a test to a webhook endpoint',
  description:
    'Delivers an event `webhook.test` now, whatever the filter says. The answer is its delivery; read it again for what came of it. Needs the scope `webhooks:write`.',
  security: bearer,
  request: { params },
  responses: answers({ 202: jsonOf('The delivery', deliverySchema) }),
});

const signingSecretSchema = z
  .object({
    object: z.literal('webhook_signing_secret'),
    secrets: z.array(z.object({ secret: z.string() })).meta({
      description:
        'The newest first. A second one is in force while the deployment’s SIGNING_SECRET is being replaced.',
    }),
  })
  .meta({ id: 'WebhookSigningSecret' });

const signingSecretRoute = createRoute({
  method: 'get',
  path: '/webhook-signing-secret',
  summary: 'Read the secret of jobs’ own webhooks',
  description:
    'Webhooks that a submit names are signed with it. Needs the scope `admin`; the audit log has it.',
  security: bearer,
  responses: answers({ 200: jsonOf('The project’s secrets', signingSecretSchema) }),
});

export const webhookEndpointRoutes = makeRoutes()
  .openapi(createEndpointRoute, async (c) => {
    const key = c.req.valid('header')['idempotency-key'] ?? null;
    const created = await createEndpoint(c.env.deps, c.var.actor, c.req.valid('json'), key);
    if (!created.ok) return failureResponse(c, created.failure);
    const { value: made } = created;
    const view = webhookEndpointView(made.endpoint, c.env.deps.machine.nowMs());
    c.header('location', `/v1${BASE}/${view.id}`);
    if (!made.replayed) return c.json({ ...view, secret: made.secret }, 201);
    c.header('idempotency-replayed', 'true');
    return c.json({ ...view, secret: made.secret }, 200);
  })
  .openapi(listRoute, async (c) => {
    const endpoints = await listEndpoints(c.env.deps, c.var.actor);
    if (!endpoints.ok) return failureResponse(c, endpoints.failure);
    const nowMs = c.env.deps.machine.nowMs();
    const data = endpoints.value.map((endpoint) => webhookEndpointView(endpoint, nowMs));
    return c.json(wholeListView(data), 200);
  })
  .openapi(getRoute, async (c) => {
    const { endpoint_id: id } = c.req.valid('param');
    const endpoint = await getEndpoint(c.env.deps, c.var.actor, id);
    if (!endpoint.ok) return failureResponse(c, endpoint.failure);
    return c.json(webhookEndpointView(endpoint.value, c.env.deps.machine.nowMs()), 200);
  })
  .openapi(changeRoute, async (c) => {
    const { endpoint_id: id } = c.req.valid('param');
    const changed = await changeEndpoint(c.env.deps, c.var.actor, id, c.req.valid('json'));
    if (!changed.ok) return failureResponse(c, changed.failure);
    return c.json(webhookEndpointView(changed.value, c.env.deps.machine.nowMs()), 200);
  })
  .openapi(deleteRoute, async (c) => {
    const { endpoint_id: id } = c.req.valid('param');
    const deleted = await deleteEndpoint(c.env.deps, c.var.actor, id);
    if (!deleted.ok) return failureResponse(c, deleted.failure);
    return c.json({ id, deleted: true as const }, 200);
  })
  .openapi(rotateRoute, async (c) => {
    const { endpoint_id: id } = c.req.valid('param');
    const rotated = await rotateSecret(c.env.deps, c.var.actor, id, c.req.valid('json'));
    if (!rotated.ok) return failureResponse(c, rotated.failure);
    const { endpoint, secret } = rotated.value;
    const nowMs = c.env.deps.machine.nowMs();
    return c.json({ ...webhookEndpointView(endpoint, nowMs), secret }, 200);
  })
  .openapi(pauseRoute, async (c) => {
    const { endpoint_id: id } = c.req.valid('param');
    const endpoint = await pauseEndpoint(c.env.deps, c.var.actor, id);
    if (!endpoint.ok) return failureResponse(c, endpoint.failure);
    return c.json(webhookEndpointView(endpoint.value, c.env.deps.machine.nowMs()), 200);
  })
  .openapi(resumeRoute, async (c) => {
    const { endpoint_id: id } = c.req.valid('param');
    const endpoint = await resumeEndpoint(c.env.deps, c.var.actor, id);
    if (!endpoint.ok) return failureResponse(c, endpoint.failure);
    return c.json(webhookEndpointView(endpoint.value, c.env.deps.machine.nowMs()), 200);
  })
  .openapi(testRoute, async (c) => {
    const { endpoint_id: id } = c.req.valid('param');
    const delivery = await testEndpoint(c.env.deps, c.var.actor, id);
    if (!delivery.ok) return failureResponse(c, delivery.failure);
    c.header('location', `/v1/webhook-deliveries/${delivery.value.id}`);
    return c.json(deliveryView(delivery.value), 202);
  })
  .openapi(signingSecretRoute, async (c) => {
    const secrets = await readSigningSecrets(c.env.deps, c.var.actor);
    if (!secrets.ok) return failureResponse(c, secrets.failure);
    const shown = secrets.value.map((secret) => ({ secret }));
    return c.json({ object: 'webhook_signing_secret' as const, secrets: shown }, 200);
  });
