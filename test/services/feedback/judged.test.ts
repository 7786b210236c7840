import { describe, expect, test } from 'vitest';

import { judgedBy, payloadsUntilMs } from '../../../src/services/feedback/judged.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

const target = (model: string) => ({ provider: 'openai', model });
type Step = DefinitionBody['steps'][number];

function asks(id: string, model: string, more: Partial<Step> = {}): Step {
  return {
    id,
    uses: 'model.chat',
    with: { messages: [{ role: 'user', content: id }] },
    route: { targets: [target(model), target(`${model}-2`)] },
    ...more,
  };
}

function judged(driver: ShardDriver, body: DefinitionBody, step: string | null) {
  const jobId = driver.create(body);
  driver.finish(jobId, (work) => (work.item === null ? {} : { text: 'x' }));
  return judgedBy(driver.machine(), driver.snapshot(jobId), step);
}

describe('what is judged', () => {
  const both: DefinitionBody = {
    steps: [asks('a', 'one'), asks('b', 'two'), { id: 'c', uses: 'data.compose' }],
  };

  test('is a model step with its model and prompt, or all of them', async () => {
    const driver = new ShardDriver();
    const one = await judged(driver, both, 'a');
    expect(one.models).toEqual(['openai/one']);
    expect(one.prompts).toEqual([expect.stringMatching(/^a:[0-9a-f]{12}$/)]);
    for (const step of [null, 'c']) {
      const all = await judged(driver, both, step);
      expect(all.models).toEqual(['openai/one', 'openai/two']);
      expect(all.prompts).toHaveLength(2);
    }
  });

  test('has the model that answered, not the one that was asked first', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create({ steps: [asks('a', 'one', { retry: { max_attempts: 2 } })] });
    const failure = { class: 'overloaded', phase: 'rejected' } as const;
    driver.settle(jobId, ...driver.claim(jobId).map((key) => driver.failed(key, failure)));
    driver.nowMs += 60_000;
    driver.finish(jobId);
    const { models } = await judgedBy(driver.machine(), driver.snapshot(jobId), null);
    expect(models).toEqual(['openai/one-2']);
  });

  test('leaves out what failed', async () => {
    const driver = new ShardDriver();
    const step = asks('a', 'one', { on_failure: 'continue', retry: { max_attempts: 1 } });
    const jobId = driver.create({
      steps: [step, asks('b', 'two', { needs: ['a'], if: '${{ true }}' })],
    });
    const failure = { class: 'invalid_request', phase: 'rejected' } as const;
    driver.settle(jobId, ...driver.claim(jobId).map((key) => driver.failed(key, failure)));
    driver.finish(jobId);
    expect(driver.state(jobId).status).toBe('partially_succeeded');
    const { models, prompts } = await judgedBy(driver.machine(), driver.snapshot(jobId), null);
    expect(models).toEqual(['openai/two']);
    expect(prompts.map((prompt) => prompt.split(':')[0])).toEqual(['b']);
  });

  test('has the same hash for the same prompt in another pipeline, and another one for another', async () => {
    const driver = new ShardDriver();
    const first = await judged(driver, { steps: [asks('a', 'one')] }, null);
    const same = await judged(driver, { steps: [asks('a', 'other')] }, null);
    const messages = [{ role: 'user', content: 'something else' }];
    const other = await judged(driver, { steps: [asks('a', 'one', { with: { messages } })] }, null);
    expect(same.prompts).toEqual(first.prompts);
    expect(other.prompts).not.toEqual(first.prompts);
  });

  test('keeps what is personal as long as the payloads of the job', () => {
    const driver = new ShardDriver();
    const jobId = driver.create({ ...both, retention: { payloads: '2h' } });
    driver.finish(jobId);
    const { finishedAtMs } = driver.state(jobId);
    expect(payloadsUntilMs(driver.snapshot(jobId))).toBe((finishedAtMs ?? 0) + 7_200_000);
  });
});
