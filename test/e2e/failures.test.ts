import { describe, expect, test } from 'vitest';

import { newTenant } from './support/api.ts';
import { ended, eventsOf, publish, readJob, run, submit, typesOf } from './support/jobs.ts';
import { chatPipeline, openai, question } from './support/pipelines.ts';
import { addRules, callsOf, newModel } from './support/simulator-client.ts';

describe('retries', () => {
  test('a rate limit is waited for as long as the provider asks', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({ match: { model }, times: 1, fault: { status: 429, retry_after: 2 } });
    await publish(api, chatPipeline(model));
    const { id } = await submit(api, question());
    const job = await ended(api, id);
    expect(job.status).toBe('succeeded');
    const times = (await callsOf(model)).map(({ at }) => Date.parse(at));
    expect(times).toHaveLength(2);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThanOrEqual(2_000);
    expect(typesOf(await eventsOf(api, id))).toContain('step.waiting');
  });

  test('while nothing moves, the job says what it waits for and until when', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({ match: { model }, times: 1, fault: { status: 429, retry_after: 3 } });
    await publish(api, chatPipeline(model));
    const { id } = await submit(api, question(), { prefer: 'wait=1' });
    const job = await readJob(api, id);
    expect(job.waiting_on).toMatchObject({ kind: 'rate_limit', key: 'ask' });
    expect(Date.parse(job.waiting_on?.until ?? '')).toBeGreaterThan(Date.parse(job.created_at));
    expect(await ended(api, id)).toMatchObject({ status: 'succeeded', waiting_on: null });
  });

  test('a provider that is down for a moment is asked again', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({ match: { model }, times: 2, fault: { status: 500 } });
    await publish(api, chatPipeline(model));
    const job = await run(api, question());
    expect(job.status).toBe('succeeded');
    const attempts = job.steps[0]?.attempts.map(({ outcome, failure }) => [
      outcome,
      failure?.class,
    ]);
    expect(attempts).toEqual([
      ['failed', 'provider_internal'],
      ['failed', 'provider_internal'],
      ['succeeded', undefined],
    ]);
    expect(await callsOf(model)).toHaveLength(3);
  });

  test('one that stays down is given up after the attempts that were granted', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({ match: { model }, fault: { status: 503 } });
    await publish(api, chatPipeline(model, { retry: { max_attempts: 2, base_delay: '1ms' } }));
    const job = await run(api, question());
    expect(job).toMatchObject({ status: 'failed', status_reason: { code: 'overloaded' } });
    expect(job.steps[0]).toMatchObject({ status: 'failed', stopped: 'max_attempts' });
    expect(await callsOf(model)).toHaveLength(2);
  });

  test('what the provider refuses for good is not asked again', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({
      match: { model },
      fault: { status: 400, message: 'Unknown field frobnicate' },
    });
    await publish(api, chatPipeline(model));
    const job = await run(api, question());
    expect(job).toMatchObject({
      status: 'failed',
      status_reason: { code: 'invalid_request' },
      output: null,
    });
    expect(job.steps[0]).toMatchObject({ stopped: 'not_retryable', error: { status: 400 } });
    expect(await callsOf(model)).toHaveLength(1);
    // The provider's own words help the author, and stay out of the history.
    expect(JSON.stringify(job.steps[0]?.attempts[0]?.provider_said)).toContain('frobnicate');
    expect(JSON.stringify(await eventsOf(api, job.id))).not.toContain('frobnicate');
  });

  test('broken connections and broken answers are tried again like any other fault', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules(
      { match: { model }, times: 1, fault: { drop: 'before_headers' } },
      { match: { model }, times: 1, fault: { drop: 'mid_body' } },
      { match: { model }, times: 1, fault: { malformed: true } },
      { match: { model }, times: 1, fault: { not_json: true } },
    );
    await publish(api, chatPipeline(model, { retry: { max_attempts: 5, base_delay: '1ms' } }));
    const job = await run(api, question());
    expect(job.status, JSON.stringify(job.steps[0]?.attempts)).toBe('succeeded');
    expect(job.steps[0]?.attempts).toHaveLength(5);
  });

  test('an attempt that takes too long is cut off and tried again', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({ match: { model }, times: 1, fault: { hang: true } });
    await publish(api, chatPipeline(model, { timeouts: { attempt: '300ms' } }));
    const job = await run(api, question());
    expect(job.status).toBe('succeeded');
    expect(job.steps[0]?.attempts[0]).toMatchObject({ failure: { class: 'timeout' } });
    const [cut] = await callsOf(model);
    expect(cut?.ended).toBe('client_left');
  });
});

