import { createRoute, z } from '@hono/zod-openapi';

import { prometheusText } from '../../services/metrics/query/prometheus.ts';
import { failureResponse } from '../failure-response.ts';
import { authentication } from '../middleware/authentication.ts';
import { answers, bearer, makeRoutes } from '../openapi.ts';

const scrapeRoute = createRoute({
  method: 'get',
  path: '/metrics',
  summary: 'Metrics for Prometheus',
  description:
    'In its text format: of the whole deployment for the root key, of the project for any other. Counters count a day of UTC and begin anew ten minutes after its end. Needs the scope `metrics:read`.',
  security: bearer,
  middleware: authentication,
  responses: {
    ...answers({}),
    200: { description: 'The metrics', content: { 'text/plain': { schema: z.string() } } },
  },
});

export const prometheusRoutes = makeRoutes().openapi(scrapeRoute, async (c) => {
  const told = await prometheusText(c.env.deps, c.var.actor);
  if (!told.ok) return failureResponse(c, told.failure);
  return c.text(told.value, 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
});
