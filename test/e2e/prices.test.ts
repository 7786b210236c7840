import { describe, expect, test } from 'vitest';

import type { JsonObject } from '../../src/domain/json.ts';
import { newTenant, type Api } from './support/api.ts';
import { eventsOf, publish, run, type Page } from './support/jobs.ts';
import { chatPipeline, question } from './support/pipelines.ts';
import { expectProblem } from './support/problem.ts';
import { PROVIDER_KEY } from './support/settings.ts';
import { addRules, newModel } from './support/simulator-client.ts';

type PriceView = {
  readonly id: string;
  readonly model: string;
  readonly effective_from: string;
  readonly effective_to: string | null;
  readonly warnings: readonly { readonly pointer: string; readonly message: string }[];
};

const agreed = {
  million_input_tokens: '2.00',
  million_cache_read_tokens: '0.50',
  million_output_tokens: '8.00',
};

function put(api: Api, model: string, more: JsonObject = {}) {
  return api.send<PriceView>('PUT', '/v1/prices', {
    provider: 'openai',
    model,
    prices: agreed,
    ...more,
  });
}

async function listed(api: Api): Promise<readonly PriceView[]> {
  return (await api.send<Page<PriceView>>('GET', '/v1/prices')).body.data;
}

/** A model of the simulator that says that it used so much. */
async function modelUsing(usage: JsonObject): Promise<string> {
  const model = newModel();
  await addRules({ match: { model }, reply: { text: 'Fine.', usage } });
  return model;
}

const used = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };

