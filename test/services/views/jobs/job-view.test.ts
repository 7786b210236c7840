import { expect, test } from 'vitest';

import { World } from '../../../support/shard-world.ts';

const chat = {
  id: 'ask',
  uses: 'model.chat' as const,
  route: { targets: [{ provider: 'openai', model: 'gpt-4.1-mini' }] },
  with: { messages: [{ role: 'user', content: 'Hello.' }] },
};

test('a step between two attempts shows the next one, its pause, and what the last one met', async () => {
  const world = new World();
  world.answers = [
    () =>
      Response.json(
        { error: { message: 'no' } },
        { status: 429, headers: { 'retry-after': '60' } },
      ),
  ];
  const jobId = world.driver.create({ steps: [chat] });
  await world.run(jobId);
  const until = new Date(world.driver.nowMs + 60_000).toISOString();
  expect(await world.view(jobId)).toMatchObject({
    waiting_on: { kind: 'rate_limit', key: 'ask', until },
    steps: [
      {
        status: 'queued',
        next_attempt: { attempt: 2, item: null, not_before: until },
        attempts: [
          {
            target: chat.route.targets[0],
            latency_ms: expect.any(Number),
            failure: { class: 'rate_limited', phase: 'rejected' },
          },
        ],
      },
    ],
  });
});

test('a step that waits shows for what, and one that gave up why, and who stands in for it', async () => {
  const world = new World();
  const jobId = world.driver.create({
    steps: [
      { id: 'timer', uses: 'wait', with: { duration: '10m' } },
      { id: 'event', uses: 'wait', with: { event: 'approved' } },
      {
        id: 'bad',
        uses: 'data.compose',
        with: { value: '${{ input.nothing }}' },
        on_failure: { step: 'good' },
      },
      { id: 'good', uses: 'data.compose', with: { value: 1 } },
    ],
  });
  const timerEnd = new Date(world.driver.nowMs + 600_000).toISOString();
  await world.run(jobId);
  const { steps } = await world.view(jobId);
  expect(steps).toMatchObject([
    { status: 'waiting', waiting_for: { event: null, until: timerEnd }, next_attempt: null },
    { status: 'waiting', waiting_for: { event: 'approved', until: null } },
    { status: 'failed', stopped: 'not_retryable', handled_by: 'good', waiting_for: null },
    { status: 'succeeded', handled_by: null, next_attempt: null },
  ]);
});
