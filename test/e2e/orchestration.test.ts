import { describe, expect, test } from 'vitest';

import { newTenant, type Api } from './support/api.ts';
import {
  cancel,
  ended,
  eventsOf,
  jobWhen,
  publish,
  readJob,
  run,
  submit,
  typesOf,
} from './support/jobs.ts';
import type { JobView } from '../../src/services/views/jobs/job-schema.ts';
import type { Problem } from '../../src/services/views/problem-schema.ts';
import { chatPipeline, items, mapPipeline, openai, question } from './support/pipelines.ts';
import { addRules, callsOf, newModel } from './support/simulator-client.ts';

const steer = <Body = JobView>(api: Api, id: string, verb: string) =>
  api.send<Body>('POST', `/v1/jobs/${id}/${verb}`);

const sendEvent = <Body = JobView>(api: Api, id: string, name: string, payload: unknown) =>
  api.send<Body>('POST', `/v1/jobs/${id}/events/${name}`, payload);

const held = (says: string) => ({
  name: 'held',
  steps: [{ id: 'w', uses: 'wait', with: { event: 'go' } }],
  output: { by: '${{ steps.w.output.by }}', says },
});

const approval = (model: string) => ({
  ...chatPipeline(model),
  name: 'approval',
  steps: [
    {
      id: 'approve',
      uses: 'wait',
      with: { event: 'approved' },
      check: { schema: { type: 'object', required: ['by'] } },
      timeouts: { step: '1h' },
    },
    {
      id: 'ask',
      uses: 'model.chat',
      route: openai(model),
      needs: ['approve'],
      with: { messages: [{ role: 'user', content: '${{ input.question }}' }] },
    },
  ],
  output: { by: '${{ steps.approve.output.by }}', answer: '${{ steps.ask.output.text }}' },
});

describe('a wait', () => {
  test('for an event holds the job until it comes, and takes its payload', async () => {
    const api = await newTenant();
    const model = newModel();
    await publish(api, approval(model));
    const { id } = await submit(api, { ...question(), pipeline: 'approval' });
    const waiting = await jobWhen(api, id, ({ status }) => status === 'waiting');
    expect(waiting.waiting_on).toMatchObject({ kind: 'event', key: 'approved' });
    expect(await callsOf(model)).toHaveLength(0);

    const wrong = await sendEvent<Problem>(api, id, 'aproved', { by: 'me' });
    expect([wrong.status, wrong.body.code]).toEqual([409, 'conflict']);
    expect(wrong.body.detail).toMatch(/does not wait for "aproved"; it waits for approved/);
    const unfit = await sendEvent<Problem>(api, id, 'approved', {});
    expect(unfit.status).toBe(422);
    expect(unfit.body.errors?.[0]?.code).toBe('required');
    const done = await sendEvent(api, id, 'approved', { by: 'Ada' });
    expect(done.status, done.text).toBe(200);
    const job = await ended(api, id);
    expect(job).toMatchObject({ status: 'succeeded', output: { by: 'Ada' } });
    const again = await sendEvent(api, id, 'approved', { by: 'Eve' });
    expect(again.status).toBe(409);
    expect(typesOf(await eventsOf(api, id))).toEqual(
      expect.arrayContaining(['wait.started', 'job.waiting', 'wait.completed', 'job.resumed']),
    );
  });

  test('leaves its job on the version that it began with', async () => {
    const api = await newTenant();
    await publish(api, held('one'));
    const { id } = await submit(api, { pipeline: 'held' });
    await jobWhen(api, id, ({ status }) => status === 'waiting');
    await publish(api, held('two'));
    expect((await sendEvent(api, id, 'go', { by: 'Ada' })).status).toBe(200);
    const job = await ended(api, id);
    expect(job).toMatchObject({ version: 1, status: 'succeeded', output: { says: 'one' } });
  });

  test('for a time goes on by itself', async () => {
    const api = await newTenant();
    await publish(api, {
      name: 'later',
      steps: [
        { id: 'w', uses: 'wait', with: { duration: '1500ms' } },
        { id: 'say', uses: 'data.compose', needs: ['w'], with: { value: 'now' } },
      ],
      output: '${{ steps.say.output }}',
    });
    const { id } = await submit(api, { pipeline: 'later' });
    const waiting = await readJob(api, id);
    expect(waiting.waiting_on).toMatchObject({ kind: 'timer', key: 'w' });
    const job = await ended(api, id);
    expect(job).toMatchObject({ status: 'succeeded', output: 'now' });
    const tookMs = Date.parse(job.finished_at ?? '') - Date.parse(job.created_at);
    expect(tookMs).toBeGreaterThanOrEqual(1_500);
  });

  test('that makes no sense is refused when the pipeline is saved', async () => {
    const api = await newTenant();
    const answer = await api.send<Problem>('PUT', '/v1/pipelines/bad', {
      name: 'bad',
      steps: [
        { id: 'a', uses: 'wait', with: {} },
        { id: 'b', uses: 'wait', with: { event: 'x', duration: '1m' } },
        { id: 'c', uses: 'wait', with: { duration: '1m' }, for_each: '${{ input.list }}' },
        { id: 'd', uses: 'data.compose', on_failure: { step: 'nobody' }, with: { value: 1 } },
        { id: 'e', uses: 'data.compose', on_item_failure: 'continue', with: { value: 1 } },
        { id: 'f', uses: 'pipeline', with: { pipeline: 'bad@2' } },
      ],
    });
    expect(answer.status).toBe(422);
    expect(answer.body.errors?.map(({ pointer }) => pointer)).toEqual(
      expect.arrayContaining([
        '/steps/0/with',
        '/steps/1/with',
        '/steps/2/for_each',
        '/steps/3/on_failure/step',
        '/steps/4/on_item_failure',
        '/steps/5/with/pipeline',
      ]),
    );
  });
});

