import { describe, expect, test } from 'vitest';

import { newTenant } from './support/api.ts';
import { ended, eventsOf, post, publish, readJob, run, submit, typesOf } from './support/jobs.ts';
import { chatPipeline, plainPipeline, question } from './support/pipelines.ts';
import { withPlain } from './support/plain.ts';
import { addRules, callsOf, newModel } from './support/simulator-client.ts';

const TWO_WORDS = { pipeline: 'plain', input: { text: '  two   words ' } };

describe('submitting', () => {
  test('answers 202 with the whole job and where to find it', async () => {
    const api = await withPlain();
    const { status, headers, body } = await post(api, TWO_WORDS);
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/v1/jobs/${body.id}`);
    expect(headers.get('preference-applied')).toBeNull();
    expect(headers.get('idempotency-replayed')).toBeNull();
    expect(body).toMatchObject({
      object: 'job',
      pipeline: 'plain',
      version: 1,
      terminal: false,
      output: null,
      payloads_erased: false,
      metadata: {},
      tags: [],
      urls: { self: `/v1/jobs/${body.id}`, events: `/v1/jobs/${body.id}/events` },
    });
    expect(body.id).toMatch(/^job_[0-9a-f]{34}$/);
    expect(body.input.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(body.steps.map(({ id }) => id)).toEqual(['clean']);
    const followed = await api.send('GET', headers.get('location') ?? '');
    expect(followed.status).toBe(200);
  });

  test('carries metadata and tags to the job, and metadata into its expressions', async () => {
    const api = await newTenant();
    const output = { text: '${{ steps.clean.output.text }}', who: '${{ metadata.customer }}' };
    await publish(api, plainPipeline('plain', { output }));
    const job = await run(api, { ...TWO_WORDS, metadata: { customer: 'Ada' }, tags: ['b', 'a'] });
    expect(job).toMatchObject({
      metadata: { customer: 'Ada' },
      tags: ['b', 'a'],
      output: { text: 'two words', who: 'Ada' },
    });
  });

  test('takes the time limits of the submit before those of the pipeline', async () => {
    const api = await newTenant();
    await publish(api, plainPipeline('plain', { timeouts: { job: '20m', queue: '10m' } }));
    const limits = async (timeouts: Record<string, string>) => {
      const job = await submit(api, { ...TWO_WORDS, timeouts });
      const since = (time: string) => Date.parse(time) - Date.parse(job.created_at);
      return [since(job.deadline_at), since(job.queue_deadline_at)];
    };
    expect(await limits({})).toEqual([1_200_000, 600_000]);
    expect(await limits({ job: '2m', queue: '30s' })).toEqual([120_000, 30_000]);
    expect(await limits({ job: '2m' })).toEqual([120_000, 120_000]);
  });

  test('runs the newest version, or the one that is named', async () => {
    const api = await withPlain();
    const second = plainPipeline('plain', { output: { second: '${{ steps.clean.output.text }}' } });
    expect(await publish(api, second)).toBe(2);
    expect(await publish(api, second)).toBe(2);
    expect(await run(api, TWO_WORDS)).toMatchObject({
      version: 2,
      output: { second: 'two words' },
    });
    const first = await run(api, { ...TWO_WORDS, pipeline: 'plain@1' });
    expect(first).toMatchObject({ pipeline: 'plain', version: 1, output: { text: 'two words' } });
  });

  test('takes an input and gives an output that are too large for a row', async () => {
    const api = await withPlain();
    const text = Array.from({ length: 60_000 }, (_, index) => `word${index}`).join(' ');
    const { id } = await submit(api, { pipeline: 'plain', input: { text: `${text}  ` } });
    const job = await ended(api, id);
    expect(job.status).toBe('succeeded');
    expect(job.output).toEqual({ text });
    const read = await readJob(api, id, '?include=input,step_outputs');
    expect(read.input.value).toEqual({ text: `${text}  ` });
    expect(read.steps[0]?.output_value).toMatchObject({ text });
  });
});

describe('reading a job', () => {
  test('shows its output, and every step with its attempts, time and cost', async () => {
    const api = await newTenant();
    const mark = newModel();
    await addRules({
      match: { model: 'gpt-5.4-mini', contains: mark },
      reply: { text: 'Well.', usage: { prompt_tokens: 1_000, completion_tokens: 500 } },
    });
    await publish(api, chatPipeline('gpt-5.4-mini'));
    const job = await run(api, question(mark));
    expect(job).toMatchObject({
      status: 'succeeded',
      terminal: true,
      status_reason: null,
      waiting_on: null,
      output: { answer: 'Well.' },
    });
    const [step] = job.steps;
    expect(step).toMatchObject({ id: 'ask', uses: 'model.chat', status: 'succeeded', error: null });
    expect(step?.attempts).toHaveLength(1);
    const [attempt] = step?.attempts ?? [];
    expect(attempt).toMatchObject({
      attempt: 1,
      outcome: 'succeeded',
      target: { provider: 'openai', model: 'gpt-5.4-mini' },
      returned_model: 'gpt-5.4-mini',
      usage: { input_tokens: 1_000, output_tokens: 500 },
      latency_ms: expect.any(Number),
    });
    expect(attempt?.cost_nano_usd).toBeGreaterThan(0);
    expect(step?.cost.nano_usd).toBe(attempt?.cost_nano_usd);
    expect(job.cost).toEqual(step?.cost);
    expect(Number(job.cost.usd) * 1e9).toBeCloseTo(job.cost.nano_usd);
    const times = [job.created_at, job.started_at, step?.finished_at, job.finished_at].map(String);
    expect(times).toEqual(times.toSorted());
  });

  test('a price that nobody knows is counted, and never taken for nothing', async () => {
    const api = await newTenant();
    await publish(api, chatPipeline(newModel()));
    const job = await run(api, question());
    expect(job.cost).toEqual({ nano_usd: 0, usd: '0.000000000', unpriced_attempts: 1 });
    expect(typesOf(await eventsOf(api, job.id))).toContain('cost.unknown');
  });

  test('shows payloads only when they are asked for', async () => {
    const api = await withPlain();
    const { id } = await run(api, TWO_WORDS);
    const bare = await readJob(api, id);
    expect(bare.input).not.toHaveProperty('value');
    expect(bare.steps[0]).not.toHaveProperty('output_value');
    const full = await readJob(api, id, '?include=input,step_outputs');
    expect(full.input.value).toEqual(TWO_WORDS.input);
    expect(full.steps[0]?.output_value).toMatchObject({ text: 'two words' });
    const wrong = await api.send('GET', `/v1/jobs/${id}?include=secrets`);
    expect(wrong.status).toBe(400);
  });
});

describe('the history of a job', () => {
  test('tells in order what happened, in pages as small as one likes', async () => {
    const api = await withPlain();
    const { id } = await run(api, TWO_WORDS);
    const events = await eventsOf(api, id);
    expect(typesOf(events)).toEqual([
      'job.queued',
      'step.queued',
      'job.started',
      'step.started',
      'attempt.started',
      'attempt.succeeded',
      'step.succeeded',
      'job.succeeded',
    ]);
    expect(await eventsOf(api, id, 3)).toEqual(events);
    const after = await api.send<{ data: object[] }>('GET', `/v1/jobs/${id}/events?after=6`);
    expect(after.body.data).toEqual(events.slice(6));
    const past = await api.send<{ data: object[] }>('GET', `/v1/jobs/${id}/events?after=99`);
    expect(past.body).toMatchObject({ data: [], has_more: false, next_cursor: null });
  });

  test('says on every line which request and which trace began it', async () => {
    const api = await withPlain();
    const traceId = 'a'.repeat(31) + '1';
    const { body } = await post(api, TWO_WORDS, {
      'x-request-id': 'order-4711',
      traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
    });
    expect(body).toMatchObject({ request_id: 'order-4711', trace_id: traceId });
    await ended(api, body.id);
    for (const event of await eventsOf(api, body.id)) {
      expect(event).toMatchObject({ request_id: 'order-4711', trace_id: traceId });
    }
  });

  test('holds hashes and sizes of payloads, and no payload', async () => {
    const api = await newTenant();
    await publish(api, chatPipeline(newModel()));
    const { id } = await run(api, question('The password is swordfish.'));
    const text = JSON.stringify(await eventsOf(api, id));
    expect(text).not.toMatch(/swordfish|Simulated answer/);
    expect(text).toMatch(/"sha256":"[0-9a-f]{64}"/);
  });
});

describe('waiting for the result', () => {
  test('answers 200 with the result when the job ends in time', async () => {
    const api = await withPlain();
    const { status, headers, body } = await post(api, TWO_WORDS, { prefer: 'wait=30' });
    expect(status).toBe(200);
    expect(headers.get('preference-applied')).toBe('wait=30');
    expect(body).toMatchObject({ status: 'succeeded', output: { text: 'two words' } });
  });

  test('answers 202 when it does not, and the job goes on by itself', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({ match: { model }, times: 1, fault: { latency_ms: 2_500 } });
    await publish(api, chatPipeline(model));
    const { status, headers, body } = await post(api, question(), { prefer: 'wait=1' });
    expect(status).toBe(202);
    expect(headers.get('preference-applied')).toBe('wait=1');
    expect(headers.get('location')).toBe(`/v1/jobs/${body.id}`);
    expect(body.terminal).toBe(false);
    expect(await ended(api, body.id)).toMatchObject({ status: 'succeeded' });
    expect(await callsOf(model)).toHaveLength(1);
  });

  test('a preference that makes no sense is none, and none is longer than a minute', async () => {
    const api = await withPlain();
    const applied = async (prefer: string) => {
      const answer = await post(api, TWO_WORDS, { prefer });
      return [answer.status, answer.headers.get('preference-applied')];
    };
    expect(await applied('wait=soon')).toEqual([202, null]);
    expect(await applied('respond-async')).toEqual([202, null]);
    expect(await applied('wait=0')).toEqual([202, null]);
    expect(await applied('respond-async, wait=5')).toEqual([200, 'wait=5']);
    expect(await applied('wait=3600')).toEqual([200, 'wait=60']);
  });
});
