import { createRoute, z } from '@hono/zod-openapi';

import { budgetChangeSchema, budgetInputSchema } from '../../services/budgets/budget-input.ts';
import {
  changeBudget,
  createBudget,
  deleteBudget,
  getBudget,
  listBudgets,
} from '../../services/budgets/manage-budgets.ts';
import { budgetSchema, budgetView } from '../../services/views/budget-view.ts';
import { listSchema, wholeListView } from '../../services/views/list-view.ts';
import { failureResponse } from '../failure-response.ts';
import { answers, bearer, bodyOf, jsonBody, jsonOf, makeRoutes, SMALL_BODY } from '../openapi.ts';

const params = z.object({ budget_id: z.string().max(80).meta({ example: 'bud_…' }) });

const createBudgetRoute = createRoute({
  method: 'post',
  path: '/budgets',
  summary: 'Limit what is spent',
  description:
    'Counts the paid calls of a pipeline, an API key, a tag or the whole project by the day, the month or in total, from now on. Under a hard cap, the default, room for the most that a call may cost is taken before it is made: the limit holds however many there are at once. There is one budget for a scope and period. Needs the scope `budgets:write`.',
  security: bearer,
  middleware: jsonBody(SMALL_BODY),
  request: { body: bodyOf(budgetInputSchema) },
  responses: answers({ 201: jsonOf('The budget', budgetSchema) }),
});

const listRoute = createRoute({
  method: 'get',
  path: '/budgets',
  summary: 'List budgets and how they stand',
  description: 'Oldest first. Needs the scope `budgets:read`.',
  security: bearer,
  responses: answers({ 200: jsonOf('The budgets', listSchema(budgetSchema)) }),
});

const getRoute = createRoute({
  method: 'get',
  path: '/budgets/{budget_id}',
  summary: 'Read how a budget stands',
  description: 'Needs the scope `budgets:read`.',
  security: bearer,
  request: { params },
  responses: answers({ 200: jsonOf('The budget', budgetSchema) }),
});

const changeRoute = createRoute({
  method: 'patch',
  path: '/budgets/{budget_id}',
  summary: 'Change a budget',
  description:
    'Replaces the fields that are given; what was counted stays. Jobs that wait for room notice a higher limit within a quarter of an hour. What is counted, and by which period, does not change: make another budget for that. Needs the scope `budgets:write`.',
  security: bearer,
  middleware: jsonBody(SMALL_BODY),
  request: { params, body: bodyOf(budgetChangeSchema) },
  responses: answers({ 200: jsonOf('The budget', budgetSchema) }),
});

const deleteRoute = createRoute({
  method: 'delete',
  path: '/budgets/{budget_id}',
  summary: 'Delete a budget',
  description:
    'What it has counted goes with it, and calls from now on are made without it. Needs the scope `budgets:write`.',
  security: bearer,
  request: { params },
  responses: answers({
    200: jsonOf('The budget is gone', z.object({ id: z.string(), deleted: z.literal(true) })),
  }),
});

export const budgetRoutes = makeRoutes()
  .openapi(createBudgetRoute, async (c) => {
    const created = await createBudget(c.env.deps, c.var.actor, c.req.valid('json'));
    if (!created.ok) return failureResponse(c, created.failure);
    c.header('location', `/v1/budgets/${created.value.budget.id}`);
    return c.json(budgetView(created.value, c.env.deps.machine.nowMs()), 201);
  })
  .openapi(listRoute, async (c) => {
    const budgets = await listBudgets(c.env.deps, c.var.actor);
    if (!budgets.ok) return failureResponse(c, budgets.failure);
    const nowMs = c.env.deps.machine.nowMs();
    const data = budgets.value.map((each) => budgetView(each, nowMs));
    return c.json(wholeListView(data), 200);
  })
  .openapi(getRoute, async (c) => {
    const { budget_id: id } = c.req.valid('param');
    const budget = await getBudget(c.env.deps, c.var.actor, id);
    if (!budget.ok) return failureResponse(c, budget.failure);
    return c.json(budgetView(budget.value, c.env.deps.machine.nowMs()), 200);
  })
  .openapi(changeRoute, async (c) => {
    const { budget_id: id } = c.req.valid('param');
    const changed = await changeBudget(c.env.deps, c.var.actor, id, c.req.valid('json'));
    if (!changed.ok) return failureResponse(c, changed.failure);
    return c.json(budgetView(changed.value, c.env.deps.machine.nowMs()), 200);
  })
  .openapi(deleteRoute, async (c) => {
    const { budget_id: id } = c.req.valid('param');
    const deleted = await deleteBudget(c.env.deps, c.var.actor, id);
    if (!deleted.ok) return failureResponse(c, deleted.failure);
    return c.json({ id, deleted: true as const }, 200);
  });