describe('a pause', () => {
  test('lets nothing start before the resume; neither fits a job that is not there for it', async () => {
    const api = await newTenant();
    const model = newModel();
    await publish(api, approval(model));
    const { id } = await submit(api, { ...question(), pipeline: 'approval' });
    expect((await steer(api, id, 'pause')).body.status).toBe('paused');
    expect((await steer(api, id, 'pause')).status).toBe(200);
    expect((await sendEvent(api, id, 'approved', { by: 'Ada' })).status).toBe(200);
    expect(await callsOf(model)).toHaveLength(0);
    expect((await steer(api, id, 'resume')).status).toBe(200);
    expect((await ended(api, id)).status).toBe('succeeded');

    const late = await steer<Problem>(api, id, 'resume');
    expect([late.status, late.body.detail]).toEqual([
      409,
      'the job is succeeded; only a paused job can be resumed',
    ]);
    expect((await steer(api, id, 'pause')).status).toBe(409);
    const other = await newTenant();
    expect((await steer(other, id, 'pause')).status).toBe(404);
  });
});

describe('a failure that the job can do without', () => {
  test('of an item leaves a gap, and the job keeps what was paid for', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({ match: { model, contains: 'item number 1' }, fault: { status: 400 } });
    await publish(api, {
      ...mapPipeline(model, { on_item_failure: 'continue' }),
      output: { answers: '${{ steps.ask.output }}' },
    });
    const job = await run(api, items(3));
    expect(job.status).toBe('partially_succeeded');
    const { answers } = job.output as { answers: ({ text: string } | null)[] };
    expect(answers.map((answer) => answer?.text ?? null)).toEqual([
      'Simulated answer to: item number 0.',
      null,
      'Simulated answer to: item number 2.',
    ]);
    expect(job.steps[0]?.items).toMatchObject({ total: 3, succeeded: 2, failed: 1 });
  });

  test('lets another step stand in, whose output is read in its place', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({ match: { model }, fault: { status: 400 } });
    await publish(api, {
      name: 'with-backup',
      steps: [
        {
          id: 'ask',
          uses: 'model.chat',
          route: openai(model),
          with: { messages: [{ role: 'user', content: '${{ input.question }}' }] },
          on_failure: { step: 'canned' },
        },
        { id: 'canned', uses: 'data.compose', with: { value: { text: 'Please call us.' } } },
        { id: 'show', uses: 'data.compose', with: { value: '${{ steps.ask.output.text }}' } },
      ],
      output: { answer: '${{ steps.ask.output.text }}', shown: '${{ steps.show.output }}' },
    });
    const job = await run(api, { ...question(), pipeline: 'with-backup' });
    expect(job).toMatchObject({
      status: 'partially_succeeded',
      output: { answer: 'Please call us.', shown: 'Please call us.' },
    });
    expect(job.steps[0]).toMatchObject({ status: 'failed', stopped: 'not_retryable' });
  });
});

