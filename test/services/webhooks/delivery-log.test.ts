import { array, assert, asyncProperty, integer, nat, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { jobIdOf, projectId } from '../../../src/domain/ids.ts';
import type { DeliveryState } from '../../../src/domain/webhook.ts';
import { endpointInput } from '../../../src/services/webhooks/endpoints/endpoint-input.ts';
import { createEndpoint } from '../../../src/services/webhooks/endpoints/create-endpoint.ts';
import { deleteEndpoint } from '../../../src/services/webhooks/endpoints/manage-endpoints.ts';
import { getDelivery, listDeliveries } from '../../../src/services/webhooks/log/find-deliveries.ts';
import { redeliverAll, redeliverOne } from '../../../src/services/webhooks/log/redeliver.ts';
import { actor, deliveryOf, makeWorld } from './webhook-world.ts';

const job = jobIdOf('01a20000-0000-7000-8000-000000000001', 3);

function idAt(ms: number, n: number): string {
  return `whd_${ms.toString(16).padStart(12, '0')}${n.toString(16).padStart(20, '0')}`;
}

/** Two endpoints; a world in which the job is there, or erased. */
async function withEndpoints(jobIsThere = true) {
  const { world, deps } = makeWorld();
  const ids: string[] = [];
  for (const name of ['a', 'b']) {
    const input = endpointInput.parse({ url: `https://${name}.example.org/` });
    const created = await createEndpoint(deps, actor, input);
    if (created.ok) ids.push(created.value.endpoint.id);
  }
  const shard = { read: async () => (jobIsThere ? {} : null) };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what these tests use of the port
  const shards = { of: () => shard } as unknown as Parameters<typeof redeliverOne>[0]['shards'];
  const [one = '', two = ''] = ids;
  return { world, deps: { ...deps, shards }, one, two };
}

test('page by page, newest first, every delivery of every place is listed once', async () => {
  await assert(
    asyncProperty(
      array(tuple(nat(3), nat(40)), { maxLength: 60 }),
      integer({ min: 1, max: 9 }),
      async (given, limit) => {
        const { world, deps, one, two } = await withEndpoints();
        const [three, four] = world.ofJobs;
        const places = [world.placeOf(one), world.placeOf(two), three, four];
        for (const [n, [where, ms]] of given.entries()) {
          const id = idAt(ms, n);
          places[where]?.log.set(id, deliveryOf({ id }));
        }
        const seen: string[] = [];
        for (let before: string | null = null; ;) {
          const page = await listDeliveries(deps, actor, { before }, limit);
          if (!page.ok) throw new Error(page.failure.message);
          seen.push(...page.value.items.map(({ id }) => id));
          before = page.value.nextCursor;
          if (before === null) break;
        }
        const all = given.map(([, ms], n) => idAt(ms, n));
        expect(seen).toEqual(all.toSorted().toReversed());
      },
    ),
    { numRuns: 60 },
  );
});

test('a filter asks the place that it names alone', async () => {
  const { world, deps, one } = await withEndpoints();
  world.placeOf(one).log.set(idAt(1, 1), deliveryOf({ id: idAt(1, 1), state: 'failed' }));
  world.ofJobs[1]?.log.set(idAt(2, 2), deliveryOf({ id: idAt(2, 2), url: 'https://own/' }));
  const found = async (filter: object) => {
    const page = await listDeliveries(deps, actor, { before: null, ...filter }, 10);
    return page.ok ? page.value.items.map(({ url }) => url) : page.failure.code;
  };
  expect(await found({ endpoint: one })).toEqual(['https://a.example.org/']);
  expect(await found({ endpoint: 'jobs' })).toEqual(['https://own/']);
  expect(await found({ state: 'failed' })).toEqual(['https://a.example.org/']);
  expect(await found({ endpoint: 'whe_none' })).toBe('not_found');
});

test('the log of an endpoint that was deleted is read by its id, and nothing of it is sent again', async () => {
  const { world, deps, one } = await withEndpoints();
  const id = idAt(1, 1);
  world.placeOf(one).log.set(id, deliveryOf({ id, state: 'failed' }));
  const list = (filter: object, by = actor) =>
    listDeliveries(deps, by, { before: null, ...filter }, 10);
  expect((await deleteEndpoint(deps, actor, one)).ok).toBe(true);
  expect(await list({ endpoint: one })).toMatchObject({
    value: { items: [{ id, url: 'https://a.example.org/' }] },
  });
  expect(await list({})).toMatchObject({ value: { items: [] } });
  expect(await getDelivery(deps, actor, id)).toMatchObject({ ok: true, value: { id } });
  expect(await redeliverOne(deps, actor, id)).toMatchObject({
    failure: { code: 'conflict', message: expect.stringContaining('was deleted') },
  });
  expect(await redeliverAll(deps, actor, one, {})).toMatchObject({
    failure: { code: 'not_found' },
  });
  const stranger = { ...actor, project: projectId('prj_2') };
  expect(await list({ endpoint: one }, stranger)).toMatchObject({ failure: { code: 'not_found' } });
});

async function tryOne(state: DeliveryState, jobIsThere = true) {
  const { world, deps, one } = await withEndpoints(jobIsThere);
  const { announcement } = deliveryOf({ id: '' });
  const delivery = deliveryOf({
    id: idAt(1, 1),
    state,
    announcement: { ...announcement, jobId: job },
  });
  world.placeOf(one).log.set(delivery.id, delivery);
  return redeliverOne(deps, actor, delivery.id);
}

describe('redelivery', () => {
  test.each(['failed', 'delivered'] as const)('of one that is %s begins anew', async (state) => {
    expect(await tryOne(state)).toMatchObject({
      ok: true,
      value: { state: 'pending', redeliveries: 1, url: 'https://a.example.org/' },
    });
  });

  test('of one that is pending is refused with where to look', async () => {
    const refused = await tryOne('pending');
    expect(refused).toMatchObject({
      failure: { code: 'conflict', message: expect.stringMatching(/still pending/) },
    });
  });

  test('of an erased job’s event is refused, whether its deliveries know it or not', async () => {
    const words = {
      failure: { code: 'job_erased', message: expect.stringContaining(`${job} has been erased`) },
    };
    expect(await tryOne('erased')).toMatchObject(words);
    expect(await tryOne('failed', false)).toMatchObject(words);
  });

  test('of what is not there is not found', async () => {
    const { deps } = await withEndpoints();
    for (const id of ['whd_x', idAt(9, 9)]) {
      expect(await redeliverOne(deps, actor, id)).toMatchObject({ failure: { code: 'not_found' } });
      expect(await getDelivery(deps, actor, id)).toMatchObject({ failure: { code: 'not_found' } });
    }
  });

  test('of a filter says how many, and is refused for a disabled endpoint', async () => {
    const { world, deps, one } = await withEndpoints();
    for (const n of [1, 2, 3]) {
      const id = idAt(n, n);
      world.placeOf(one).log.set(id, deliveryOf({ id, state: n === 3 ? 'pending' : 'failed' }));
    }
    const all = () => redeliverAll(deps, actor, one, { state: 'failed' });
    expect(await all()).toEqual({ ok: true, value: { count: 2, hasMore: false } });
    await deps.webhookEndpoints.moveState(
      { project: actor.project, id: one },
      { from: 'active', to: 'disabled', reason: 'http_410', atMs: 1 },
    );
    expect(await all()).toMatchObject({
      failure: { code: 'conflict', message: expect.stringMatching(/resume first/) },
    });
  });
});
