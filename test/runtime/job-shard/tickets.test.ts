import { describe, expect, test } from 'vitest';

import type { JobId } from '../../../src/domain/ids.ts';
import type { JobEvent } from '../../../src/domain/job/event.ts';
import type {
  CallContext,
  CallOutcome,
  LostSubmit,
  ProviderAdapter,
  Reconciled,
  Ticket,
} from '../../../src/providers/port.ts';
import { receiveCallback } from '../../../src/services/callbacks/receive-callback.ts';
import { makeSignedTokens } from '../../../src/services/signed-token.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { PROJECT } from '../../support/shard-driver.ts';
import { World } from '../../support/shard-world.ts';

const chat = (rest: Partial<DefinitionBody['steps'][number]> = {}): DefinitionBody => ({
  timeouts: { job: '5d' },
  steps: [
    {
      id: 'ask',
      uses: 'model.chat',
      prompt: { messages: [{ role: 'user', content: 'Count.' }] },
      route: { targets: [{ provider: 'queue', model: 'm', execution: 'background' }] },
      ...rest,
    },
  ],
  output: '${{ steps.ask.output.text }}',
});

const DONE: CallOutcome = {
  kind: 'done',
  reply: {
    usage: { inputTokens: 5 },
    rawUsage: {},
    returnedModel: 'm',
    providerRequestId: 'work-1',
    result: { kind: 'chat', text: 'one', finishReason: 'stop' },
  },
};
const ticket: Ticket = { providerJobId: 'work-1', data: { url: '/work/1' } };
const PENDING: CallOutcome = { kind: 'pending', ticket, checkInMs: 10_000 };
const failed = (
  failure: Partial<Extract<CallOutcome, { kind: 'failed' }>['failure']>,
): CallOutcome => ({
  kind: 'failed',
  failure: { class: 'network', phase: 'unknown', message: 'cut', ...failure },
});

function unused(): never {
  throw new Error('only whole calls are made here');
}

/** A provider with a queue, and all that was said to it. */
class Provider {
  readonly submits: CallContext[] = [];
  readonly asked: Ticket[] = [];
  readonly cancelled: Ticket[] = [];
  readonly looked: LostSubmit[] = [];
  submit: (context: CallContext) => CallOutcome | Promise<CallOutcome> = () => PENDING;
  status: () => CallOutcome = () => PENDING;
  find: () => Reconciled = () => ({ kind: 'unknown' });
  cancel: () => void = () => {};

  adapter(): ProviderAdapter {
    return {
      id: 'queue',
      version: 1,
      capabilities: { kinds: ['chat'], local: false, executions: { chat: ['background'] } },
      transformInput: unused,
      normalizeOutput: unused,
      classifyError: unused,
      submitJob: async (_call, context) => {
        this.submits.push(context);
        return this.submit(context);
      },
      getJobStatus: async (asked) => {
        this.asked.push(asked);
        return this.status();
      },
      cancelJob: async (stopped) => {
        this.cancelled.push(stopped);
        this.cancel();
      },
      findJob: async (lost) => {
        this.looked.push(lost);
        return this.find();
      },
      callbacks: {
        verify: async ({ headers }) =>
          headers['x-signature'] === 'right'
            ? { kind: 'genuine' }
            : { kind: 'refused', reason: 'its signature is not the provider’s' },
        read: (body) => (body === 'done' ? DONE : { kind: 'ask' }),
      },
    };
  }
}

function make(): { world: World; provider: Provider } {
  const world = new World();
  const provider = new Provider();
  world.adapters.set('queue', provider.adapter());
  world.driver.views.set('queue', { reconciles: true });
  return { world, provider };
}

/** Runs whoever is called, until nobody is; a turn may wait for time to pass. */
async function settle(world: World, passMs = 0): Promise<void> {
  await world.driver.pass(passMs);
  for (let rounds = 0; rounds < 50 && world.driver.wakes.length > 0; rounds += 1) {
    const called = world.driver.wakes.splice(0).map(({ job_id: jobId }) => jobId);
    await Promise.all(called.map((jobId) => world.run(jobId)));
    await world.driver.quiet();
  }
}

const told = (world: World, jobId: JobId, ...types: readonly string[]): JobEvent[] =>
  world.driver.events(jobId).filter(({ type }) => types.includes(type));

