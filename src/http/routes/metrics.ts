import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { accepts } from 'hono/accepts';

import { failureClasses } from '../../domain/job/failure.ts';
import { isTerminal, jobStatuses } from '../../domain/job/job.ts';
import { usageNames } from '../../services/metrics/query/cost-sums.ts';
import { costGroups, costs } from '../../services/metrics/query/costs.ts';
import { readQueues } from '../../services/metrics/query/queues.ts';
import { summary } from '../../services/metrics/query/summary.ts';
import { timeseries } from '../../services/metrics/query/timeseries.ts';
import { rebuildMetrics } from '../../services/metrics/rebuild-metrics.ts';
import { steps } from '../../services/metrics/query/window.ts';
import { OTHERS } from '../../services/metrics/rollup/stored-rollup.ts';
import {
  costsCsv,
  costsSchema,
  costsView,
  queuesSchema,
  queuesView,
  summarySchema,
  summaryView,
  timeseriesSchema,
  timeseriesView,
  unmeasuredView,
} from '../../services/views/metrics-view.ts';
import { failureResponse } from '../failure-response.ts';
import { answers, bearer, bodyOf, jsonBody, jsonOf, makeRoutes, SMALL_BODY } from '../openapi.ts';

const moment = z.iso.datetime({
  offset: true,
  error:
    'must be a time in ISO 8601, such as 2026-11-23T00:00:00Z; the + of an offset is written %2B in a query',
});
const windowQuery = {
  from: moment.optional(),
  to: moment.optional().meta({ description: 'Now, if absent' }),
  window: z.string().max(20).optional().meta({ description: 'Instead of `from`', example: '24h' }),
};
const LIST_MAX = 20;
/** A comma in a name, as a tag may have it, is written with a backslash. */
const withCommas = (part: string): string => part.trim().replaceAll('\\,', ',');
const list = z
  .string()
  .max(2_000)
  .transform((text) => text.split(/(?<!\\),/).map(withCommas))
  .pipe(
    z
      .array(z.string().min(1, 'is empty: give names, separated by commas'))
      .max(LIST_MAX, `must have at most ${LIST_MAX} values`),
  );
const values = list.optional().meta({
  type: 'string',
  description: 'One or more, by commas; a comma in a name is written `\\,`',
});

/** Words of a list that is known: a slip would be answered with nothing, as if nothing had happened. */
function among(words: readonly string[]) {
  const error = `must be among ${words.join(', ')}`;
  return list
    .pipe(z.array(z.string().refine((word) => words.includes(word), { error })))
    .optional()
    .meta({ type: 'string', description: `By commas, of: ${words.join(', ')}` });
}

const costFilters = {
  pipeline: values,
  version: values,
  step_id: values.optional().meta({ type: 'string', description: 'Steps of pipelines, by commas' }),
  provider: values,
  model: values,
  class: values,
  tag: values,
};
/** What no cost is told apart by. */
const otherFilters = {
  status: among(jobStatuses.filter((status) => isTerminal(status))),
  rule: values,
  category: values.optional().meta({ type: 'string', description: 'Of what a moderation flags' }),
  endpoint: values.optional().meta({ type: 'string', description: 'Of webhooks, by their ids' }),
  label: values.optional().meta({ type: 'string', description: 'Of feedback' }),
  queue: values.optional().meta({ type: 'string', description: 'By the names in `/v1/queues`' }),
  state: values
    .optional()
    .meta({ type: 'string', description: 'Of targets, as `/v1/targets` has it' }),
};
const filterQuery = { ...costFilters, ...otherFilters };
type FilterQuery = { readonly [Name in keyof typeof filterQuery]?: string[] | undefined };

/** `step` is how wide a point is; the dimension of that name is filtered by as `step_id`. */
function filtersOf({ step_id: step, ...query }: FilterQuery): Record<string, readonly string[]> {
  const given: [string, readonly string[] | undefined][] = Object.entries({ ...query, step });
  return Object.fromEntries(
    given.flatMap(([name, wanted]) => (wanted === undefined ? [] : [[name, wanted]])),
  );
}

const NEEDS = 'Needs the scope `metrics:read`.';

const summaryRoute = createRoute({
  method: 'get',
  path: '/metrics/summary',
  summary: 'Every metric over a window',
  description: `The last 24 hours if no window is given. Filters leave out metrics that cannot be told apart by them. ${NEEDS}`,
  security: bearer,
  request: { query: z.strictObject({ ...windowQuery, ...filterQuery }) },
  responses: answers({ 200: jsonOf('The metrics', summarySchema) }),
});

const timeseriesRoute = createRoute({
  method: 'get',
  path: '/metrics/timeseries',
  summary: 'How a metric went over time',
  description: `The last three hours if no window is given. Points at which nothing happened are left out. ${NEEDS}`,
  security: bearer,
  request: {
    query: z.strictObject({
      metric: z.string().max(80).meta({ example: 'provider_latency' }),
      group_by: list.optional().meta({ type: 'string', example: 'provider,model' }),
      step: z.enum(steps).optional().meta({ description: 'One that fits the window, if absent' }),
      ...windowQuery,
      ...filterQuery,
    }),
  },
  responses: answers({ 200: jsonOf('The series', timeseriesSchema) }),
});