describe('routes', () => {
  test('the next target takes over at once when the first one is overloaded', async () => {
    const api = await newTenant();
    const [first, second] = [newModel(), newModel()];
    await addRules({ match: { model: first }, fault: { status: 503, retry_after: 60 } });
    const targets = [
      { provider: 'openai', model: first },
      { provider: 'groq', model: second },
    ];
    await publish(api, chatPipeline(first, { route: { targets } }));
    const job = await run(api, question());
    expect(job.status).toBe('succeeded');
    expect(await callsOf(first)).toHaveLength(1);
    expect(await callsOf(second)).toHaveLength(1);
    const taken = (await eventsOf(api, job.id)).find(({ type }) => type === 'fallback.taken');
    expect(taken?.data).toMatchObject({
      from: { provider: 'openai', model: first },
      to: { provider: 'groq', model: second },
      because: 'overloaded',
    });
  });

  test('a target that is not configured is passed over, and the history says why', async () => {
    const api = await newTenant();
    const model = newModel();
    const targets = [
      { provider: 'together', model: 'any' },
      { provider: 'openai', model },
    ];
    await publish(api, chatPipeline(model, { route: { targets } }));
    const job = await run(api, question());
    expect(job.status).toBe('succeeded');
    expect(job.steps[0]?.attempts).toHaveLength(1);
    const skipped = (await eventsOf(api, job.id)).find(({ type }) => type === 'target.skipped');
    expect(skipped?.data).toMatchObject({
      target: { provider: 'together' },
      reason: expect.stringContaining('TOGETHER_API_KEY'),
    });
  });

  test('a route without any configured target fails and says what to set', async () => {
    const api = await newTenant();
    const targets = [{ provider: 'together', model: 'any' }];
    await publish(api, chatPipeline('any', { route: { targets } }));
    const job = await run(api, question());
    expect(job).toMatchObject({ status: 'failed', status_reason: { code: 'not_configured' } });
    expect(job.status_reason?.message).toContain('TOGETHER_API_KEY');
  });
});

describe('checked answers', () => {
  const schema = {
    type: 'object',
    required: ['mood'],
    properties: { mood: { enum: ['good', 'bad'] } },
  };
  const checked = (model: string, reAsk: number) =>
    chatPipeline(
      model,
      { route: openai(model), check: { schema, re_ask: reAsk } },
      { output: '${{ steps.ask.output.json }}' },
    );

  test('a model that breaks the schema is asked again and told what was wrong', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules(
      { match: { model }, times: 1, reply: { json: { mood: 'splendid' } } },
      { match: { model }, times: 1, reply: { json: { mood: 'good' } } },
    );
    await publish(api, checked(model, 1));
    const job = await run(api, question());
    expect(job).toMatchObject({ status: 'succeeded', output: { mood: 'good' } });
    const types = typesOf(await eventsOf(api, job.id));
    expect(types).toEqual(expect.arrayContaining(['check.failed', 'output.re_asked']));
    const [, second] = await callsOf(model);
    expect(second?.body).toContain('splendid');
    expect(second?.body).toContain('/mood');
  });

  test('one that never satisfies it fails the job after the last re-ask', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({ match: { model }, fault: { wrong_schema: true } });
    await publish(api, checked(model, 2));
    const job = await run(api, question());
    expect(job).toMatchObject({ status: 'failed', status_reason: { code: 'output_invalid' } });
    expect(await callsOf(model)).toHaveLength(3);
    expect(job.cost.unpriced_attempts).toBe(3);
  });

  test('an answer that is not JSON is asked again like any other wrong one', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules(
      { match: { model }, times: 1, reply: { text: 'In a good mood, thank you.' } },
      { match: { model }, times: 1, reply: { text: '```json\n{"mood":"bad"}\n```' } },
    );
    await publish(api, checked(model, 1));
    expect(await run(api, question())).toMatchObject({ output: { mood: 'bad' } });
  });
});