describe('the prices of a project', () => {
  test('are what its next calls cost; before and after, an unknown model has an unknown cost', async () => {
    const api = await newTenant();
    const model = await modelUsing(used);
    await publish(api, chatPipeline(model));
    const before = await run(api, question());
    expect(before.cost).toMatchObject({ nano_usd: 0, unpriced_attempts: 1 });
    expect((await eventsOf(api, before.id)).map(({ type }) => type)).toContain('cost.unknown');

    const { body: price } = await put(api, model);
    const priced = await run(api, question());
    // 1,000 × 2,000 + 100 × 8,000 nano-dollars.
    expect(priced.cost).toMatchObject({
      nano_usd: 2_800_000,
      usd: '0.002800000',
      unpriced_attempts: 0,
    });
    expect(priced.steps[0]?.attempts[0]).toMatchObject({
      cost_nano_usd: 2_800_000,
      price_version: `project/${price.id}`,
    });
    expect((await eventsOf(api, priced.id)).map(({ type }) => type)).not.toContain('cost.unknown');

    expect((await api.send('DELETE', `/v1/prices/${price.id}`)).status).toBe(200);
    const after = await run(api, question());
    expect(after.cost).toMatchObject({ unpriced_attempts: 1 });
  });

  test('leave the cost of what they do not name unknown, and never a part of it', async () => {
    const api = await newTenant();
    const model = await modelUsing({ ...used, prompt_tokens_details: { audio_tokens: 10 } });
    await publish(api, chatPipeline(model));
    await put(api, '*');
    const job = await run(api, question());
    expect(job.cost).toMatchObject({ nano_usd: 0, unpriced_attempts: 1 });
    expect(job.steps[0]?.attempts[0]).toMatchObject({ cost_nano_usd: null });
  });

  test('are listed, replaced from the same moment on, and seen by nobody else', async () => {
    const [api, other] = [await newTenant(), await newTenant()];
    const from = '2026-01-01T00:00:00.000Z';
    const first = await put(api, 'm', {
      effective_from: from,
      effective_to: '2026-02-01T01:00:00+01:00',
    });
    expect(first.body).toMatchObject({
      effective_from: from,
      effective_to: '2026-02-01T00:00:00.000Z',
    });
    const second = await put(api, 'm', { effective_from: from });
    expect(second.body.id).not.toBe(first.body.id);
    expect(await listed(api)).toMatchObject([{ id: second.body.id, effective_to: null }]);
    expect(await listed(other)).toEqual([]);
    expectProblem(await other.send('DELETE', `/v1/prices/${second.body.id}`), {
      status: 404,
      code: 'not_found',
      at: { '/path/price_id': /no price/ },
    });
    expect(await listed(api)).toHaveLength(1);
  });

  test('do not overlap, not even when they come at once; one after the other is fine', async () => {
    const api = await newTenant();
    const first = await put(api, 'm', { effective_from: '2026-01-01T00:00:00Z' });
    expectProblem(await put(api, 'm', { effective_from: '2026-06-01T00:00:00Z' }), {
      status: 409,
      code: 'conflict',
      at: { '/effective_from': new RegExp(`${first.body.id}.*without end.*effective_to`) },
    });
    const june = { effective_from: '2026-01-01T00:00:00Z', effective_to: '2026-06-01T00:00:00Z' };
    expect((await put(api, 'm', june)).status).toBe(200);
    const starts = ['2026-06-01T00:00:00Z', '2026-07-01T00:00:00Z', '2026-08-01T00:00:00Z'];
    const answers = await Promise.all(
      starts.map((start) => put(api, 'm', { effective_from: start })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(2);
    const elsewhere = { ...june, execution: 'batch' };
    expect((await put(api, 'm', elsewhere)).status).toBe(200);
  });

  test('that are wrong are refused with the place', async () => {
    const api = await newTenant();
    const bad: readonly (readonly [JsonObject, Readonly<Record<string, RegExp>>])[] = [
      [{ provider: 'nobody' }, { '/provider': /openai/ }],
      [{ provider: 'builtin' }, { '/provider': /cost nothing/ }],
      [{ prices: {} }, { '/prices': /at least one/ }],
      [{ prices: { million_input_tokens: 2.5 } }, { '/prices/million_input_tokens': /string/ }],
      [{ prices: { million_input_tokens: '-1' } }, { '/prices/million_input_tokens': /decimal/ }],
      [{ prices: { input: '1' } }, { '/prices/input': /./ }],
      [{ prices: { audio_minute: '1', audio_hour: '1' } }, { '/prices/audio_hour': /one price/ }],
      [{ model: 'a*b*c*d*' }, { '/model': /three stars/ }],
      [{ effective_from: 'tomorrow' }, { '/effective_from': /./ }],
      [
        { effective_from: '2026-02-01T00:00:00Z', effective_to: '2026-02-01T00:00:00Z' },
        { '/effective_to': /later than/ },
      ],
    ];
    for (const [more, at] of bad) {
      expectProblem(await put(api, 'm', more), { status: 400, code: 'invalid_request', at });
    }
    expect(await listed(api)).toEqual([]);
  });

  test('that look like slips are taken with a warning', async () => {
    const api = await newTenant();
    const prices = {
      million_input_tokens: '0.0000025',
      million_output_tokens: '10000',
      search_unit: '2.00',
    };
    const { status, body } = await put(api, 'm', { prices });
    expect(status).toBe(200);
    expect(body.warnings).toMatchObject([
      { pointer: '/prices/million_input_tokens', message: expect.stringContaining('2.5') },
      { pointer: '/prices/million_output_tokens' },
      { pointer: '/prices/search_unit', message: expect.stringContaining('one search unit') },
      { pointer: '/prices/million_cache_read_tokens', message: expect.stringContaining('unknown') },
    ]);
    expect((await put(api, 'n')).body.warnings).toEqual([]);
  });
});

test('a key that a provider gives back is nowhere in the job, its history and its problem', async () => {
  const api = await newTenant();
  const [answering, failing] = [newModel(), newModel()];
  const encoded = Buffer.from(`user:${PROVIDER_KEY}`).toString('base64');
  const echo = `Bearer ${PROVIDER_KEY} ${encodeURIComponent(PROVIDER_KEY)} ${encoded}`;
  await addRules(
    { match: { model: answering }, reply: { text: echo, usage: { ...used, [echo]: echo } } },
    { match: { model: failing }, fault: { status: 401, message: echo, type: echo, code: echo } },
  );
  const told: string[] = [];
  for (const model of [answering, failing]) {
    await publish(api, chatPipeline(model));
    const job = await run(api, question());
    told.push(JSON.stringify([job, await eventsOf(api, job.id)]));
  }
  for (const text of told) {
    expect(text).not.toContain(PROVIDER_KEY);
    expect(text).not.toContain(encoded.slice(8, -4));
  }
  expect(told[1]).toContain('Check the secret OPENAI_API_KEY');
});
