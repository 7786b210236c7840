import { createRoute, z } from '@hono/zod-openapi';

import { isJobId } from '../../../domain/ids.ts';
import { deliveryStates } from '../../../domain/webhook.ts';
import {
  deliveredEventNames,
  unknownName,
} from '../../../services/webhooks/endpoints/event-names.ts';
import {
  getDelivery,
  listDeliveries,
  OF_JOBS,
} from '../../../services/webhooks/log/find-deliveries.ts';
import { redeliverAll, redeliverOne } from '../../../services/webhooks/log/redeliver.ts';
import { listSchema, pageView } from '../../../services/views/list-view.ts';
import {
  deliverySchema,
  deliveryView,
  listedDeliverySchema,
  listedDeliveryView,
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
import { pageQuery, timeField } from '../request-fields.ts';

const BASE = '/webhook-deliveries';
const params = z.object({ delivery_id: z.string().max(80).meta({ example: 'whd_…' }) });

const type = z.string().superRefine((text, context) => {
  if (deliveredEventNames.includes(text)) return;
  context.addIssue({ code: 'custom', message: unknownName(text, deliveredEventNames) });
});
const job = z.string().refine(isJobId, 'must be the id of a job: job_…');
const filterFields = {
  type: type.optional().meta({ description: 'Of the event', example: 'job.succeeded' }),
  job: job.optional(),
  created_after: timeField.optional(),
  created_before: timeField.optional(),
};

const deliveriesQuery = z.object({
  endpoint: z
    .string()
    .max(80)
    .optional()
    .meta({ description: `Of one endpoint; \`${OF_JOBS}\` for jobs’ own webhooks` }),
  state: z
    .enum(deliveryStates, { error: `must be one of ${deliveryStates.join(', ')}` })
    .optional(),
  ...filterFields,
  ...pageQuery.shape,
});

const redeliverBody = z
  .strictObject({
    endpoint: z.string().max(80).meta({ example: 'whe_…' }),
    state: z
      .enum(['failed', 'delivered'], { error: 'must be failed or delivered' })
      .default('failed'),
    ...filterFields,
  })
  .meta({ id: 'RedeliverWebhooks' });

/** The part of a filter that deliveries know, from fields as they are named outside. */
function filterOf(fields: {
  readonly type?: string | undefined;
  readonly job?: z.output<typeof job> | undefined;
  readonly created_after?: string | undefined;
  readonly created_before?: string | undefined;
}) {
  const { created_after: after, created_before: before } = fields;
  return {
    type: fields.type,
    jobId: fields.job,
    afterMs: after === undefined ? undefined : Date.parse(after),
    beforeMs: before === undefined ? undefined : Date.parse(before),
  };
}

const listRoute = createRoute({
  method: 'get',
  path: BASE,
  summary: 'List webhook deliveries, newest first',
  description:
    'What is pending, and what was tried in the last 30 days. Needs the scope `webhooks:read`.',
  security: bearer,
  request: { query: deliveriesQuery },
  responses: answers({ 200: jsonOf('A page of deliveries', listSchema(listedDeliverySchema)) }),
});

const getRoute = createRoute({
  method: 'get',
  path: `${BASE}/{delivery_id}`,
  summary: 'Read a webhook delivery with every try',
  security: bearer,
  request: { params },
  responses: answers({ 200: jsonOf('The delivery', deliverySchema) }),
});

const redeliverRoute = createRoute({
  method: 'post',
  path: `${BASE}/{delivery_id}/redeliver`,
  summary: 'Deliver once more',
  description:
    'What was delivered or given up is due at once, with a new schedule and the same `webhook-id`. One that is still pending answers 409, one whose job has been erased 410. Needs the scope `webhooks:write`.',
  security: bearer,
  request: { params },
  responses: answers({ 202: jsonOf('The delivery as it is now', deliverySchema) }),
});

const redeliverAllRoute = createRoute({
  method: 'post',
  path: `${BASE}/redeliver`,
  summary: 'Deliver once more all that a filter finds',
  description:
    'Of one endpoint: what has failed, unless `state` says otherwise; 1,000 with one request. What is pending, or erased, is left out. Needs the scope `webhooks:write`.',
  security: bearer,
  middleware: jsonBody(SMALL_BODY),
  request: { body: bodyOf(redeliverBody) },
  responses: answers({
    202: jsonOf(
      'How many are due again',
      z.object({
        object: z.literal('webhook_redelivery'),
        redelivered: z.int(),
        has_more: z.boolean().meta({ description: 'Whether the same request may find more' }),
      }),
    ),
  }),
});

export const webhookDeliveryRoutes = makeRoutes()
  .openapi(listRoute, async (c) => {
    const { limit, after = null, endpoint, state, ...fields } = c.req.valid('query');
    const filter = { endpoint, state, before: after, ...filterOf(fields) };
    const page = await listDeliveries(c.env.deps, c.var.actor, filter, limit);
    if (!page.ok) return failureResponse(c, page.failure);
    return c.json(pageView(page.value, listedDeliveryView), 200);
  })
  // Before the routes of one delivery: it is not the id of one.
  .openapi(redeliverAllRoute, async (c) => {
    const { endpoint, state, ...fields } = c.req.valid('json');
    const query = { state, ...filterOf(fields) };
    const redelivered = await redeliverAll(c.env.deps, c.var.actor, endpoint, query);
    if (!redelivered.ok) return failureResponse(c, redelivered.failure);
    const { count, hasMore } = redelivered.value;
    return c.json(
      { object: 'webhook_redelivery' as const, redelivered: count, has_more: hasMore },
      202,
    );
  })
  .openapi(getRoute, async (c) => {
    const { delivery_id: id } = c.req.valid('param');
    const delivery = await getDelivery(c.env.deps, c.var.actor, id);
    if (!delivery.ok) return failureResponse(c, delivery.failure);
    return c.json(deliveryView(delivery.value), 200);
  })
  .openapi(redeliverRoute, async (c) => {
    const { delivery_id: id } = c.req.valid('param');
    const delivery = await redeliverOne(c.env.deps, c.var.actor, id);
    if (!delivery.ok) return failureResponse(c, delivery.failure);
    return c.json(deliveryView(delivery.value), 202);
  });
