import { describe, expect, test } from 'vitest';

import { newTenant } from './support/api.ts';
import { eventsOf, publish, run, typesOf } from './support/jobs.ts';
import { items, mapPipeline, plainPipeline } from './support/pipelines.ts';
import { addRules, callsOf, newModel, statsOf } from './support/simulator-client.ts';

describe('conditions', () => {
  const definition = plainPipeline('plain', {
    input: {},
    steps: [
      { id: 'clean', uses: 'text.normalize', with: { text: '${{ input.text }}' } },
      {
        id: 'extra',
        uses: 'text.normalize',
        if: '${{ input.extra && steps.clean.output.text != "" }}',
        with: { text: '${{ steps.clean.output.text }}' },
      },
      { id: 'after', uses: 'text.normalize', with: { text: '${{ steps.extra.output.text }}' } },
      {
        id: 'other',
        uses: 'data.compose',
        if: '${{ steps.extra.status == "skipped" }}',
        with: { value: 'instead' },
      },
    ],
    output: { extra: '${{ steps.after.output.text }}', other: '${{ steps.other.output }}' },
  });

  test('a step runs when its condition holds, and what only replaces it does not', async () => {
    const api = await newTenant();
    await publish(api, definition);
    const job = await run(api, { pipeline: 'plain', input: { text: 'a  b', extra: true } });
    expect(job.output).toEqual({ extra: 'a b', other: null });
    expect(job.steps.map(({ status }) => status)).toEqual([
      'succeeded',
      'succeeded',
      'succeeded',
      'skipped',
    ]);
  });

  test('a skipped step is shown with its reason, and so is what needed it', async () => {
    const api = await newTenant();
    await publish(api, definition);
    const job = await run(api, { pipeline: 'plain', input: { text: 'a  b', extra: false } });
    expect(job).toMatchObject({ status: 'succeeded', output: { extra: null, other: 'instead' } });
    const skipped = job.steps.map((step) => [step.id, step.status, step.skipped]);
    expect(skipped).toEqual([
      ['clean', 'succeeded', null],
      ['extra', 'skipped', 'condition'],
      ['after', 'skipped', 'needs_skipped'],
      ['other', 'succeeded', null],
    ]);
    const types = typesOf(await eventsOf(api, job.id));
    expect(types.filter((type) => type === 'step.skipped')).toHaveLength(2);
  });

  test('a condition that cannot be evaluated fails the job and says which', async () => {
    const api = await newTenant();
    await publish(api, definition);
    const job = await run(api, { pipeline: 'plain', input: { text: 'a' } });
    expect(job.status).toBe('failed');
    expect(job.status_reason).toMatchObject({ code: 'expression_failed' });
    expect(job.status_reason?.message).toMatch(/step extra .*`if`/);
  });
});

describe('a step over every item of a list', () => {
  test('never has more calls under way than it may, and keeps the order', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({ match: { model }, fault: { latency_ms: 60 } });
    await publish(api, mapPipeline(model, { max_concurrency: 3 }));
    const job = await run(api, items(14));
    expect(job.status).toBe('succeeded');
    const { answers } = job.output as { answers: string[] };
    expect(answers).toEqual(
      Array.from({ length: 14 }, (_, index) => `Simulated answer to: item number ${index}.`),
    );
    const stats = await statsOf(model);
    expect(stats?.requests).toBe(14);
    expect(stats?.peak_concurrency).toBeLessThanOrEqual(3);
    expect(stats?.peak_concurrency).toBeGreaterThan(1);
    expect(job.steps[0]?.items).toMatchObject({ total: 14, succeeded: 14, running: 0 });
    const events = await eventsOf(api, job.id);
    const done = events.filter(({ type }) => type === 'attempt.succeeded').map(({ item }) => item);
    expect(done.map(Number).toSorted((a, b) => a - b)).toEqual([...done.keys()]);
    expect(typesOf(events).filter((type) => type === 'step.succeeded')).toHaveLength(1);
  });

  test('may ask for more at once than there are connections', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({ match: { model }, fault: { latency_ms: 30 } });
    await publish(api, mapPipeline(model));
    const job = await run(api, items(40));
    expect(job.status).toBe('succeeded');
    expect((await statsOf(model))?.requests).toBe(40);
  });

  test('tries an item again without repeating its neighbours', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({
      match: { model, contains: 'item number 2' },
      times: 2,
      fault: { status: 500 },
    });
    await publish(api, mapPipeline(model));
    const job = await run(api, items(5));
    expect(job.status).toBe('succeeded');
    expect(await callsOf(model)).toHaveLength(7);
    const failed = (await eventsOf(api, job.id)).filter(({ type }) => type === 'attempt.failed');
    expect(failed.map(({ item, attempt }) => [item, attempt])).toEqual([
      [2, 1],
      [2, 2],
    ]);
  });

  test('fails the job when an item has failed for good, and names the item', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({ match: { model, contains: 'item number 1' }, fault: { status: 400 } });
    await publish(api, mapPipeline(model));
    const job = await run(api, items(3));
    expect(job.status).toBe('failed');
    expect(job.status_reason?.message).toMatch(/step ask failed: item 1:/);
  });

  test('over nothing is done at once', async () => {
    const api = await newTenant();
    await publish(api, mapPipeline(newModel()));
    expect(await run(api, items(0))).toMatchObject({
      status: 'succeeded',
      output: { answers: [] },
    });
  });
});
