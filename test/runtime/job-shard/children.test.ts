import { describe, expect, test } from 'vitest';

import type { JobId } from '../../../src/domain/ids.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { World } from '../../support/shard-world.ts';

const parent: DefinitionBody = {
  steps: [
    {
      id: 'sub',
      uses: 'pipeline',
      with: { pipeline: 'child', input: { n: '${{ input.n }}' } },
    },
    { id: 'after', uses: 'data.compose', with: { value: '${{ steps.sub.output.doubled }}' } },
  ],
  output: { result: '${{ steps.after.output }}' },
};
const child: DefinitionBody = {
  steps: [{ id: 'double', uses: 'data.compose', with: { value: '${{ input.n * 2 }}' } }],
  output: { doubled: '${{ steps.double.output }}' },
};

function worldWith(pipelines: Record<string, DefinitionBody>): World {
  const world = new World();
  for (const [name, body] of Object.entries(pipelines)) world.published.set(name, body);
  return world;
}

function childOf(world: World, jobId: JobId, step = 'sub'): JobId {
  const held = Object.values(world.driver.state(jobId).active).find((each) => each.step === step);
  if (held?.child === undefined) throw new Error(`${step} has no child`);
  return held.child;
}

/** Runs whoever is called, until nobody is. */
async function settle(world: World): Promise<void> {
  await world.driver.quiet();
  for (let rounds = 0; rounds < 50 && world.driver.wakes.length > 0; rounds += 1) {
    const called = world.driver.wakes.splice(0).map(({ job_id: jobId }) => jobId);
    await Promise.all(called.map((jobId) => world.run(jobId)));
    await world.driver.quiet();
  }
}

describe('a pipeline step', () => {
  test('runs another pipeline and takes its output', async () => {
    const world = worldWith({ child });
    const jobId = world.driver.create(parent, { input: { n: 21 } });
    await settle(world);
    const view = await world.view(jobId);
    expect(view).toMatchObject({ status: 'succeeded', output: { result: 42 } });
    const [sub] = view.steps;
    const childId = String(sub?.attempts[0]?.['child']);
    expect(world.driver.state(childId as JobId).birth.parent).toMatchObject({
      jobId,
      step: 'sub',
      attempt: 1,
      lineage: ['under-test'],
    });
  });

  test('says that it waits for its child', async () => {
    const world = worldWith({
      child: { steps: [{ id: 'w', uses: 'wait', with: { event: 'go' } }] },
    });
    const jobId = world.driver.create(parent, { input: { n: 1 } });
    await settle(world);
    const childId = childOf(world, jobId);
    expect(await world.view(jobId)).toMatchObject({
      status: 'waiting',
      waiting_on: { kind: 'child', key: childId },
    });
    expect(await world.view(childId)).toMatchObject({
      status: 'waiting',
      waiting_on: { kind: 'event', key: 'go' },
      parent: { job_id: jobId, step: 'sub' },
    });
  });

  test('fails when the child fails, and says why', async () => {
    const world = worldWith({
      child: {
        steps: [{ id: 'bad', uses: 'data.compose', with: { value: '${{ input.nothing }}' } }],
      },
    });
    const jobId = world.driver.create(parent, { input: { n: 1 } });
    await settle(world);
    const view = await world.view(jobId);
    expect(view.status_reason).toMatchObject({ code: 'child_failed' });
    expect(view.status_reason?.message).toMatch(/child job job_\w+ of child@1 ended as failed/);
    expect(view.steps[0]?.stopped).toBe('max_attempts');
  });

  test('takes a child that cannot be made for a failure', async () => {
    const world = worldWith({});
    const jobId = world.driver.create(parent, { input: { n: 1 } });
    await settle(world);
    const view = await world.view(jobId);
    expect(view.steps[0]?.error).toMatchObject({
      class: 'child_failed',
      code: 'pipeline_not_found',
    });
  });

  test('refuses an ancestor, however far up it stands', async () => {
    const steps = [{ id: 'sub', uses: 'pipeline', with: { pipeline: 'under-test' } }] as const;
    const world = worldWith({ child: { steps: [...steps] }, 'under-test': parent });
    const jobId = world.driver.create(parent, { input: { n: 1 } });
    await settle(world);
    const view = await world.view(jobId);
    expect(view.steps[0]?.error?.message).toMatch(
      /a pipeline cannot run inside itself: under-test -> child -> under-test$/,
    );
  });

  test('over the items of a list makes a child for each', async () => {
    const world = worldWith({ child });
    const jobId = world.driver.create(
      {
        steps: [
          {
            id: 'sub',
            uses: 'pipeline',
            for_each: '${{ input.list }}',
            max_concurrency: 2,
            with: { pipeline: 'child', input: { n: '${{ item }}' } },
          },
        ],
        output: '${{ steps.sub.output }}',
      },
      { input: { list: [1, 2, 3, 4, 5] } },
    );
    await settle(world);
    const view = await world.view(jobId);
    expect(view.output).toEqual([2, 4, 6, 8, 10].map((doubled) => ({ doubled })));
  });
});