describe('work at a provider', () => {
  test('is submitted once, asked for as often as it takes, and its result is the step’s', async () => {
    const { world, provider } = make();
    const jobId = world.driver.create(chat());
    await settle(world);
    expect(await world.view(jobId)).toMatchObject({
      status: 'waiting',
      waiting_on: { kind: 'provider', key: 'queue' },
    });
    await settle(world, 10_000);
    expect(provider.asked).toEqual([ticket]);
    provider.status = () => DONE;
    await settle(world, 10_000);
    expect(await world.view(jobId)).toMatchObject({ status: 'succeeded', output: 'one' });
    expect(provider.submits).toHaveLength(1);
    expect(provider.cancelled).toEqual([]);
    expect(JSON.stringify(world.driver.events(jobId))).not.toContain('/work/1');
  });

  test('survives that the object is put away at every alarm', async () => {
    const { world, provider } = make();
    world.driver.coldAlarms = true;
    const jobId = world.driver.create(chat());
    await settle(world);
    for (let looks = 0; looks < 5; looks += 1) await settle(world, 30_000);
    provider.status = () => DONE;
    await settle(world, 30_000);
    expect(world.driver.isOver(jobId)).toBe(true);
    expect(provider.submits).toHaveLength(1);
  });

  test('is asked for again when the question fails, and fails when the provider says so', async () => {
    const { world, provider } = make();
    const jobId = world.driver.create(chat({ retry: { max_attempts: 1 } }));
    await settle(world);
    provider.status = () => failed({ class: 'provider_internal', phase: 'unknown', status: 502 });
    await settle(world, 10_000);
    provider.status = () =>
      failed({ class: 'rate_limited', phase: 'rejected', retryAfterMs: 90_000 });
    await settle(world, 10_000);
    expect(told(world, jobId, 'attempt.failed')).toEqual([]);
    provider.status = () => failed({ class: 'content_blocked_output', phase: 'finished' });
    await settle(world, 60_000);
    expect(world.driver.isOver(jobId)).toBe(false);
    await settle(world, 60_000);
    expect(world.driver.state(jobId)).toMatchObject({
      status: 'failed',
      reason: { code: 'content_blocked_output' },
    });
  });

  test('is stopped when the job is cancelled, and told again until the provider hears it', async () => {
    const { world, provider } = make();
    const jobId = world.driver.create(chat());
    await settle(world);
    provider.cancel = () => {
      throw new Error('it does not answer');
    };
    world.driver.shard.cancel({ jobId, by: 'key_1' });
    expect(world.driver.state(jobId).status).toBe('cancelled');
    await settle(world);
    expect(provider.cancelled).toEqual([ticket]);
    provider.cancel = () => {};
    world.driver.restart();
    await settle(world, 60_000);
    expect(provider.cancelled.length).toBeGreaterThan(1);
    const times = provider.cancelled.length;
    await settle(world, 3_600_000);
    expect(provider.cancelled).toHaveLength(times);
  });

  test('is left alone when the provider never hears it', async () => {
    const { world, provider } = make();
    const jobId = world.driver.create(chat());
    await settle(world);
    provider.cancel = () => {
      throw new Error('it does not answer');
    };
    world.driver.shard.cancel({ jobId, by: 'key_1' });
    for (let minutes = 0; minutes < 120; minutes += 1) await settle(world, 60_000);
    expect(provider.cancelled.length).toBeLessThanOrEqual(10);
  });

  test('is given up at the attempt’s deadline, and stopped', async () => {
    const { world, provider } = make();
    const jobId = world.driver.create(
      chat({ timeouts: { attempt: '1h' }, retry: { max_attempts: 1 } }),
    );
    await settle(world);
    for (let minutes = 0; minutes < 61; minutes += 1) await settle(world, 60_000);
    expect(world.driver.state(jobId)).toMatchObject({
      status: 'failed',
      reason: { code: 'timeout' },
    });
    expect(provider.cancelled).toEqual([ticket]);
    expect(provider.submits[0]?.deadlineAtMs).toBe(
      (world.driver.state(jobId).steps['ask']?.attempts[0]?.startedAtMs ?? 0) + 3_600_000,
    );
  });
});

/** A runner claims, submits, and dies before it can report. */
async function lose(world: World): Promise<JobId> {
  const jobId = world.driver.create(chat());
  world.driver.wakes.splice(0);
  world.driver.claim(jobId);
  await world.driver.pass(40_000);
  return jobId;
}

