import { describe, expect, inject, test } from 'vitest';

import type { TargetStatusView } from '../../src/services/views/target-view.ts';
import { makeApi, newKey, newTenant, rootApi, type Api } from './support/api.ts';
import { publish, run, type Page } from './support/jobs.ts';
import { chatPipeline, openai, question } from './support/pipelines.ts';
import { expectProblem } from './support/problem.ts';
import { addRules, callsOf, newModel } from './support/simulator-client.ts';

type AuditEntry = {
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly reason: string;
  readonly outcome: string;
};

function pathOf(name: string): string {
  return `/v1/targets/${encodeURIComponent(name)}`;
}

async function allTargets(api: Api): Promise<readonly TargetStatusView[]> {
  const found: TargetStatusView[] = [];
  let after = '';
  for (;;) {
    const query = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
    const page = await api.send<Page<TargetStatusView>>('GET', `/v1/targets?limit=7${query}`);
    expect(page.status, page.text).toBe(200);
    found.push(...page.body.data);
    if (!page.body.has_more) return found;
    after = page.body.next_cursor ?? '';
  }
}

async function read(api: Api, name: string): Promise<TargetStatusView> {
  const answer = await api.send<TargetStatusView>('GET', pathOf(name));
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

/** What the log has of a target, newest first. */
async function audited(subject: string): Promise<readonly AuditEntry[]> {
  const page = await rootApi().send<Page<AuditEntry>>('GET', '/v1/audit?limit=100');
  return page.body.data.filter((entry) => entry.subject === subject);
}

describe('the list of targets', () => {
  test('has the models of the Worker and those that the newest versions name, once and by name', async () => {
    const api = await newTenant();
    const [old, model, inner] = [newModel(), newModel(), newModel()];
    await publish(api, chatPipeline(old));
    await publish(api, {
      ...chatPipeline(model),
      routes: {
        a_route: {
          targets: [
            { provider: 'openai', model },
            { route: { targets: [{ provider: 'groq', model: inner }] } },
          ],
        },
      },
    });
    const targets = await allTargets(api);
    const ids = targets.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].toSorted());
    expect(ids).toContain(`openai/${model}`);
    expect(ids).toContain(`groq/${inner}`);
    expect(ids).toContain('builtin/language-id-1');
    expect(ids).not.toContain(`openai/${old}`);
    const builtin = targets.find(({ id }) => id === 'builtin/language-id-1');
    expect(builtin).toMatchObject({
      state: 'local',
      health: null,
      price: { version: 'builtin', free: true, prices: {} },
      capability: { kinds: expect.arrayContaining(['classify']) as unknown },
    });
    expect((await allTargets(await newTenant())).map(({ id }) => id)).not.toContain(
      `openai/${model}`,
    );
  });

  test('takes what looks like a target in a step’s input for none', async () => {
    const api = await newTenant();
    const model = newModel();
    const fake = { route: { targets: [{ provider: 'openai', model: 'fake' }] } };
    await publish(api, {
      name: 'composes',
      steps: [
        { id: 'x', uses: 'data.compose', with: { value: fake } },
        { id: 'ask', uses: 'model.embed', route: openai(model), with: { texts: ['a'] } },
      ],
    });
    const ids = (await allTargets(api)).map(({ id }) => id);
    expect(ids).toContain(`openai/${model}`);
    expect(ids).not.toContain('openai/fake');
  });

  test('says what a provider lacks, and its prices with their source', async () => {
    const api = await newTenant();
    const targets = [
      { provider: 'together', model: 'llama' },
      { provider: 'openai', model: 'gpt-5.4-mini' },
    ];
    await publish(api, {
      ...chatPipeline('x'),
      steps: [{ ...chatPipeline('x').steps[0], route: { targets } }],
    });
    expect(await read(api, 'together/llama')).toMatchObject({
      state: 'not_configured',
      remedy: expect.stringMatching(/TOGETHER_API_KEY/) as unknown,
      health: null,
    });
    const reason = 'not before it is paid for';
    const path = pathOf('together/llama');
    await rootApi().send('POST', `${path}/close`, { reason });
    expect(await read(api, 'together/llama')).toMatchObject({
      state: 'held',
      remedy: expect.stringMatching(/TOGETHER_API_KEY/) as unknown,
      health: { held: { reason } },
    });
    await rootApi().send('POST', `${path}/open`, { reason });
    expect(await read(api, 'together/llama')).toMatchObject({ state: 'not_configured' });
    expect(await read(api, 'openai/gpt-5.4-mini')).toMatchObject({
      price: {
        version: expect.stringMatching(/^genai-prices\//) as unknown,
        prices: { million_input_tokens: expect.stringMatching(/^\d+(\.\d+)?$/) as unknown },
      },
      model_capability: { source: expect.stringMatching(/^https:/) as unknown },
    });
    const price = {
      provider: 'openai',
      model: 'gpt-5.4-mini',
      prices: { million_input_tokens: '3' },
    };
    const put = await api.send<{ id: string }>('PUT', '/v1/prices', price);
    expect(await read(api, 'openai/gpt-5.4-mini')).toMatchObject({
      price: {
        version: `project/${put.body.id}`,
        prices: { million_input_tokens: '3' },
        as_of: new Date().toISOString().slice(0, 10),
      },
    });
  });

  test('shows a target to nobody whose pipelines do not name it, and refuses what is none', async () => {
    const api = await newTenant();
    for (const name of [`openai/${newModel()}`, 'nobody/x', 'openai', 'openai/']) {
      expectProblem(await api.send('GET', pathOf(name)), {
        status: 404,
        code: 'not_found',
        at: { '/path/target_id': /./ },
      });
    }
  });
});

