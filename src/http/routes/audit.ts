import { createRoute } from '@hono/zod-openapi';

import { listAudit } from '../../services/audit/list-audit.ts';
import { auditEntrySchema, auditEntryView } from '../../services/views/audit-view.ts';
import { listSchema, pageView } from '../../services/views/list-view.ts';
import { failureResponse } from '../failure-response.ts';
import { answers, bearer, jsonOf, makeRoutes } from '../openapi.ts';
import { pageQuery } from './request-fields.ts';

const listRoute = createRoute({
  method: 'get',
  path: '/audit',
  summary: 'List what administrators did, newest first',
  description:
    'The root key sees everything, a key with the scope `admin` what concerns its project alone.',
  security: bearer,
  request: { query: pageQuery },
  responses: answers({ 200: jsonOf('A page of entries', listSchema(auditEntrySchema)) }),
});

export const auditRoutes = makeRoutes().openapi(listRoute, async (c) => {
  const { after = null, limit } = c.req.valid('query');
  const page = await listAudit(c.env.deps, c.var.actor, after, limit);
  if (!page.ok) return failureResponse(c, page.failure);
  return c.json(pageView(page.value, auditEntryView), 200);
});
