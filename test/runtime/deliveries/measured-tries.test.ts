import { describe, expect, test } from 'vitest';

import { projectId } from '../../../src/domain/ids.ts';
import { makeFactWriter } from '../../../src/runtime/d1/fact-rows.ts';
import { MINUTE_MS, type DeliveryFact } from '../../../src/services/metrics/facts/fact.ts';
import { FactSum } from '../../../src/services/metrics/rollup/fact-sum.ts';
import type { FactWriter } from '../../../src/services/ports/fact-writer.ts';
import { DeliveryWorld, type Answer } from '../../support/delivery-world.ts';
import { NodeD1 } from '../../support/node-d1.ts';
import { metricsWorld, settle } from '../../services/metrics/metrics-world.ts';

const PROJECT = projectId('prj_world');
const HOUR_MS = 60 * MINUTE_MS;
const answers: readonly Answer[] = [
  { status: 200, afterMs: 20 },
  { status: 202, afterMs: 700 },
  { status: 500, afterMs: 5 },
  { status: 404, afterMs: 5 },
  { status: 301, afterMs: 5 },
  'hang',
];

/** A writer that keeps what it is given. */
function keeping() {
  const kept: DeliveryFact[] = [];
  let writes = 0;
  const writer: FactWriter = {
    async write(_project, groups) {
      writes += 1;
      for (const { facts } of groups) {
        kept.push(...facts.filter((fact): fact is DeliveryFact => fact.kind === 'delivery'));
      }
    },
  };
  return { writer, kept, writes: () => writes };
}

function lagsOf(world: DeliveryWorld): number[] {
  return (world.arrivals.get('a') ?? []).map(({ lagMs }) => lagMs);
}

function happened(number: number) {
  return { id: `evt_${number}`, type: 'job.started', atMs: 0, jobId: null, seq: null, data: {} };
}

function classOf(status: number | null): string {
  if (status === null) return 'timeout';
  if (status >= 300 && status < 400) return 'redirect';
  return status < 300 ? '' : `http_${Math.floor(status / 100)}xx`;
}

