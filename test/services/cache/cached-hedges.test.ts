import { expect, test } from 'vitest';

import type { JobId } from '../../../src/domain/ids.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { World, type Answer, type Call } from '../../support/shard-world.ts';
import { MemoryCaches } from './memory-caches.ts';

const hedged: DefinitionBody = {
  steps: [
    {
      id: 'a',
      uses: 'model.chat',
      route: {
        hedge: { after: '2s' },
        targets: [
          { provider: 'openai', model: 'slow' },
          { provider: 'openai', model: 'quick' },
        ],
      },
      with: { messages: [{ role: 'user', content: '${{ input }}' }] },
      cache: { mode: 'read_write', single_flight: true },
    },
  ],
  output: '${{ steps.a.output.text }}',
};

function modelOf({ body }: Call): string {
  return (body as { readonly model: string }).model;
}

/** The slow model answers only when it is cut off, as a hanging server does. */
const byModel: Answer = (call) => {
  if (modelOf(call) === 'slow') {
    return new Promise((_, reject) => {
      call.signal.addEventListener('abort', () => reject(call.signal.reason as Error));
    });
  }
  const message = { role: 'assistant', content: 'quick' };
  return Response.json({
    id: 'c',
    model: 'quick-1',
    choices: [{ message, finish_reason: 'stop' }],
    usage: { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11 },
  });
};

function world(): World {
  const one = new World();
  one.shared = { caches: new MemoryCaches(one.driver.machine()) };
  one.answers = [byModel];
  return one;
}

function submit({ driver }: World): JobId {
  return driver.create(hedged, { input: 'Hi' });
}

test('identical jobs at the same time share each target’s call, also the second one’s', async () => {
  const one = world();
  const jobs = [submit(one), submit(one), submit(one)];
  const turns = jobs.map((jobId) => one.run(jobId));
  await one.driver.pass(1_900);
  expect(one.calls.map(modelOf)).toEqual(['slow']);
  await one.driver.pass(5_000);
  await Promise.all(turns);
  for (const jobId of jobs) {
    expect(await one.view(jobId)).toMatchObject({ status: 'succeeded', output: 'quick' });
  }
  expect(one.calls.map(modelOf).filter((model) => model === 'quick')).toHaveLength(1);
  // Who led the call that was cut off has left: the next one asks anew, and waits for nobody.
  expect(one.calls.every((call) => modelOf(call) === 'quick' || call.signal.aborted)).toBe(true);
});

test('what was overtaken leaves no result, and what was quicker does, for its own target', async () => {
  const one = world();
  const first = submit(one);
  const turn = one.run(first);
  await one.driver.pass(2_100);
  await turn;
  const second = submit(one);
  const other = one.run(second);
  await one.driver.pass(1_900);
  // The first target is asked as if nobody had been there before.
  expect(one.calls.map(modelOf)).toEqual(['slow', 'quick', 'slow']);
  await one.driver.pass(200);
  await other;
  const { steps, cost } = await one.view(second);
  expect(steps[0]?.attempts).toMatchObject([
    { outcome: 'superseded' },
    { outcome: 'succeeded', hedge_of: 1, cache_hit: true },
  ]);
  expect(cost).toMatchObject({ nano_usd: 0 });
  expect(one.calls.map(modelOf)).toEqual(['slow', 'quick', 'slow']);
});
