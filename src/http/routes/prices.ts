import { createRoute, z } from '@hono/zod-openapi';

import { deletePrice, listPrices, putPrice } from '../../services/prices/manage-prices.ts';
import { priceInputSchema } from '../../services/prices/price-input.ts';
import { priceSchema, priceView } from '../../services/views/price-view.ts';
import { listSchema, wholeListView } from '../../services/views/list-view.ts';
import { violationSchema } from '../../services/views/problem-schema.ts';
import { failureResponse } from '../failure-response.ts';
import { answers, bearer, bodyOf, jsonBody, jsonOf, makeRoutes, SMALL_BODY } from '../openapi.ts';

const putRoute = createRoute({
  method: 'put',
  path: '/prices',
  summary: 'Set what a model costs the project',
  description:
    'Instead of the list price, and of what the provider reports. A price that begins at the same time for the same models is replaced; one that overlaps with another is refused. Of several that fit a call the one that spells out most of the model’s name holds. Calls from now on are priced by it; costs that are recorded do not change. Needs the scope `prices:write`.',
  security: bearer,
  middleware: jsonBody(SMALL_BODY),
  request: { body: bodyOf(priceInputSchema) },
  responses: answers({
    200: jsonOf('The price', priceSchema.extend({ warnings: z.array(violationSchema) })),
  }),
});

const listRoute = createRoute({
  method: 'get',
  path: '/prices',
  summary: 'List the project’s own prices',
  description: 'All of them, also of the past and the future. Needs the scope `prices:read`.',
  security: bearer,
  responses: answers({ 200: jsonOf('The prices', listSchema(priceSchema)) }),
});

const deleteRoute = createRoute({
  method: 'delete',
  path: '/prices/{price_id}',
  summary: 'Delete a price',
  description:
    'Calls from now on are priced without it. To end a price, put it again with an `effective_to`. Needs the scope `prices:write`.',
  security: bearer,
  request: { params: z.object({ price_id: z.string().max(80).meta({ example: 'prc_…' }) }) },
  responses: answers({
    200: jsonOf('The price is gone', z.object({ id: z.string(), deleted: z.literal(true) })),
  }),
});

export const priceRoutes = makeRoutes()
  .openapi(putRoute, async (c) => {
    const put = await putPrice(c.env.deps, c.var.actor, c.req.valid('json'));
    if (!put.ok) return failureResponse(c, put.failure);
    const { price, warnings } = put.value;
    return c.json({ ...priceView(price), warnings: [...warnings] }, 200);
  })
  .openapi(listRoute, async (c) => {
    const prices = await listPrices(c.env.deps, c.var.actor);
    if (!prices.ok) return failureResponse(c, prices.failure);
    const data = prices.value.map(priceView);
    return c.json(wholeListView(data), 200);
  })
  .openapi(deleteRoute, async (c) => {
    const { price_id: id } = c.req.valid('param');
    const deleted = await deletePrice(c.env.deps, c.var.actor, id);
    if (!deleted.ok) return failureResponse(c, deleted.failure);
    return c.json({ id, deleted: true as const }, 200);
  });
