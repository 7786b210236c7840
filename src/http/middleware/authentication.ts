import { createMiddleware } from 'hono/factory';

import { authenticate } from '../../services/access/authenticate.ts';
import type { AppEnv } from '../deps.ts';
import { failureResponse } from '../failure-response.ts';

/** Lets nobody past without a key, and tells the handlers who is asking. */
export const authentication = createMiddleware<AppEnv>(async (c, next) => {
  const header = c.req.header('authorization') ?? null;
  const actor = await authenticate(c.env.deps, header, c.req.header('penstock-project') ?? null);
  if (!actor.ok) return failureResponse(c, actor.failure);
  c.set('actor', actor.value);
  return next();
});