describe('a target that is closed by hand', () => {
  test('is passed over by explanations and shown with the reason, until it is opened; the log has both', async () => {
    const api = await newTenant();
    const model = newModel();
    const name = `openai/${model}`;
    await addRules({ match: { model }, reply: { text: 'Fine.' } });
    await publish(api, chatPipeline(model));
    expect(await read(api, name)).toMatchObject({ state: 'available', health: { held: null } });

    const reason = 'the provider asked us to';
    const closed = await rootApi().send('POST', `${pathOf(name)}/close`, { reason });
    expect(closed.status, closed.text).toBe(200);
    const held = { by: 'root', reason };
    expect(closed.body).toMatchObject({ id: name, state: 'held', health: { held } });
    expect(await read(api, name)).toMatchObject({ state: 'held', health: { reason: 'held' } });
    const explained = await api.send('POST', '/v1/pipelines/asks/explain', {
      input: { question: 'Well?' },
    });
    expect(explained.body).toMatchObject({
      steps: [
        {
          targets: [
            {
              asked: false,
              state: 'held',
              passed_over: {
                reason: 'closed',
                message: expect.stringContaining(reason) as unknown,
              },
            },
          ],
        },
      ],
    });

    const opened = await rootApi().send('POST', `${pathOf(name)}/open`, { reason: 'it is well' });
    expect(opened.body).toMatchObject({ state: 'available', health: { held: null } });
    expect((await run(api, question())).status).toBe('succeeded');
    expect(await callsOf(model)).toHaveLength(1);
    expect(await audited(name)).toMatchObject([
      { actor: 'root', action: 'target.open', reason: 'it is well', outcome: 'done' },
      { actor: 'root', action: 'target.close', reason, outcome: 'done' },
    ]);
  });

  test('needs the root key, a reason, and a target that has a gate', async () => {
    const api = await newTenant();
    const model = newModel();
    const body = { reason: 'because' };
    const { key } = await newKey(inject('shared'), api.project, ['admin', 'pipelines:read']);
    const admin = makeApi(api.url, key);
    expectProblem(await admin.send('POST', `${pathOf(`openai/${model}`)}/close`, body), {
      status: 403,
      code: 'forbidden',
      at: { '/headers/authorization': /root key/ },
    });
    expect((await admin.send<Page<AuditEntry>>('GET', '/v1/audit')).body.data).toEqual([]);
    const root = rootApi();
    expectProblem(await root.send('POST', `${pathOf(`openai/${model}`)}/close`, { reason: ' ' }), {
      status: 400,
      code: 'invalid_request',
      at: { '/reason': /./ },
    });
    expectProblem(await root.send('POST', `${pathOf('builtin/language-id-1')}/close`, body), {
      status: 422,
      code: 'unprocessable',
      at: { '/path/target_id': /inside the Worker/ },
    });
    expectProblem(await root.send('POST', `${pathOf('nobody/x')}/open`, body), {
      status: 404,
      code: 'not_found',
      at: { '/path/target_id': /not a provider/ },
    });
    expect(await audited(`openai/${model}`)).toEqual([]);
  });
});
