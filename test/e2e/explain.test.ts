import { describe, expect, test } from 'vitest';

import type { ExplanationView } from '../../src/services/views/explanation-schema.ts';
import { newTenant, type Api } from './support/api.ts';
import { listJobs, publish, run } from './support/jobs.ts';
import { chatPipeline, openai } from './support/pipelines.ts';
import { expectProblem } from './support/problem.ts';
import { PROVIDER_KEY } from './support/settings.ts';
import { addRules, callsOf, newModel } from './support/simulator-client.ts';
import { until } from './support/until.ts';

function explain(api: Api, name: string, body: unknown, query = '') {
  return api.send<ExplanationView>('POST', `/v1/pipelines/${name}/explain${query}`, body);
}

function stepOf({ steps }: ExplanationView, id: string) {
  const found = steps.find((step) => step.id === id);
  if (found === undefined) throw new Error(`there is no step ${id}`);
  return found;
}

/** Runs another pipeline. */
function runs(name: string, pipeline: string, input: object) {
  return { name, steps: [{ id: 'sub', uses: 'pipeline', with: { pipeline, input } }] };
}

const SECRET_TEXT = 'Write to ada@example.com about the turbine.';

/** Cleans and redacts, asks a model, and goes on by what it says. */
function triage(model: string, step: object = {}) {
  return {
    name: 'triage',
    input: {
      schema: {
        type: 'object',
        required: ['text'],
        additionalProperties: false,
        properties: { text: { type: 'string', minLength: 5 }, loud: { type: 'boolean' } },
      },
    },
    steps: [
      {
        id: 'redact',
        uses: 'text.redact',
        with: { text: '${{ input.text }}', entities: ['email'] },
      },
      {
        id: 'loud',
        uses: 'text.normalize',
        if: '${{ has(input.loud) && input.loud }}',
        with: { text: '${{ input.text }}' },
      },
      {
        id: 'ask',
        uses: 'model.chat',
        route: {
          targets: [
            { provider: 'together', model: 'llama' },
            { provider: 'openai', model, parameters: { max_output_tokens: 100, seed: 7 } },
          ],
        },
        prompt: { messages: [{ role: 'user', content: 'Sort this: {{ vars.text }}' }] },
        with: { vars: { text: '${{ steps.redact.output.text }}' } },
        check: {
          re_ask: 1,
          schema: {
            type: 'object',
            required: ['urgent'],
            properties: { urgent: { type: 'boolean' } },
          },
        },
        retry: { max_attempts: 2, base_delay: '1s' },
        timeouts: { attempt: '10s' },
        ...step,
      },
      {
        id: 'wake',
        uses: 'model.chat',
        if: '${{ steps.ask.output.json.urgent }}',
        route: openai(model),
        with: {
          messages: [{ role: 'user', content: 'Wake somebody: ${{ steps.redact.output.text }}' }],
        },
      },
    ],
    output: { urgent: '${{ steps.ask.output.json.urgent }}' },
  };
}

