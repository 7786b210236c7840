import { describe, expect, test } from 'vitest';

import type { Failure } from '../../../src/domain/job/failure.ts';
import type { ProviderAdapter } from '../../../src/providers/port.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import type { Answer } from '../../support/shard-world.ts';
import {
  asking,
  answering,
  BudgetedWorld,
  COST,
  LEAST_ESTIMATE,
  MINI,
  NANO,
  PARAMETERS,
} from './budgeted-world.ts';

describe('a job with a limit of its own', () => {
  test('makes no call that may cost more than it has left, in a project without budgets', async () => {
    const world = new BudgetedWorld();
    const small = await world.finish({ ...asking(), budget: { max_cost_usd: 0.0001 } });
    expect(small).toMatchObject({ status: 'failed', cost: { nano_usd: 0 } });
    expect(small.steps[0]?.error).toMatchObject({ class: 'budget_exceeded' });
    const enough = await world.finish({ ...asking(), budget: { max_cost_usd: 0.001 } });
    expect(enough).toMatchObject({ status: 'succeeded', cost: { nano_usd: COST } });
    expect(world.calls).toHaveLength(1);
    expect(world.messages).toEqual([]);
  });

  test('gives calls side by side their parts, and refuses what is left over', async () => {
    const world = new BudgetedWorld();
    const items = Array.from({ length: 20 }, (_, index) => `item ${index}`);
    const body: DefinitionBody = {
      ...asking({ for_each: '${{ input.items }}', on_item_failure: 'continue' }),
      // Ten calls by what they cost, and the estimate of the last.
      budget: { max_cost_usd: (10 * COST + 200_000 - COST) / 1e9 },
    };
    const request = world.driver.request(body, { input: { items } });
    world.driver.shard.submit(request);
    for (let turn = 0; turn < 40; turn += 1) {
      await world.run(request.birth.id);
      await world.driver.pass(3_000);
    }
    const job = await world.view(request.birth.id);
    expect(job.terminal).toBe(true);
    expect(job.cost.nano_usd).toBeGreaterThan(5 * COST);
    expect(job.cost.nano_usd).toBeLessThanOrEqual(10 * COST + 200_000 - COST);
    expect(world.calls).toHaveLength(job.cost.nano_usd / COST);
  });
});

function submitJob(): never {
  throw new Error('a defect');
}

describe('a defect', () => {
  test('takes nothing from what a call is known to have cost', async () => {
    const world = new BudgetedWorld({});
    const long = 'y'.repeat(300_000);
    const choices = [{ message: { role: 'assistant', content: long }, finish_reason: 'stop' }];
    world.answers = [
      async (call) => Response.json({ ...(await (await answering(call)).json()), choices }),
    ];
    world.driver.objects.set = () => {
      throw new Error('R2 does not answer');
    };
    const id = world.submit(asking());
    const turn = world.run(id);
    await world.driver.pass(30_000);
    await turn;
    expect(await world.view(id)).toMatchObject({
      status: 'failed',
      cost: { nano_usd: COST, unpriced_attempts: 0 },
    });
    expect(world.sums()).toMatchObject({ paid: COST, assumed: 0, reserved: 0 });
  });

  test('while a call is made leaves its cost unknown, in the job and in its budgets', async () => {
    const world = new BudgetedWorld({}, { isHard: false });
    world.adapters.set('openai', { ...slowProvider('found'), submitJob, capabilities: SYNC });
    const id = world.submit({ ...asking(), budget: { max_cost_usd: 0.01 } });
    await world.run(id);
    const job = await world.view(id);
    expect(job).toMatchObject({ status: 'failed', cost: { nano_usd: 0, unpriced_attempts: 1 } });
    expect(world.driver.state(id).assumedNanoUsd).toBeGreaterThanOrEqual(LEAST_ESTIMATE);
    for (const each of [0, 1]) expect(world.sums(each)).toMatchObject({ unknown: 1, reserved: 0 });
  });
});

const SYNC = { local: false, kinds: ['chat'] } as const;

/** A provider that works on by itself, and can be asked what became of a submit. */
function slowProvider(found: 'found' | 'absent'): ProviderAdapter {
  const failure: Failure = { class: 'network', phase: 'unknown', message: 'cut off' };
  const ticket = { providerJobId: 'p1', data: null };
  let submits = 0;
  return {
    id: 'slow',
    version: 1,
    capabilities: { local: false, kinds: ['chat'], executions: { chat: ['background'] } },
    transformInput: () => ({}),
    submitJob: async () => {
      submits += 1;
      return submits === 1
        ? { kind: 'failed', failure }
        : { kind: 'pending', ticket, checkInMs: 1_000 };
    },
    findJob: async () => (found === 'found' ? { kind: 'found', ticket } : { kind: 'absent' }),
    getJobStatus: async () => ({
      kind: 'done',
      reply: {
        result: { kind: 'chat', text: 'yes', finishReason: 'stop' },
        usage: { inputTokens: 10, outputTokens: 10 },
        rawUsage: null,
        returnedModel: MINI.model,
        providerRequestId: null,
        reportedCostNanoUsd: COST,
      },
    }),
  } as unknown as ProviderAdapter;
}

test.each(['found', 'absent'] as const)(
  'work at a provider whose submit was cut off is counted once when it is %s',
  async (found) => {
    const world = new BudgetedWorld({});
    world.adapters.set('openai', slowProvider(found));
    const id = world.submit(asking({ retry: { max_attempts: 3 } }));
    for (let turn = 0; turn < 8; turn += 1) {
      await world.run(id);
      await world.driver.pass(30_000);
    }
    expect((await world.view(id)).status).toBe('succeeded');
    expect(world.sums()).toEqual({ paid: COST, assumed: 0, reserved: 0, unknown: 0 });
  },
);

/** Answers only when the call is aborted. */
const hanging: Answer = ({ signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

const HEDGED = asking({
  route: {
    hedge: { after: '2s' },
    targets: [MINI, NANO].map((target) => ({ ...target, parameters: PARAMETERS })),
  },
});

describe('a second target beside a slow one', () => {
  test('takes room of its own; the call that is cut off counts as its estimate', async () => {
    const world = new BudgetedWorld({});
    world.answers = [hanging, answering];
    const id = world.submit(HEDGED);
    const turn = world.run(id);
    await world.driver.pass(1_900);
    const first = world.sums().reserved;
    expect(first).toBeGreaterThan(LEAST_ESTIMATE);
    await world.driver.pass(200);
    await turn;
    expect((await world.view(id)).status).toBe('succeeded');
    // By the price of the second target, a quarter of the first one's.
    expect(world.sums()).toEqual({ paid: COST / 4, assumed: first, reserved: 0, unknown: 1 });
  });

  test('that finds no room leaves the slow one alone', async () => {
    const world = new BudgetedWorld({ limitNanoUsd: 200_000 });
    const slow = Promise.withResolvers<Response>();
    world.answers = [() => slow.promise];
    const id = world.submit(HEDGED);
    const turn = world.run(id);
    await world.driver.pass(2_500);
    expect(world.calls).toHaveLength(1);
    slow.resolve(await answering({ body: null, signal: new AbortController().signal, key: null }));
    await world.driver.pass(100);
    await turn;
    expect((await world.view(id)).status).toBe('succeeded');
    expect(world.sums()).toEqual({ paid: COST, assumed: 0, reserved: 0, unknown: 0 });
  });
});
