import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { z } from 'zod';

import type { JsonObject } from '../../src/domain/json.ts';
import type { auditEntrySchema } from '../../src/services/views/audit-view.ts';
import type { budgetSchema } from '../../src/services/views/budget-view.ts';
import type { JobView } from '../../src/services/views/jobs/job-schema.ts';
import { newKey, newTenant, rootApi, type Api } from './support/api.ts';
import { ended, eventsOf, jobWhen, post, publish, submit, typesOf } from './support/jobs.ts';
import { startOwnServer, type OwnServer } from './support/own-server.ts';
import { chatPipeline, plainPipeline, question } from './support/pipelines.ts';
import {
  COST,
  LONG,
  priced,
  pricedPipeline,
  target,
  USAGE,
  usdFor,
} from './support/priced-model.ts';
import { expectProblem } from './support/problem.ts';
import { addRules, newModel, statsOf } from './support/simulator-client.ts';
import { until } from './support/until.ts';
import { WebhookReceiver } from './support/webhook-receiver.ts';

type BudgetView = z.infer<typeof budgetSchema>;
type AuditView = z.infer<typeof auditEntrySchema>;

async function budget(api: Api, body: JsonObject): Promise<BudgetView> {
  const made = await api.send<BudgetView>('POST', '/v1/budgets', {
    name: 'a test',
    period: 'total',
    ...body,
  });
  expect(made.status, made.text).toBe(201);
  expect(made.headers.get('location')).toBe(`/v1/budgets/${made.body.id}`);
  return made.body;
}