describe('an explanation', () => {
  test('tells the prompt and the request that the run then sends, and sends nothing itself', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({ match: { model }, reply: { text: '{"urgent": false}' } });
    await publish(api, triage(model));
    const input = { text: SECRET_TEXT };
    const answer = await explain(api, 'triage', { input }, '?include=request,outputs');
    expect(answer.status, answer.text).toBe(200);
    expect(await callsOf(model)).toEqual([]);
    expect((await listJobs(api)).data).toEqual([]);

    const { body } = answer;
    expect(body).toMatchObject({ accepted: true, errors: [], pipeline: 'triage', version: 1 });
    expect(stepOf(body, 'redact')).toMatchObject({
      runs: true,
      output_known: true,
      output_value: { text: 'Write to [EMAIL_1] about the turbine.' },
    });
    const ask = stepOf(body, 'ask');
    expect(ask.prompt).toEqual([
      { role: 'user', content: 'Sort this: Write to [EMAIL_1] about the turbine.' },
    ]);
    expect(ask.targets).toMatchObject([
      { provider: 'together', asked: false, passed_over: { reason: 'not_configured' } },
      { provider: 'openai', model, asked: true, passed_over: null, dropped: [] },
    ]);
    expect(answer.text).not.toContain(PROVIDER_KEY);

    const job = await run(api, { pipeline: 'triage', input });
    expect(job.status).toBe('succeeded');
    const [sent] = await callsOf(model);
    const shown = ask.targets[1]?.request;
    expect(shown).toMatchObject({ method: 'POST', path: '/chat/completions' });
    expect(shown?.body).toEqual(JSON.parse(sent?.body ?? '{}'));
  });

  test('says of each step whether it runs, and goes on from samples of what models put out', async () => {
    const api = await newTenant();
    await publish(api, triage(newModel()));
    const input = { text: SECRET_TEXT };
    const bare = (await explain(api, 'triage', { input })).body;
    expect(stepOf(bare, 'loud')).toMatchObject({
      runs: false,
      because: { code: 'condition', condition: false },
      attempts_at_most: 0,
      cost: null,
    });
    expect(stepOf(bare, 'wake')).toMatchObject({ runs: null, because: { code: 'unknown_values' } });
    expect(stepOf(bare, 'wake').because.message).toMatch(
      /steps\.ask\.output\.json\.urgent.*outputs/,
    );
    const outputs = { ask: { text: '{"urgent":true}', json: { urgent: true } } };
    const urgent = (await explain(api, 'triage', { input: { ...input, loud: true }, outputs }))
      .body;
    expect(stepOf(urgent, 'loud')).toMatchObject({ runs: true, because: { condition: true } });
    expect(stepOf(urgent, 'wake')).toMatchObject({
      runs: true,
      prompt: [{ role: 'user', content: 'Wake somebody: Write to [EMAIL_1] about the turbine.' }],
    });
    const calm = { ask: { text: '{"urgent":false}', json: { urgent: false } } };
    const quiet = (await explain(api, 'triage', { input, outputs: calm })).body;
    expect(stepOf(quiet, 'wake')).toMatchObject({ runs: false, because: { condition: false } });
  });

  test('says what a submit would be refused for', async () => {
    const api = await newTenant();
    await publish(api, triage(newModel()));
    const input = { text: 'no', more: 1 };
    const { body } = await explain(api, 'triage', { input });
    expect(body.accepted).toBe(false);
    const refused = await api.send<{ errors: unknown[] }>('POST', '/v1/jobs', {
      pipeline: 'triage',
      input,
    });
    expect(body.errors).toEqual(refused.body.errors);
  });

  test('bounds tokens, cost and time of all attempts, and the run stays below', async () => {
    const api = await newTenant();
    const model = newModel();
    const usage = { prompt_tokens: 30, completion_tokens: 8, total_tokens: 38 };
    await addRules({ match: { model }, reply: { text: '{"urgent": false}', usage } });
    await publish(api, triage(model));
    const prices = { million_input_tokens: '2.00', million_output_tokens: '8.00' };
    await api.send('PUT', '/v1/prices', { provider: 'openai', model, prices });
    const input = { text: SECRET_TEXT };
    const { body } = await explain(api, 'triage', { input });
    const ask = stepOf(body, 'ask');
    const tokens = ask.targets[1]?.tokens;
    expect(tokens?.output_at_most).toBe(100);
    expect(tokens?.input_at_most).toBeGreaterThan(tokens?.input_estimated ?? Infinity);
    // Two attempts, and one more when the model is asked again.
    expect(ask.attempts_at_most).toBe(3);
    const estimatedNano = (tokens?.input_estimated ?? 0) * 2_000 + 100 * 8_000;
    expect(ask.cost?.estimated_usd).toBe((estimatedNano / 1e9).toFixed(9));
    expect(Number(ask.cost?.at_most_usd)).toBeGreaterThan(3 * Number(ask.cost?.estimated_usd));
    // Three attempts of ten seconds, and pauses of one and two between them.
    expect(ask.worst_case_ms).toBe(33_000);
    // The second question has no bound on its answer.
    expect(body.cost).toMatchObject({ at_most_usd: null });
    expect(body.cost.unknown.join()).toMatch(/wake: .*max_output_tokens/);
    expect(body.cost.estimated_usd).toBe(ask.cost?.estimated_usd);

    const job = await run(api, { pipeline: 'triage', input });
    expect(Number(job.cost.usd)).toBeLessThanOrEqual(Number(ask.cost?.at_most_usd));
    expect(job.cost.nano_usd).toBe(30 * 2_000 + 8 * 8_000);
  });

  test('says what a target would not be told, and that it would be passed over without leave to drop it', async () => {
    const api = await newTenant();
    const model = newModel();
    const targets = [
      { provider: 'mistral', model, options: {}, parameters: { reasoning_effort: 'low' } },
    ];
    const definition = (drops: boolean) => ({
      name: 'picky',
      steps: [
        {
          id: 'ask',
          uses: 'model.chat',
          route: { targets, drop_unsupported: drops },
          with: { messages: [{ role: 'user', content: 'Hi' }] },
        },
      ],
    });
    await publish(api, definition(false));
    const firm = stepOf((await explain(api, 'picky', {})).body, 'ask').targets[0];
    expect(firm).toMatchObject({ asked: false, passed_over: { reason: 'capability' } });
    const failing = stepOf((await explain(api, 'picky', {})).body, 'ask');
    expect(failing.error?.message).toMatch(/no target of the route can serve.*reasoning_effort/);
    await publish(api, definition(true));
    const loose = stepOf((await explain(api, 'picky', {})).body, 'ask').targets[0];
    expect(loose).toMatchObject({ asked: true, dropped: ['reasoning_effort'] });
  });

  test('counts the items of a map and adds their costs up', async () => {
    const api = await newTenant();
    const model = newModel();
    await publish(api, {
      name: 'all',
      steps: [
        {
          id: 'ask',
          uses: 'model.embed',
          route: openai(model),
          for_each: '${{ input.texts }}',
          max_concurrency: 2,
          with: { texts: ['${{ item }}'] },
          retry: { max_attempts: 1 },
          timeouts: { attempt: '5s' },
        },
      ],
    });
    const prices = { million_input_tokens: '1.00' };
    await api.send('PUT', '/v1/prices', { provider: 'openai', model, prices });
    const cost = async (texts: readonly string[]) =>
      stepOf((await explain(api, 'all', { input: { texts } })).body, 'ask');
    const one = await cost(['the same']);
    const five = await cost(Array.from({ length: 5 }, () => 'the same'));
    expect(one).toMatchObject({ items: 1, worst_case_ms: 5_000 });
    expect(five).toMatchObject({ items: 5, worst_case_ms: 15_000 });
    expect(Number(five.cost?.estimated_usd)).toBeCloseTo(5 * Number(one.cost?.estimated_usd), 12);
    expect(Number(five.cost?.at_most_usd)).toBeCloseTo(5 * Number(one.cost?.at_most_usd), 12);
    expect(await cost([])).toMatchObject({ items: 0, worst_case_ms: 0, output_known: true });
    const wrong = stepOf((await explain(api, 'all', { input: { texts: 3 } })).body, 'ask');
    expect(wrong.error?.message).toMatch(/for_each.*not a list/);
  });

  test('foresees what is taken over from the cache, and by what routes compare their targets', async () => {
    const api = await newTenant();
    const [dear, cheap] = [newModel(), newModel()];
    const models = { dear: '2.00', cheap: '1.00' };
    for (const [name, million] of Object.entries(models)) {
      const model = name === 'dear' ? dear : cheap;
      const prices = { million_input_tokens: million, million_output_tokens: million };
      await api.send('PUT', '/v1/prices', { provider: 'openai', model, prices });
    }
    await publish(
      api,
      chatPipeline('', {
        cache: { mode: 'read_write' },
        route: {
          strategy: { mode: 'cheapest' },
          targets: [dear, cheap].map((model) => ({ provider: 'openai', model })),
        },
      }),
    );
    const input = { question: 'How deep is the lake?' };
    const before = stepOf((await explain(api, 'asks', { input })).body, 'ask');
    expect(before).toMatchObject({
      cache: { mode: 'read_write', hit: false, job_id: null },
      targets: [
        {
          model: cheap,
          compared_by: {
            usd_per_million_tokens: '1.000000000',
            price_source: 'project',
            latency_ms: null,
          },
        },
        { model: dear, compared_by: { usd_per_million_tokens: '2.000000000' } },
      ],
    });
    const job = await run(api, { pipeline: 'asks', input });
    expect(job.steps[0]?.attempts).toMatchObject([{ target: { model: cheap } }]);
    const found = await until('the recorded result', async () => {
      const after = stepOf((await explain(api, 'asks', { input })).body, 'ask');
      return after.cache?.hit === true && after;
    });
    expect(found).toMatchObject({
      cache: { hit: true, job_id: job.id, saved_usd: job.cost.usd },
      cost: { estimated_usd: '0.000000000' },
    });
    const other = { question: 'How high is the dam?' };
    expect(stepOf((await explain(api, 'asks', { input: other })).body, 'ask').cache?.hit).toBe(
      false,
    );
  });

  test('looks into the pipelines that steps run, as far down as they may stand', async () => {
    const api = await newTenant();
    const model = newModel();
    const prices = { million_input_tokens: '1.00', million_output_tokens: '1.00' };
    await api.send('PUT', '/v1/prices', { provider: 'openai', model, prices });
    const parameters = { max_output_tokens: 50 };
    const schema = {
      type: 'object',
      required: ['question'],
      properties: { question: { type: 'string' } },
    };
    const route = { targets: [{ provider: 'openai', model, parameters }] };
    await publish(api, { ...chatPipeline(model, { route }), input: { schema } });
    const passed = { question: '${{ input.text }}' };
    await publish(api, runs('middle', 'asks', passed));
    await publish(api, runs('outer', 'middle', { text: '${{ input.text }}' }));
    const explained = await explain(api, 'outer', { input: { text: 'How deep?' } });
    expect(explained.status, explained.text).toBe(200);
    const outer = stepOf(explained.body, 'sub');
    const middle = stepOf(outer.child as ExplanationView, 'sub');
    const asks = middle.child as ExplanationView;
    expect(asks).toMatchObject({
      pipeline: 'asks',
      steps: [{ prompt: [{ role: 'user', content: 'How deep?' }], targets: [{ model }] }],
    });
    expect(Number(asks.cost.at_most_usd)).toBeGreaterThan(0);
    expect(explained.body.cost.estimated_usd).toBe(asks.cost.estimated_usd);
    expect(Number(outer.cost?.at_most_usd)).toBeCloseTo(
      outer.attempts_at_most * middle.attempts_at_most * Number(asks.cost.at_most_usd),
      9,
    );
    await publish(api, runs('middle', 'asks', { question: 7 }));
    const wrong = stepOf((await explain(api, 'outer', { input: { text: 'x' } })).body, 'sub');
    const inner = stepOf(wrong.child as ExplanationView, 'sub');
    expect(inner.error).toMatchObject({ class: 'child_failed' });
    expect(inner.error?.message).toMatch(/would not be accepted/);
    expect(await callsOf(model)).toEqual([]);
  });

  test('is refused where it cannot be made, with the place', async () => {
    const api = await newTenant();
    await publish(api, triage(newModel()));
    expectProblem(await explain(api, 'nothing', {}), {
      status: 404,
      code: 'pipeline_not_found',
      at: { '/path/name': /no pipeline/ },
    });
    expectProblem(await explain(api, 'triage', { version: 9 }), {
      status: 404,
      code: 'pipeline_not_found',
      at: { '/version': /newest is 1/ },
    });
    expectProblem(await explain(api, 'triage@1', { version: 2 }), {
      status: 400,
      code: 'invalid_request',
      at: { '/version': /path says 1/ },
    });
    expectProblem(await explain(api, 'triage', { outputs: { aks: {} } }), {
      status: 400,
      code: 'invalid_request',
      at: { '/outputs/aks': /there are redact, loud, ask, wake/ },
    });
    expectProblem(await explain(api, 'triage', {}, '?include=all'), {
      status: 400,
      code: 'invalid_request',
      at: { '/query/include': /request and outputs/ },
    });
    const other = await newTenant();
    expect((await explain(other, 'triage', {})).status).toBe(404);
  });
});
