import { Hono } from 'hono';

import { FloorObject, floorOf, type YardstickEnv } from './floor-object.ts';
import { callModel, type FloorJob, type FloorParameters } from './model-call.ts';
import { ThreeCalls, threeCallsMerged, threeCallsOnFloor } from './three-calls.ts';

export { FloorObject, ThreeCalls };

const app = new Hono<{ Bindings: YardstickEnv }>();

/** The bare proxy: one object call with one write, then the model. */
app.post('/proxy', async (c) => {
  const parameters: FloorParameters = await c.req.json();
  const id = newId();
  await floorOf(c.env, id).write(id, ['1/before'], parameters.text);
  return c.json({ id, text: await callModel(c.env.MODEL_URL, parameters) });
});

app.post('/floor/inline', async (c) => {
  const job: FloorJob = { id: newId(), ...(await c.req.json<FloorParameters>()) };
  return c.json({ id: job.id, finished_at_ms: await threeCallsOnFloor(c.env, job) });
});

app.post('/floor/merged', async (c) => {
  const job: FloorJob = { id: newId(), ...(await c.req.json<FloorParameters>()) };
  return c.json({ id: job.id, finished_at_ms: await threeCallsMerged(c.env, job) });
});

app.post('/floor/queued', async (c) => {
  const job: FloorJob = { id: newId(), ...(await c.req.json<FloorParameters>()) };
  await c.env.FLOOR_JOBS.send(job);
  return c.json({ id: job.id }, 202);
});

app.get('/floor/queued/:id', async (c) => {
  const id = c.req.param('id');
  return c.json({ finished_at_ms: await floorOf(c.env, id).writtenAtMs(id, '3/after') });
});

app.post('/workflow', async (c) => {
  const instance = await c.env.THREE_CALLS.create({ params: await c.req.json<FloorParameters>() });
  return c.json({ id: instance.id }, 202);
});

app.get('/workflow/:id', async (c) => {
  const instance = await c.env.THREE_CALLS.get(c.req.param('id'));
  const { status, output } = await instance.status();
  if (status === 'errored') throw new Error('a workflow failed');
  return c.json({ finished_at_ms: status === 'complete' ? output : null });
});

app.get('/healthz', (c) => c.json({ status: 'ok' }));

export default {
  fetch: app.fetch,
  /** A batch counts as taken at once and its jobs run side by side, as in Penstock's local consumer. */
  async queue(batch, env, ctx) {
    batch.ackAll();
    ctx.waitUntil(Promise.all(batch.messages.map(({ body }) => threeCallsOnFloor(env, body))));
  },
} satisfies ExportedHandler<YardstickEnv, FloorJob>;

function newId(): string {
  return crypto.randomUUID();
}