async function standing(api: Api, { id }: { readonly id: string }): Promise<BudgetView> {
  const answer = await api.send<BudgetView>('GET', `/v1/budgets/${id}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

const nano = (usd: string): number => Math.round(Number(usd) * 1e9);

/** Settled is what is told a moment after a job's end. */
function settled(api: Api, made: BudgetView, spentNanoUsd: number): Promise<BudgetView> {
  return until(`${spentNanoUsd} spent of ${made.id}`, async () => {
    const view = await standing(api, made);
    return nano(view.spent_usd) === spentNanoUsd && nano(view.reserved_usd) === 0 && view;
  });
}

const FULL = process.env['PENSTOCK_TEST_SIZE'] === 'full';
const JOBS = FULL ? 500 : 100;
const FITTING = 50;

describe('a hard cap', () => {
  test('holds under fan-out: what fits is served, the rest is refused, and nobody pays for it', async () => {
    const api = await newTenant();
    const model = await pricedPipeline(api, {}, 100);
    const made = await budget(api, { limit_usd: usdFor(FITTING) });
    const jobs = await Promise.all(Array.from({ length: JOBS }, () => submit(api, question(LONG))));
    let most = 0;
    const watching = until(
      'the jobs to be over',
      async () => {
        const { spent_usd: spent, reserved_usd: reserved } = await standing(api, made);
        most = Math.max(most, nano(spent) + nano(reserved));
        await sleep(50);
        return over;
      },
      240_000,
    );
    let over = false;
    const ends: JobView[] = [];
    for (const { id } of jobs) ends.push(await ended(api, id, 200_000));
    over = true;
    await watching;
    const succeeded = ends.filter(({ status }) => status === 'succeeded');
    const refused = ends.filter(({ status }) => status === 'failed');
    expect(succeeded).toHaveLength(FITTING);
    expect(refused).toHaveLength(JOBS - FITTING);
    for (const job of refused) {
      expect(job.cost).toMatchObject({ nano_usd: 0, unpriced_attempts: 0 });
      expect(job.steps[0]?.error).toMatchObject({
        class: 'budget_exceeded',
        code: 'budget_exceeded',
        phase: 'not_sent',
      });
    }
    expect(await statsOf(model)).toMatchObject({ paid: FITTING });
    const view = await settled(api, made, FITTING * COST);
    expect(view).toMatchObject({ assumed_usd: '0.000000000', unknown_calls: 0, state: 'warning' });
    expect(most).toBeLessThanOrEqual(nano(made.limit_usd));
    const [first] = refused;
    const events = await eventsOf(api, first?.id ?? '');
    expect(events.find(({ type }) => type === 'budget.exceeded')?.data).toMatchObject({
      budget_id: made.id,
      limit_nano_usd: nano(made.limit_usd),
    });
  }, 300_000);

  test('that is spent refuses jobs at the door, says which it is, and takes those that need not pay', async () => {
    const api = await newTenant();
    await pricedPipeline(api);
    await publish(api, plainPipeline('plain'));
    const made = await budget(api, { limit_usd: (2 * COST) / 1e9 });
    const first = await submit(api, question(LONG), { prefer: 'wait=30', 'idempotency-key': 'k' });
    expect(first.status).toBe('succeeded');
    // What the second may cost at most does not fit any more, but the limit is not spent.
    expect((await ended(api, (await submit(api, question(LONG))).id)).status).toBe('failed');
    await api.send('PATCH', `/v1/budgets/${made.id}`, { limit_usd: COST / 1e9 });
    await settled(api, made, COST);
    const refused = await until('a refusal', async () => {
      const answer = await post(api, question(LONG));
      return answer.status === 402 && answer;
    });
    const problem = expectProblem(refused, { status: 402, code: 'budget_exceeded', at: {} });
    expect(problem.budget).toEqual({
      id: made.id,
      limit_usd: '0.002800000',
      spent_usd: '0.002800000',
      reserved_usd: '0.000000000',
      resets_at: null,
    });
    const repeated = await post(api, question(LONG), { 'idempotency-key': 'k' });
    expect(repeated).toMatchObject({ status: 200, body: { id: first.id } });
    expect((await submit(api, { pipeline: 'plain', input: { text: 'a' } })).id).toMatch(/^job_/);
    await api.send('DELETE', `/v1/budgets/${made.id}`);
    expect((await submit(api, question(LONG), { prefer: 'wait=30' })).status).toBe('succeeded');
  });

  test('refuses a target without a known price', async () => {
    const api = await newTenant();
    const model = newModel();
    await publish(api, chatPipeline(model));
    await budget(api, { limit_usd: 100 });
    const job = await ended(api, (await submit(api, question())).id);
    expect(job.steps[0]?.error).toMatchObject({ code: 'budget_unpriced' });
    expect(await statsOf(model)).toBeUndefined();
  });
});

describe('a job that does not fit', () => {
  test('waits where its budget queues, until the limit is raised', async () => {
    const api = await newTenant();
    const model = await pricedPipeline(api);
    const made = await budget(api, { limit_usd: usdFor(1), on_exceed: 'queue' });
    await submit(api, question(LONG), { prefer: 'wait=30' });
    const { id } = await submit(api, question(LONG));
    const waiting = await jobWhen(api, id, ({ waiting_on: on }) => on?.kind === 'budget');
    expect(waiting.waiting_on).toMatchObject({ kind: 'budget', key: made.id });
    expect(await statsOf(model)).toMatchObject({ paid: 1 });
    await api.send('PATCH', `/v1/budgets/${made.id}`, { limit_usd: '1.00' });
    expect((await ended(api, id, 40_000)).status).toBe('succeeded');
    const types = typesOf(await eventsOf(api, id));
    expect(types.filter((type) => type === 'budget.exceeded')).toHaveLength(1);
  });

  test('goes to a cheaper target, where its budget says so', async () => {
    const api = await newTenant();
    const [dear, cheap] = [newModel(), newModel()];
    await addRules(
      { match: { model: dear }, reply: { text: 'Fine.', usage: USAGE } },
      { match: { model: cheap }, reply: { text: 'Cheap.', usage: USAGE } },
    );
    await priced(api, dear);
    await priced(api, cheap, '0.02', '0.08');
    await publish(api, chatPipeline(dear, { route: { targets: [target(dear), target(cheap)] } }));
    await budget(api, {
      limit_usd: COST / 2 / 1e9,
      on_exceed: 'cheaper',
      scope: { pipeline: 'asks' },
    });
    const job = await ended(api, (await submit(api, question(LONG))).id);
    expect(job).toMatchObject({ status: 'succeeded', output: { answer: 'Cheap.' } });
    expect(await statsOf(dear)).toBeUndefined();
  });
});

describe('what a budget counts', () => {
  test('is what its scope says, sub-pipelines included', async () => {
    const api = await newTenant();
    const place = inject('shared');
    await pricedPipeline(api);
    await publish(api, {
      name: 'parent',
      steps: [
        {
          id: 'child',
          uses: 'pipeline',
          with: { pipeline: 'asks', input: { question: '${{ input.question }}' } },
        },
      ],
    });
    const other = await newKey(place, api.project);
    const cap = { limit_usd: 1, hard: false };
    const byPipeline = await budget(api, { ...cap, scope: { pipeline: 'parent' } });
    const byKey = await budget(api, { ...cap, scope: { api_key: other.id } });
    const byTag = await budget(api, { ...cap, scope: { tag: 'team:a' } });
    const all = await budget(api, cap);
    await submit(api, question(LONG), { prefer: 'wait=30' });
    const tagged = { pipeline: 'parent', input: { question: LONG }, tags: ['team:a'] };
    await ended(api, (await submit(api, tagged)).id);
    await settled(api, all, 2 * COST);
    expect(nano((await standing(api, byPipeline)).spent_usd)).toBe(COST);
    expect(nano((await standing(api, byTag)).spent_usd)).toBe(COST);
    expect(nano((await standing(api, byKey)).spent_usd)).toBe(0);
  });
});

test('budgets are listed, changed and deleted; the audit log has who did it', async () => {
  const api = await newTenant();
  const made = await budget(api, { name: 'all of it', period: 'month', limit_usd: '25.50' });
  expect(made).toMatchObject({
    scope: {},
    limit_usd: '25.500000000',
    hard: true,
    on_exceed: 'reject',
    warn_at: [0.5, 0.8],
    state: 'ok',
    spent_usd: '0.000000000',
    remaining_usd: '25.500000000',
    forecast_usd: null,
  });
  expect(new Date(made.resets_at ?? '').getUTCDate()).toBe(1);
  const changed = await api.send<BudgetView>('PATCH', `/v1/budgets/${made.id}`, { hard: false });
  expect(changed.body).toMatchObject({ hard: false, limit_usd: '25.500000000' });
  const listed = await api.send<{ data: BudgetView[] }>('GET', '/v1/budgets');
  expect(listed.body.data.map(({ id }) => id)).toEqual([made.id]);
  await api.send('DELETE', `/v1/budgets/${made.id}`);
  expectProblem(await api.send('DELETE', `/v1/budgets/${made.id}`), {
    status: 404,
    code: 'not_found',
    at: { '/path/budget_id': /GET \/v1\/budgets/ },
  });
  const audit = await rootApi(api.project).send<{ data: AuditView[] }>('GET', '/v1/audit');
  const deeds = audit.body.data.filter(({ subject }) => subject === made.id);
  expect(deeds.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
    'budget.delete failed',
    'budget.delete done',
    'budget.change done',
    'budget.create done',
  ]);
});

test('a budget that could not work is refused, and says where and why', async () => {
  const api = await newTenant();
  const valid = { name: 'a', period: 'day', limit_usd: 1 };
  await budget(api, valid);
  const cases: readonly [JsonObject, number, Readonly<Record<string, RegExp>>][] = [
    [{ ...valid, limit_usd: -5 }, 400, { '/limit_usd': /more than 0|>0/ }],
    [{ ...valid, limit_usd: '1,50' }, 400, { '/limit_usd': /decimal text/ }],
    [{ ...valid, period: 'week' }, 400, { '/period': /day/ }],
    [{ ...valid, on_exceed: 'stop' }, 400, { '/on_exceed': /reject/ }],
    [{ ...valid, warn_at: [1.5] }, 400, { '/warn_at/0': /at most 1/ }],
    [{ ...valid, scope: { pipeline: 'a', tag: 'b' } }, 400, { '/scope': /several/ }],
    [{ ...valid, scope: { team: 'a' } }, 400, { '/scope/team': /./ }],
    [
      { ...valid, scope: { pipeline: 'nobody' } },
      422,
      { '/scope/pipeline': /GET \/v1\/pipelines/ },
    ],
    [{ ...valid, scope: { api_key: 'key_0' } }, 422, { '/scope/api_key': /GET \/v1\/api-keys/ }],
    [valid, 409, { '/period': /PATCH \/v1\/budgets\/bud_/ }],
  ];
  for (const [body, status, at] of cases) {
    const code = { 400: 'invalid_request', 409: 'conflict', 422: 'unprocessable' }[status] ?? '';
    expectProblem(await api.send('POST', '/v1/budgets', body), { status, code, at });
  }
});

describe('a server of its own', () => {
  let server: OwnServer;

  beforeAll(async () => {
    server = await startOwnServer({
      SIGNING_SECRET: 'a-secret-of-the-budgets-tests-of-some-length',
      ALLOW_LOOPBACK_URLS: 'true',
    });
  });
  afterAll(async () => {
    await server.close();
  });

  test('tells of each threshold once, and of the first call that does not fit', async () => {
    const receiver = await WebhookReceiver.start(() => 200);
    const api = await newTenant(server);
    const model = newModel();
    server.simulator.addRules({ match: { model }, reply: { text: 'Fine.', usage: USAGE } });
    await priced(api, model);
    await publish(api, chatPipeline(model, { route: { targets: [target(model)] } }));
    const url = receiver.url('/alerts');
    await api.send('POST', '/v1/webhook-endpoints', { url, events: ['alert.*'] });
    const made = await budget(api, { limit_usd: usdFor(2), warn_at: [0.4, 0.8] });
    for (let job = 0; job < 4; job += 1) {
      await ended(api, (await submit(api, question(LONG))).id);
    }
    await until('the alerts', () => receiver.receptions.length >= 3);
    await receiver.kill();
    expect(receiver.receptions.map(({ type }) => type).toSorted()).toEqual([
      'alert.budget_exceeded',
      'alert.budget_threshold',
      'alert.budget_threshold',
    ]);
    for (const { body } of receiver.receptions) expect(body).toContain(made.id);
    const lines = server.lines.filter((line) => line.includes(made.id));
    const told = (event: string) => lines.filter((line) => line.includes(`"${event}"`));
    expect(told('budget.warning')).toHaveLength(2);
    expect(told('budget.exceeded')).toHaveLength(1);
  });

  test('leaves, when it is killed, no room taken: what its calls may have cost counts as spent, and the limit holds', async () => {
    const api = await newTenant(server);
    const model = newModel();
    const lost = 4;
    server.simulator.addRules(
      { match: { model }, times: lost, fault: { hang: true } },
      { match: { model }, reply: { text: 'Fine.', usage: USAGE } },
    );
    await priced(api, model);
    const route = { targets: [target(model)] };
    const timeouts = { attempt: '20s' };
    await publish(api, chatPipeline(model, { route, timeouts }));
    const made = await budget(api, { limit_usd: usdFor(20) });
    const calls = () => server.simulator.journal().filter((call) => call.model === model).length;
    const jobs = await Promise.all(Array.from({ length: lost }, () => submit(api, question(LONG))));
    await until('the calls to be out', () => calls() === lost);
    const before = await standing(api, made);
    expect(nano(before.reserved_usd)).toBeGreaterThanOrEqual(lost * COST);
    server.crash();
    await server.restart();
    expect((await standing(api, made)).reserved_usd).toBe(before.reserved_usd);
    for (const { id } of jobs) {
      expect((await ended(api, id, 150_000)).status).toBe('succeeded');
    }
    const after = await until('no room to be taken', async () => {
      const view = await standing(api, made);
      return nano(view.reserved_usd) === 0 && view;
    });
    expect(after).toMatchObject({ assumed_usd: before.reserved_usd, unknown_calls: lost });
    expect(nano(after.spent_usd)).toBe(nano(before.reserved_usd) + lost * COST);
    expect(nano(after.spent_usd)).toBeLessThanOrEqual(nano(made.limit_usd));
  }, 240_000);
});