describe('tries of deliveries', () => {
  test('are summed up as the receivers have seen them', async () => {
    const world = new DeliveryWorld(11);
    world.clock.nowMs = Date.UTC(2026, 10, 20);
    const metrics = metricsWorld();
    metrics.d1.rows('INSERT INTO projects (id, name, created_at) VALUES (?, ?, 0)', PROJECT, 'w');
    world.facts = makeFactWriter(metrics.d1.binding());
    world.addEndpoint('flaky', () => world.random.pick(answers));
    world.addEndpoint('well', () => ({ status: 200, afterMs: 30 }));
    for (let number = 0; number < 60; number += 1) {
      await world.happen(number, 1);
      await world.run(world.random.below(9_000));
    }
    await world.run(60 * HOUR_MS);
    await settle(metrics, world.nowMs + HOUR_MS);
    const range = { fromMs: 0, toMs: world.nowMs + HOUR_MS };
    const stored = await metrics.store.sums(PROJECT, 'hour', [range], ['webhooks']);
    for (const endpoint of ['flaky', 'well']) {
      const seen = world.arrivals.get(endpoint) ?? [];
      const series = stored.flatMap(({ rollup }) =>
        [...rollup.webhooks.values()].filter(({ values }) => values[0] === endpoint),
      );
      const sums = (name: string, failure?: string) =>
        series
          .filter(({ values }) => failure === undefined || values[1] === failure)
          .reduce((sum, { sums: of }) => sum + Number(of.get(name) ?? 0n), 0);
      expect(sums('webhook_tries')).toBe(seen.length);
      for (const each of ['', 'http_4xx', 'http_5xx', 'redirect', 'timeout']) {
        const expected = seen.filter(({ status }) => classOf(status) === each).length;
        expect(sums('webhook_tries', each), each).toBe(expected);
        expect(sums('webhook_failures', each), each).toBe(each === '' ? 0 : expected);
      }
      const lag = series.map(({ distributions }) => distributions.get('webhook_lag')?.count ?? 0);
      expect(lag.reduce((sum, count) => sum + count, 0)).toBe(60);
    }
  });

  test('cost a write for a turn, and every five seconds of one that lasts', async () => {
    const world = new DeliveryWorld(12);
    const { writer, kept, writes } = keeping();
    world.facts = writer;
    world.addEndpoint('busy', () => ({ status: 200, afterMs: 100 }));
    await world.announcements.announce(
      PROJECT,
      Array.from({ length: 600 }, (_, n) => happened(n)),
    );
    await world.run(30_000);
    expect(kept).toHaveLength(600);
    // Six at a time take ten seconds.
    expect(writes()).toBeLessThanOrEqual(6);
    const before = writes();
    await world.announcements.announce(PROJECT, [happened(600)]);
    await world.run(10_000);
    expect(writes()).toBe(before + 1);
  });

  test.each<[string, () => Promise<void>]>([
    ['hangs', () => new Promise<void>(() => {})],
    ['refuses', () => Promise.reject(new Error('D1_ERROR'))],
  ])('delay nothing when the database %s', async (_how, write) => {
    const [calm, troubled] = [new DeliveryWorld(13), new DeliveryWorld(13)];
    troubled.facts = { write };
    for (const world of [calm, troubled]) {
      world.addEndpoint('a', () => ({ status: 200, afterMs: 50 }));
      for (let number = 0; number < 600; number += 1) {
        await world.happen(number, 1);
        await world.run(20);
      }
      await world.run(MINUTE_MS);
    }
    expect(lagsOf(troubled)).toHaveLength(600);
    expect(Math.max(...lagsOf(troubled))).toBeLessThanOrEqual(Math.max(...lagsOf(calm)) + 10);
    const lost = troubled.logged.filter((event) => event === 'metrics.tries_lost');
    expect(lost.length).toBeGreaterThan(0);
    expect(troubled.logged.filter((event) => event === 'webhook.turn_failed')).toEqual([]);
  });

  test('say the last one of a delivery, and say nothing of tests', async () => {
    const world = new DeliveryWorld(14);
    const { writer, kept } = keeping();
    world.facts = writer;
    world.addEndpoint('gone', () => ({ status: 410, afterMs: 5 }));
    world.addEndpoint('well', () => ({ status: 200, afterMs: 5 }));
    await world.announcements.announce(PROJECT, [{ ...happened(1), type: 'webhook.test' }]);
    await world.run(MINUTE_MS);
    expect(world.arrivals.get('well')).toHaveLength(2);
    const told = kept.filter(({ endpoint }) => endpoint === 'well');
    // Of the other endpoint, which the test has disabled.
    expect(told).toHaveLength(1);
    kept.length = 0;
    world.addEndpoint('leaving', () => ({ status: 410, afterMs: 5 }));
    await world.happen(1, 1);
    await world.run(MINUTE_MS);
    const last = kept.filter(({ endpoint }) => endpoint === 'leaving');
    expect(last).toMatchObject([{ class: 'http_4xx', given_up: true, latency_ms: 5 }]);
  });
});

test('a write that is made again counts once', async () => {
  const d1 = new NodeD1();
  const writer = makeFactWriter(d1.binding());
  const fact = { kind: 'delivery', seq: 1, at: 5, endpoint: 'e', latency_ms: 1 } as const;
  const group = { job: 'whd_1', pipeline: '', version: 0, facts: [fact] };
  await writer.write(PROJECT, [group]);
  await writer.write(PROJECT, [group]);
  expect(d1.rows('SELECT count(*) AS n FROM metric_facts')).toEqual([{ n: 2 }]);
  expect(d1.rows('SELECT count(*) AS n FROM metric_marks')).toEqual([{ n: 1 }]);
  const sum = new FactSum();
  sum.add([group]);
  expect([...sum.sum().webhooks.values()]).toMatchObject([{ values: ['e', ''] }]);
});