const groups = list
  .pipe(z.array(z.enum(costGroups, { error: `must be among ${costGroups.join(', ')}` })))
  .optional()
  .meta({ type: 'string', example: 'pipeline,day' });

const costsRoute = createRoute({
  method: 'get',
  path: '/costs',
  summary: 'What calls cost, to the nano-dollar',
  description: `The last 30 days if neither a window nor a period is given. Grouped by \`project\`, the root key is told of all projects, for at most 32 days. As CSV with \`format=csv\`, or when \`Accept\` asks for \`text/csv\`. What several tags have in common stands in the line of each, and once in the total. ${NEEDS}`,
  security: bearer,
  request: {
    query: z.strictObject({
      group_by: groups,
      period: z.string().max(10).optional().meta({
        description: 'A day or a month of UTC, instead of a window',
        example: '2026-11',
      }),
      format: z.enum(['json', 'csv']).optional(),
      ...windowQuery,
      ...costFilters,
      class: among([...failureClasses, 'superseded', OTHERS]),
    }),
    headers: z.object({ accept: z.string().optional() }),
  },
  responses: answers({
    200: {
      description: 'The costs',
      content: {
        'application/json': { schema: costsSchema },
        'text/csv': { schema: z.string() },
      },
    },
  }),
});

const rebuildRoute = createRoute({
  method: 'post',
  path: '/metrics/rebuild',
  summary: 'Make the sums of a window anew',
  description:
    'Out of the facts, in every project, over the next runs of the roll-up. It changes nothing where the sums are right. For the root key alone.',
  security: bearer,
  middleware: jsonBody(SMALL_BODY),
  request: { body: bodyOf(z.strictObject({ from: moment, to: moment })) },
  responses: answers({
    202: jsonOf(
      'What will be made anew',
      z.object({ marked: z.int().meta({ description: 'Minutes and hours, by project' }) }),
    ),
  }),
});

const queuesRoute = createRoute({
  method: 'get',
  path: '/queues',
  summary: 'What waits at this moment',
  description: `The queues of the deployment, and the project’s jobs that could go on and that no runner has taken. ${NEEDS}`,
  security: bearer,
  responses: answers({ 200: jsonOf('The queues', queuesSchema) }),
});

/** CSV for whoever would rather have it than JSON (RFC 9110, 12.5.1). */
function preferredFormat(c: Context): 'json' | 'csv' {
  const supports = ['application/json', 'text/csv'];
  const type = accepts(c, { header: 'Accept', supports, default: 'application/json' });
  return type === 'text/csv' ? 'csv' : 'json';
}

export const metricsRoutes = makeRoutes()
  .openapi(summaryRoute, async (c) => {
    const { metrics } = c.env.deps;
    const { from, to, window, ...filters } = c.req.valid('query');
    const told = await summary(c.env.deps, c.var.actor, {
      from,
      to,
      window,
      filters: filtersOf(filters),
    });
    if (!told.ok) return failureResponse(c, told.failure);
    return c.json({ ...summaryView(told.value), ...unmeasuredView(metrics.unmeasured) }, 200);
  })
  .openapi(timeseriesRoute, async (c) => {
    const { metrics } = c.env.deps;
    const { metric, group_by: groupBy = [], step, ...query } = c.req.valid('query');
    const { from, to, window, ...filters } = query;
    const told = await timeseries(c.env.deps, c.var.actor, {
      metric,
      groupBy,
      step,
      from,
      to,
      window,
      filters: filtersOf(filters),
    });
    if (!told.ok) return failureResponse(c, told.failure);
    return c.json({ ...timeseriesView(told.value), ...unmeasuredView(metrics.unmeasured) }, 200);
  })
  .openapi(costsRoute, async (c) => {
    const { metrics } = c.env.deps;
    const { group_by: groupBy = [], format, ...query } = c.req.valid('query');
    const { from, to, window, period, ...filters } = query;
    const told = await costs(c.env.deps, c.var.actor, {
      groupBy,
      from,
      to,
      window,
      period,
      filters: filtersOf(filters),
    });
    if (!told.ok) return failureResponse(c, told.failure);
    if ((format ?? preferredFormat(c)) === 'json') {
      return c.json({ ...costsView(told.value), ...unmeasuredView(metrics.unmeasured) }, 200);
    }
    c.header('content-disposition', 'attachment; filename="costs.csv"');
    c.header('content-type', 'text/csv; charset=utf-8');
    return c.body(costsCsv(told.value, groupBy, usageNames), 200);
  })
  .openapi(rebuildRoute, async (c) => {
    const marked = await rebuildMetrics(c.env.deps, c.var.actor, c.req.valid('json'));
    return marked.ok ? c.json({ marked: marked.value }, 202) : failureResponse(c, marked.failure);
  })
  .openapi(queuesRoute, async (c) => {
    const told = await readQueues(c.env.deps, c.var.actor);
    return told.ok ? c.json(queuesView(told.value), 200) : failureResponse(c, told.failure);
  });