describe('a sub-pipeline', () => {
  test('runs as a job of its own, linked both ways, and its cost counts', async () => {
    const api = await newTenant();
    const model = newModel();
    await publish(api, chatPipeline(model));
    await publish(api, {
      name: 'outer',
      steps: [
        {
          id: 'each',
          uses: 'pipeline',
          for_each: '${{ input.questions }}',
          with: { pipeline: 'asks', input: { question: '${{ item }}' } },
        },
        {
          id: 'one',
          uses: 'pipeline',
          with: { pipeline: 'asks@1', input: { question: 'And this' } },
        },
      ],
      output: {
        all: '${{ steps.each.output.map(r, r.answer) }}',
        one: '${{ steps.one.output.answer }}',
      },
    });
    const job = await run(api, { pipeline: 'outer', input: { questions: ['a', 'b', 'c'] } });
    expect(job.status, JSON.stringify(job.status_reason)).toBe('succeeded');
    expect(job.output).toEqual({
      all: ['a', 'b', 'c'].map((text) => `Simulated answer to: ${text}.`),
      one: 'Simulated answer to: And this.',
    });
    expect(await callsOf(model)).toHaveLength(4);
    const child = await readJob(api, job.steps[1]?.attempts[0]?.child ?? '');
    expect(child).toMatchObject({
      status: 'succeeded',
      parent: { job_id: job.id, step: 'one', item: null, attempt: 1 },
      trace_id: job.trace_id,
    });
    expect(job.cost.unpriced_attempts).toBe(4);
  });

  test('is cancelled with its parent, and its call is broken off', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({ match: { model }, fault: { hang: true } });
    await publish(api, chatPipeline(model));
    await publish(api, {
      name: 'outer',
      steps: [
        { id: 'sub', uses: 'pipeline', with: { pipeline: 'asks', input: { question: 'x' } } },
      ],
    });
    const { id } = await submit(api, { pipeline: 'outer' });
    const waiting = await jobWhen(api, id, ({ waiting_on: on }) => on?.kind === 'child');
    const childId = waiting.waiting_on?.key ?? '';
    await jobWhen(api, childId, ({ steps: [ask] }) => ask?.status === 'running');
    expect((await cancel(api, id)).body.status).toBe('cancelling');
    expect((await ended(api, id)).status).toBe('cancelled');
    expect((await ended(api, childId)).status).toBe('cancelled');
  });

  test('that fails says so in its parent', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({ match: { model }, fault: { status: 400 } });
    await publish(api, chatPipeline(model));
    await publish(api, {
      name: 'outer',
      steps: [
        { id: 'sub', uses: 'pipeline', with: { pipeline: 'asks', input: { question: 'x' } } },
        { id: 'missing', uses: 'pipeline', with: { pipeline: 'nobody' }, on_failure: 'continue' },
      ],
    });
    const job = await run(api, { pipeline: 'outer' });
    expect(job.status_reason).toMatchObject({ code: 'child_failed' });
    expect(job.status_reason?.message).toMatch(/step sub failed: the child job job_\w+ of asks@1/);
    expect(job.steps[1]?.error?.message).toMatch(/there is no pipeline "nobody"/);
  });
});
