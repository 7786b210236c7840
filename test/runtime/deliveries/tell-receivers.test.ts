import { describe, expect, test } from 'vitest';

import type { JobId } from '../../../src/domain/ids.ts';
import type { JobWebhook } from '../../../src/domain/webhook.ts';
import type { OwnedEntry } from '../../../src/runtime/d1/history/write-history.ts';
import { tellReceivers } from '../../../src/runtime/consumers/tell-receivers.ts';
import { historyMessage } from '../../../src/runtime/messages.ts';
import type {
  Deliveries,
  DeliveryOrder,
  ToldEvents,
} from '../../../src/services/ports/webhooks.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { ShardDriver, throughJson } from '../../support/shard-driver.ts';

const chain: DefinitionBody = {
  steps: [
    {
      id: 'a',
      uses: 'model.chat',
      route: { targets: [{ provider: 'openai', model: 'm' }] },
      retry: { max_attempts: 1 },
    },
  ],
};
const webhook: JobWebhook = {
  url: 'https://own.example/hook',
  events: ['job.failed'],
  payload: 'full',
};

function create(driver: ShardDriver, more: object): JobId {
  const request = driver.request(chain);
  const answer = driver.shard.submit({ ...request, birth: { ...request.birth, ...more } });
  if (answer.kind !== 'created') throw new Error(answer.kind);
  return answer.snapshot.state.birth.id;
}

/** What the shard has sent since it was last asked, as a consumer reads it. */
function sent(driver: ShardDriver): OwnedEntry[] {
  const messages = driver.history.map((message) => historyMessage.parse(throughJson(message)));
  driver.history = [];
  return messages.flatMap(({ project, shard, entries }) =>
    entries.map((entry) => ({ project, shard, entry })),
  );
}

async function failedJob(more: object): Promise<OwnedEntry[]> {
  const driver = new ShardDriver();
  const jobId = create(driver, more);
  driver.claim(jobId, { hinted: true });
  driver.settle(jobId, driver.failed('a#1', { class: 'invalid_request' }));
  await driver.pass(200);
  return sent(driver);
}

type Accepted = { readonly orders: DeliveryOrder[]; readonly told: ToldEvents[] };

/** Receivers that remember what they were told; one by the name in `failing` does not answer. */
function receivers(endpoints: readonly object[], failing: string | null = null) {
  const accepted = new Map<string, Accepted>();
  const receiver = (name: string) =>
    ({
      accept: async (orders, _seen, told = []) => {
        if (name === failing) throw new Error('gone');
        const known = accepted.get(name) ?? { orders: [], told: [] };
        known.orders.push(...orders);
        known.told.push(...told);
        accepted.set(name, known);
      },
    }) as Pick<Deliveries, 'accept'> as Deliveries;
  const deps = {
    endpoints: { list: async () => endpoints as never },
    deliveriesOf: {
      endpoint: (_: unknown, id: string) => receiver(id),
      ofOrigin: (_: unknown, origin: string) => receiver(origin),
      ofJobs: () => [],
    },
    log: () => {},
  };
  return { deps, accepted };
}

const any = { id: 'any', events: ['*'], state: 'active', ordered: false };
const ends = {
  id: 'ends',
  events: ['job.failed', 'job.succeeded'],
  state: 'paused',
  ordered: true,
};
const gone = { id: 'gone', events: ['*'], state: 'disabled', ordered: false };

describe('a job that somebody waits to hear of', () => {
  test('is told of at once, each time that something they want to hear of happens', async () => {
    const driver = new ShardDriver();
    create(driver, { tells: ['job.queued', 'job.started'] });
    const silent = create(driver, {});
    await driver.pass(200);
    const entries = sent(driver);
    expect(entries.map(({ entry }) => entry.events?.last_seq)).toHaveLength(1);
    expect(entries[0]?.entry.job).toMatchObject({ confirmed_seq: 0 });
    driver.claim(silent, { hinted: true });
    await driver.pass(200);
    expect(sent(driver)).toEqual([]);
  });

  test('does not wait for what nobody waits for, and takes it along', async () => {
    const driver = new ShardDriver();
    driver.finish(create(driver, {}));
    await driver.pass(200);
    expect(sent(driver)).toHaveLength(1);
    driver.finish(create(driver, {}));
    await driver.pass(100);
    create(driver, { tells: ['job.queued'] });
    await driver.pass(200);
    expect(sent(driver)).toHaveLength(2);
    await driver.pass(2_000);
    expect(sent(driver)).toEqual([]);
  });
});

describe('history becomes deliveries', () => {
  test('for those who want to hear of it, with what they need and no payload', async () => {
    const entries = await failedJob({ webhook, tells: ['job.failed'] });
    const { deps, accepted } = receivers([any, ends, gone]);
    expect(await tellReceivers(deps, entries)).toEqual(entries);
    expect([...accepted.keys()].toSorted()).toEqual(['any', 'ends', 'https://own.example']);
    const types = accepted.get('any')?.orders.map(({ announcement }) => announcement.type);
    expect(types).toEqual(['job.queued', 'job.started', 'step.failed', 'job.failed']);
    const own = accepted.get('https://own.example')?.orders;
    expect(own).toHaveLength(1);
    const job = entries[0]?.entry.job;
    expect(own?.[0]).toMatchObject({
      to: { url: webhook.url, payload: 'full' },
      announcement: {
        id: `evt_${job?.id.slice(4)}_${job?.seq}`,
        type: 'job.failed',
        jobId: job?.id,
        data: { job_id: job?.id, seq: job?.seq, status: 'failed', error: { step: 'a' } },
      },
    });
    expect(accepted.get('ends')?.told).toEqual([
      { jobId: job?.id, firstSeq: 1, lastSeq: job?.seq, before: 0 },
    ]);
    expect(accepted.get('any')?.told).toEqual([]);
  });

  test('says of a job whose caller does not record its trace that it is so', async () => {
    const correlation = { requestId: 'r', traceId: 'a'.repeat(32) };
    const { deps, accepted } = receivers([any]);
    await tellReceivers(deps, await failedJob({ correlation: { ...correlation, sampled: false } }));
    const unrecorded = accepted.get('any')?.orders.splice(0) ?? [];
    expect(unrecorded.map(({ sampled }) => sampled)).toEqual([false, false, false, false]);
    await tellReceivers(deps, await failedJob({ correlation }));
    for (const order of accepted.get('any')?.orders ?? [])
      expect(order).not.toHaveProperty('sampled');
  });

  test('is not done with while one of them does not answer', async () => {
    const entries = await failedJob({ webhook });
    expect(await tellReceivers(receivers([any], 'any').deps, entries)).toEqual([]);
    const ownFails = receivers([any], 'https://own.example').deps;
    expect(await tellReceivers(ownFails, entries)).toEqual([]);
    expect(await tellReceivers(receivers([any]).deps, entries)).toEqual(entries);
  });

  test('ends when the job is erased, where that is before deliveries go anyway', async () => {
    const { deps, accepted } = receivers([any]);
    const [owned] = await failedJob({});
    if (owned === undefined) throw new Error('nothing was sent');
    const { job } = owned.entry;
    const soon = {
      ...owned,
      entry: { ...owned.entry, job: { ...job, stale_at: job.created_at + 60_000 } },
    };
    await tellReceivers(deps, [owned, soon]);
    const erased = accepted.get('any')?.orders.map(({ eraseAtMs }) => eraseAtMs ?? null);
    expect(new Set(erased)).toEqual(new Set([null, job.created_at + 60_000]));
  });
});