describe('a child', () => {
  test('is cancelled with its parent', async () => {
    const world = worldWith({
      child: { steps: [{ id: 'w', uses: 'wait', with: { event: 'go' } }] },
    });
    const jobId = world.driver.create(parent, { input: { n: 1 } });
    await settle(world);
    const childId = childOf(world, jobId);
    world.driver.shard.cancel({ jobId, by: 'key_1' });
    expect(world.driver.state(jobId).status).toBe('cancelling');
    await world.driver.quiet();
    await settle(world);
    expect(world.driver.state(childId)).toMatchObject({
      status: 'cancelled',
      reason: { message: `cancelled by ${jobId}` },
    });
    expect(world.driver.state(jobId).status).toBe('cancelled');
  });

  test('is cancelled when its parent fails for another reason, and its cost is charged', async () => {
    const world = worldWith({
      child: { steps: [{ id: 'w', uses: 'wait', with: { event: 'go' } }] },
    });
    const jobId = world.driver.create(
      {
        steps: [
          { id: 'sub', uses: 'pipeline', with: { pipeline: 'child' } },
          { id: 'gate', uses: 'wait', with: { event: 'stop' }, timeouts: { step: '1m' } },
        ],
      },
      {},
    );
    await settle(world);
    const childId = childOf(world, jobId);
    await world.driver.pass(61_000);
    await settle(world);
    expect(world.driver.state(jobId).status).toBe('failed');
    expect(world.driver.state(childId).status).toBe('cancelled');
    expect(world.driver.state(jobId).active).toEqual({});
  });

  test('is cancelled though the runner that was called for it died', async () => {
    const world = worldWith({
      child: { steps: [{ id: 'w', uses: 'wait', with: { event: 'go' } }] },
    });
    const jobId = world.driver.create(parent, { input: { n: 1 } });
    await settle(world);
    const childId = childOf(world, jobId);
    world.driver.shard.cancel({ jobId, by: 'key_1' });
    await world.driver.quiet();
    world.driver.wakes.splice(0);
    const firings = world.driver.alarmsFired;
    await world.driver.pass(31_000);
    expect(world.driver.alarmsFired - firings).toBeLessThan(10);
    await settle(world);
    expect(world.driver.state(childId).status).toBe('cancelled');
    expect(world.driver.state(jobId).status).toBe('cancelled');
  });

  test('tells its parent even when the runner dies over it', async () => {
    const world = worldWith({ child });
    const jobId = world.driver.create(parent, { input: { n: 4 } });
    await world.run(jobId);
    const childId = childOf(world, jobId);
    world.driver.wakes.splice(0);
    await world.run(childId, {}, {}, { read: () => Promise.reject(new Error('cut off')) });
    expect(world.driver.state(childId).status).toBe('succeeded');
    expect(world.driver.state(jobId).status).toBe('waiting');
    await world.driver.pass(31_000);
    await settle(world);
    expect(world.driver.state(jobId).status).toBe('succeeded');
  });

  test('tells its parent though its history is safe before a runner comes again', async () => {
    const world = worldWith({ child });
    const jobId = world.driver.create(parent, { input: { n: 4 } });
    await world.run(jobId);
    const childId = childOf(world, jobId);
    world.driver.wakes.splice(0);
    await world.run(childId, {}, {}, { read: () => Promise.reject(new Error('cut off')) });
    await world.driver.settleHistory();
    await world.driver.pass(31_000);
    await settle(world);
    expect(world.driver.state(jobId).status).toBe('succeeded');
  });

  test('is submitted again when its shard does not answer', async () => {
    const world = worldWith({ child });
    const jobId = world.driver.create(parent, { input: { n: 4 } });
    let refused = 0;
    const run = world.run(
      jobId,
      {},
      {},
      {
        submit: (request) => {
          refused += 1;
          if (refused < 3) return Promise.reject(new Error('cut off'));
          return world.driver.client().submit(request);
        },
      },
    );
    await world.driver.pass(2_000);
    await run;
    await settle(world);
    expect(world.driver.state(jobId).status).toBe('succeeded');
  });

  test('is made once though the runner that submitted it is lost', async () => {
    const world = worldWith({ child });
    const jobId = world.driver.create(parent, { input: { n: 4 } });
    let calls = 0;
    const first = world.run(
      jobId,
      {},
      {
        next: async (request) => {
          calls += 1;
          if (calls > 1) throw new Error('unreachable');
          return world.driver.client().next(request);
        },
      },
    );
    await world.driver.pass(120_000);
    await first;
    await settle(world);
    expect(world.driver.state(jobId).status).toBe('succeeded');
    expect(world.driver.db.count('jobs')).toBe(2);
  });

  test('gives its output to a parent that reads a large one from R2', async () => {
    const world = worldWith({
      child: {
        steps: [{ id: 'a', uses: 'data.compose', with: { value: '${{ input.n }}' } }],
        output: { doubled: '${{ steps.a.output }}' },
      },
    });
    const text = 'x'.repeat(300_000);
    const jobId = world.driver.create(parent, { input: { n: text } });
    await settle(world);
    expect((await world.view(jobId)).output).toEqual({ result: text });
  });
});
