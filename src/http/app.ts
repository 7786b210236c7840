import type { OpenAPIHono } from '@hono/zod-openapi';

import { definitionJsonSchema } from '../services/pipelines/definition-schema.ts';
import { errorName, framesOf } from '../services/ports/log.ts';
import type { AppEnv } from './deps.ts';
import { docsPage } from './docs-page.ts';
import { failureResponse } from './failure-response.ts';
import { authentication } from './middleware/authentication.ts';
import { correlation } from './middleware/correlation.ts';
import { makeRoutes } from './openapi.ts';
import { accessRoutes } from './routes/access.ts';
import { auditRoutes } from './routes/audit.ts';
import { budgetRoutes } from './routes/budgets.ts';
import { bulkRoutes } from './routes/jobs/bulk.ts';
import { callbackRoutes } from './routes/callbacks.ts';
import { explainRoutes } from './routes/explain.ts';
import { feedbackRoutes } from './routes/jobs/feedback.ts';
import { fileRoutes, publicFileRoutes } from './routes/files.ts';
import { jobRoutes } from './routes/jobs/jobs.ts';
import { liveRoutes } from './routes/jobs/live.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { pipelineRoutes } from './routes/pipelines.ts';
import { priceRoutes } from './routes/prices.ts';
import { prometheusRoutes } from './routes/prometheus.ts';
import { rerunRoutes } from './routes/jobs/reruns.ts';
import { steeringRoutes } from './routes/jobs/steering.ts';
import { targetRoutes } from './routes/targets.ts';
import { webhookDeliveryRoutes } from './routes/webhooks/webhook-deliveries.ts';
import { webhookEndpointRoutes } from './routes/webhooks/webhook-endpoints.ts';

const DOCUMENT = {
  openapi: '3.1.0',
  info: {
    title: 'Penstock',
    version: '1',
    description: 'Production AI pipelines as an HTTP API.',
  },
} as const;

const underV1 = [
  jobRoutes,
  liveRoutes,
  steeringRoutes,
  rerunRoutes,
  feedbackRoutes,
  bulkRoutes,
  pipelineRoutes,
  explainRoutes,
  targetRoutes,
  auditRoutes,
  webhookEndpointRoutes,
  webhookDeliveryRoutes,
  priceRoutes,
  budgetRoutes,
  metricsRoutes,
  accessRoutes,
  fileRoutes,
];

/** The doors of the Worker. */
export function makeApp(): OpenAPIHono<AppEnv> {
  const app = makeRoutes();
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
  });
  app.use('*', correlation);
  app.use('/v1/*', authentication);

  app.get('/healthz', (c) => {
    const { settingProblems: problems } = c.env.deps;
    return c.json(problems.length === 0 ? { status: 'ok' } : { status: 'ok', problems });
  });
  app.get('/openapi.json', (c) => c.json(app.getOpenAPI31Document(DOCUMENT)));
  app.get('/schema/pipeline.json', (c) => {
    c.header('content-type', 'application/schema+json');
    c.header('cache-control', 'public, max-age=300');
    // Public, and read by editors in browsers.
    c.header('access-control-allow-origin', '*');
    return c.body(JSON.stringify(definitionJsonSchema()));
  });
  app.get('/docs', (c) => c.html(docsPage(app.getOpenAPI31Document(DOCUMENT))));
  app.get('/', (c) => c.redirect('/docs'));

  for (const routes of underV1) app.route('/v1', routes);
  app.route('/', publicFileRoutes);
  app.route('/', callbackRoutes);
  app.route('/', prometheusRoutes);

  app.notFound((c) => {
    const message = `there is no ${c.req.method} ${c.req.path.slice(0, 200)}; the paths are listed at /docs`;
    return failureResponse(c, { code: 'not_found', message });
  });
  app.onError((error, c) => {
    const { requestId, traceId } = c.var.correlation;
    c.env.deps.log('error', 'http.defect', {
      request_id: requestId,
      trace_id: traceId,
      error: errorName(error),
      stack: framesOf(error),
    });
    const message = `a defect in Penstock stopped this request; its log has the details under ${requestId}`;
    return failureResponse(c, { code: 'internal', message });
  });
  return app;
}