describe('a submit whose answer is lost', () => {
  test('is found at the provider, and nothing is sent again', async () => {
    const { world, provider } = make();
    const jobId = await lose(world);
    provider.find = () => ({ kind: 'found', ticket });
    provider.status = () => DONE;
    await settle(world);
    await settle(world, 1_000);
    expect(world.driver.state(jobId)).toMatchObject({
      status: 'succeeded',
      cost: { unpricedAttempts: 1 },
    });
    expect(provider.submits).toEqual([]);
    expect(provider.looked).toMatchObject([{ idempotencyKey: `${jobId}:ask#1` }]);
    expect(told(world, jobId, 'attempt.reconciled')).toMatchObject([
      { attempt: 1, data: { outcome: 'adopted', by: 2 } },
    ]);
  });

  test('is sent again when the provider has no such work', async () => {
    const { world, provider } = make();
    await lose(world);
    provider.find = () => ({ kind: 'absent' });
    await settle(world);
    expect(provider.submits).toHaveLength(1);
  });

  test('comes late: the attempt after it takes the work over', async () => {
    const { world, provider } = make();
    const jobId = world.driver.create(chat());
    world.driver.wakes.splice(0);
    world.driver.claim(jobId);
    await world.driver.pass(36_000);
    world.driver.settle(jobId, world.driver.ticketed('ask#1', { ticket }));
    provider.status = () => DONE;
    await settle(world, 1_000);
    await settle(world, 60_000);
    expect(world.driver.isOver(jobId)).toBe(true);
    expect(provider.submits).toEqual([]);
    expect(provider.looked).toEqual([]);
    expect(provider.asked).toEqual([ticket]);
    expect(provider.cancelled).toEqual([]);
  });

  test('comes late beside a newer one: it is stopped', async () => {
    const { world, provider } = make();
    const jobId = world.driver.create(chat());
    world.driver.wakes.splice(0);
    world.driver.claim(jobId);
    await world.driver.pass(36_000);
    world.driver.wakes.splice(0);
    world.driver.claim(jobId);
    world.driver.settle(jobId, world.driver.ticketed('ask#1', { ticket }));
    world.driver.settle(jobId, world.driver.ticketed('ask#2'));
    await settle(world, 60_000);
    expect(provider.cancelled).toEqual([ticket]);
    expect(world.driver.isOver(jobId)).toBe(false);
  });
});

describe('a callback', () => {
  const tokens = makeSignedTokens('a'.repeat(32), null);

  async function call(
    world: World,
    jobId: JobId,
    body = '"done"',
    headers: Record<string, string> = { 'x-signature': 'right' },
  ) {
    const payload = { provider: 'queue', project: PROJECT, job: jobId, step: 'ask', item: null };
    const expiresAtMs = world.driver.nowMs + 1e9;
    const token = await tokens.sign('callback', { ...payload, attempt: 1 }, expiresAtMs);
    const { driver } = world;
    const deps = {
      tokens,
      providers: world.providers(),
      objects: driver.objectStore(),
      shards: { count: 8, former: null, of: () => driver.client() },
      machine: driver.machine(),
    };
    const bytes = new TextEncoder().encode(body);
    return receiveCallback(deps, { provider: 'queue', token, headers, body: bytes });
  }

  test('is read at once, however often it comes', async () => {
    const { world, provider } = make();
    const jobId = world.driver.create(chat());
    await settle(world);
    expect(await call(world, jobId)).toMatchObject({ ok: true, value: { taken: true, jobId } });
    expect(await call(world, jobId)).toMatchObject({ ok: true, value: { taken: true, jobId } });
    await settle(world);
    expect(await world.view(jobId)).toMatchObject({ status: 'succeeded', output: 'one' });
    expect(provider.asked).toEqual([]);
    expect(await call(world, jobId)).toMatchObject({ ok: true, value: { taken: false, jobId } });
    expect(world.driver.snapshot(jobId).state.status).toBe('succeeded');
  });

  test('may come before the ticket is known', async () => {
    const { world, provider } = make();
    const jobId = world.driver.create(chat());
    provider.submit = async () => {
      await call(world, jobId);
      return PENDING;
    };
    await settle(world);
    expect(world.driver.isOver(jobId)).toBe(true);
    expect(provider.asked).toEqual([]);
  });

  test('that only says that it is time makes the provider be asked', async () => {
    const { world, provider } = make();
    const jobId = world.driver.create(chat());
    await settle(world);
    await call(world, jobId, '{"status":"processing"}');
    await settle(world);
    expect(provider.asked).toEqual([ticket]);
    expect(world.driver.wakes).toEqual([]);
    expect(world.driver.isOver(jobId)).toBe(false);
  });

  test('is refused without the provider’s signature, with another body than JSON, or at no address', async () => {
    const { world } = make();
    const jobId = world.driver.create(chat());
    await settle(world);
    const refusals = [
      await call(world, jobId, '"done"', {}),
      await call(world, jobId, 'no json'),
      await call(world, world.driver.newJobId()),
    ];
    expect(refusals).toMatchObject([
      { failure: { code: 'unauthenticated' } },
      { failure: { code: 'invalid_request' } },
      { failure: { code: 'not_found' } },
    ]);
    expect(world.driver.objects.size).toBe(1);
    expect(told(world, jobId, 'attempt.called_back')).toEqual([]);
  });
});
