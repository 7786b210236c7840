import { describe, expect, test } from 'vitest';

import type { JobId } from '../../../src/domain/ids.ts';
import type { CallEnd, TargetGates } from '../../../src/services/ports/targets/target-gates.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';
import { World, type Answer } from '../../support/shard-world.ts';

const A = { provider: 'openai', model: 'gpt-4.1-mini' };
const B = { provider: 'openai', model: 'gpt-4.1-nano' };

function chat(rest: Partial<DefinitionBody['steps'][number]> = {}): DefinitionBody {
  return {
    steps: [
      {
        id: 'ask',
        uses: 'model.chat',
        route: { hedge: { after: '2s' }, targets: [A, B] },
        prompt: { messages: [{ role: 'user', content: 'Hello' }] },
        ...rest,
      },
    ],
  };
}

/** Answers only when the call is aborted, as a hanging server does. */
const hanging: Answer = ({ signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

const answering: Answer = () =>
  Response.json({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    model: 'gpt-4.1-nano-2025-04-14',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hi' } }],
    usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 },
  });

/** A gate that lets everything through, and keeps what it is told of ended calls. */
function openGates(): {
  readonly gates: TargetGates;
  readonly ends: (CallEnd & { model: string })[];
} {
  const ends: (CallEnd & { model: string })[] = [];
  const gates: TargetGates = {
    admit: async (target, { estimatedTokens }) => ({
      admitted: true,
      permit: { target, estimatedTokens, epoch: 1, urgent: false },
    }),
    settle: async ({ target: { model } }, end) => void ends.push({ ...end, model }),
    renew: async () => {},
    measures: () => [],
    report: async () => {},
    catchUp: async () => {},
  };
  return { gates, ends };
}

describe('the runner of an attempt that takes long', () => {
  test('comes for the second one to the moment, and cuts the first one off when it is overtaken', async () => {
    const world = new World();
    const { gates, ends } = openGates();
    world.shared = { gates };
    world.answers = [hanging, answering];
    const jobId = world.driver.create(chat());
    const beganMs = world.driver.nowMs;
    const turn = world.run(jobId);
    await world.driver.pass(1_990);
    expect(world.calls).toHaveLength(1);
    await world.driver.pass(100);
    await turn;
    expect(world.calls.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    const view = await world.view(jobId);
    expect(view).toMatchObject({ status: 'succeeded', cost: { unpriced_attempts: 1 } });
    expect(view.steps[0]?.attempts).toMatchObject([
      { outcome: 'superseded', attempt: 1 },
      { outcome: 'succeeded', attempt: 2, hedge_of: 1 },
    ]);
    const finishedAtMs = world.driver.state(jobId).finishedAtMs ?? 0;
    expect(finishedAtMs - beganMs).toBeLessThan(2_050);
    // Its gate learns that it took so long: else it would look quicker the more often it is overtaken.
    expect(ends).toMatchObject([
      { model: B.model, result: 'succeeded' },
      { model: A.model, result: { class: 'cancelled' }, overtakenAfterMs: expect.any(Number) },
    ]);
    expect(world.driver.wakes).toHaveLength(1);
  });

  test('asks once, also when it has no connection left for it, and takes it when there is one', async () => {
    const world = new World();
    world.answers = [hanging, answering];
    const jobId = world.driver.create(chat());
    const turn = world.run(jobId);
    await world.driver.pass(1_000);
    const taken = world.slots.take(6);
    await world.driver.pass(1_500);
    expect(world.calls).toHaveLength(1);
    world.slots.give(taken);
    await world.driver.pass(200);
    await turn;
    expect(world.driver.state(jobId).status).toBe('succeeded');
  });
});

/** A job whose first attempt was handed out. */
async function begun(): Promise<{ driver: ShardDriver; jobId: JobId }> {
  const driver = new ShardDriver();
  const jobId = driver.create(chat());
  expect(driver.next(jobId, { hinted: true }).work).toMatchObject([
    { key: 'ask#1', hedgeInMs: 2_000 },
  ]);
  await driver.pass(0);
  driver.wakes = [];
  return { driver, jobId };
}

describe('when the runner of an attempt is gone', () => {
  test.each([false, true])(
    'another one is called for the second, long before the first counts as lost; its object forgot everything: %s',
    async (forgets) => {
      const { driver, jobId } = await begun();
      if (forgets) driver.restart();
      await driver.pass(4_900);
      expect(driver.wakes).toEqual([]);
      await driver.pass(200);
      expect(driver.wakes).toHaveLength(1);
      expect(driver.claim(jobId, { hinted: true })).toEqual(['ask#2']);
    },
  );

  test('and comes back after all, it is told to stop', async () => {
    const { driver, jobId } = await begun();
    driver.nowMs += 2_000;
    expect(driver.claim(jobId)).toEqual(['ask#2']);
    expect(driver.shard.renew({ jobId, keys: ['ask#1', 'ask#2'] })).toEqual({ cancel: [] });
    const answer = driver.settle(jobId, driver.succeeded(jobId, 'ask#2', { text: 'Hi' }));
    expect(answer).toMatchObject({ cancel: ['ask#1'], superseded: ['ask#1'] });
    expect(driver.shard.renew({ jobId, keys: ['ask#1'] })).toEqual({ cancel: ['ask#1'] });
  });

  test('and both attempts were its own, both are missed and the job goes on', async () => {
    const { driver, jobId } = await begun();
    driver.nowMs += 2_000;
    driver.claim(jobId);
    await driver.pass(40_000);
    expect(driver.state(jobId).steps['ask']?.attempts).toMatchObject([
      { attempt: 1, outcome: 'lost', leftTo: 2 },
      { attempt: 2, outcome: 'lost', hedgeOf: 1 },
    ]);
    expect(driver.claim(jobId, { hinted: true })).toEqual(['ask#3']);
  });
});

test('one call of a runner may bring both results: the first is used, and both are paid', () => {
  const driver = new ShardDriver();
  const jobId = driver.create(chat());
  driver.claim(jobId);
  driver.nowMs += 2_000;
  driver.claim(jobId);
  const reports = ['ask#1', 'ask#2'].map((key) => driver.succeeded(jobId, key, { text: key }));
  expect(driver.settle(jobId, ...reports).settled).toEqual(['used', 'late']);
  expect(driver.state(jobId).cost.unpricedAttempts).toBe(0);
});
