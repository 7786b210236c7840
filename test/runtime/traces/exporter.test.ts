import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { OwnedEntry } from '../../../src/runtime/d1/history/write-history.ts';
import { historyMessage } from '../../../src/runtime/messages.ts';
import { exportSpans, type TraceDeps } from '../../../src/runtime/traces/exporter.ts';
import { otlpJson } from '../../../src/runtime/traces/otlp-json.ts';
import type { LogFields } from '../../../src/services/ports/log-fields.ts';
import { startOtlpReceiver, type OtlpReceiver } from '../../support/otlp-receiver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

let receiver: OtlpReceiver;
beforeEach(async () => {
  receiver = await startOtlpReceiver();
});
afterEach(() => receiver.close());

type Told = { readonly event: string; readonly fields: LogFields };

function depsOf(driver: ShardDriver, told: Told[], endpoint = `${receiver.url}/v1/traces`) {
  const deps: TraceDeps = {
    endpoint,
    headers: { 'x-key': 'secret' },
    service: { 'service.name': 'under test' },
    fetch: (url, init) => fetch(url, init),
    machine: { ...driver.machine(), wait: () => Promise.resolve() },
    log: (_level, event, fields) => void told.push({ event, fields }),
  };
  return deps;
}

/** The history of so many jobs of one step. */
async function history(driver: ShardDriver, jobs: number): Promise<OwnedEntry[]> {
  driver.traced = () => true;
  for (let made = 0; made < jobs; made += 1) {
    driver.finish(driver.create({ steps: [{ id: 'a', uses: 'data.compose' }] }));
  }
  await driver.pass(1_000);
  return driver.history.flatMap((message) => {
    const { project, shard, entries } = historyMessage.parse(JSON.parse(JSON.stringify(message)));
    return entries.map((entry) => ({ project, shard, entry }));
  });
}

describe('the exporter', () => {
  test('sends what a receiver of OTLP can read, with its key, in batches', async () => {
    const driver = new ShardDriver();
    const told: Told[] = [];
    await exportSpans(depsOf(driver, told), await history(driver, 300));
    expect(receiver.refused).toEqual([]);
    expect(receiver.spans).toHaveLength(600);
    expect(receiver.bodies).toHaveLength(2);
    expect(receiver.headers[0]).toMatchObject({
      'content-type': 'application/json',
      'x-key': 'secret',
    });
    expect(told).toEqual([]);
  });

  test.each([
    ['{"partialSuccess":{"rejectedSpans":"1","errorMessage":"text of the receiver"}}', 1],
    ['{"partialSuccess":{"rejectedSpans":2}}', 2],
    ['{"partialSuccess":{}}', 0],
    ['{"partialSuccess":{"rejectedSpans":"many"}}', 0],
    [`{"partialSuccess":{"rejectedSpans":1,"errorMessage":"${'x'.repeat(100_000)}"}}`, 0],
    ['not JSON at all', 0],
  ])('tells how many spans were left out by %.80s', async (body, count) => {
    const driver = new ShardDriver();
    const told: Told[] = [];
    const headers = { 'content-type': 'application/json' };
    const deps = { ...depsOf(driver, told), fetch: async () => new Response(body, { headers }) };
    await exportSpans(deps, await history(driver, 1));
    const lost = { event: 'traces.lost', fields: { count, reason: 'rejected' } };
    expect(told).toEqual(count === 0 ? [] : [lost]);
  });

  test('sends again what may be sent again, and the receiver sees it once', async () => {
    const driver = new ShardDriver();
    const told: Told[] = [];
    receiver.failWith(503, 429);
    await exportSpans(depsOf(driver, told), await history(driver, 1));
    expect(receiver.spans).toHaveLength(2);
    expect(told.map(({ event }) => event)).toEqual(['traces.not_sent', 'traces.not_sent']);
  });

  test.each([[400], [401], [307], [503, 503, 503]])(
    'gives up on what will not be taken: %j',
    async (...statuses) => {
      const driver = new ShardDriver();
      const told: Told[] = [];
      receiver.failWith(...statuses);
      await exportSpans(depsOf(driver, told), await history(driver, 1));
      expect(receiver.bodies).toHaveLength(statuses.length);
      expect(receiver.spans).toEqual([]);
      expect(told.at(-1)).toEqual({
        event: 'traces.lost',
        fields: { count: 2, reason: 'not_sent' },
      });
      expect(JSON.stringify(told)).not.toContain('secret');
    },
  );

  test('never throws, with nobody there or with history that makes no sense', async () => {
    const driver = new ShardDriver();
    const told: Told[] = [];
    const entries = await history(driver, 1);
    await exportSpans(depsOf(driver, told, 'http://127.0.0.1:1/v1/traces'), entries);
    expect(told.at(-1)?.event).toBe('traces.lost');
    const broken = { project: 'prj_a', shard: 0, entry: null };
    await exportSpans(depsOf(driver, told), [broken as never]);
    expect(told.at(-1)).toEqual({ event: 'traces.defect', fields: { error: 'TypeError' } });
  });

  test('leaves out what is too much, and says how much that is', async () => {
    const driver = new ShardDriver();
    const told: Told[] = [];
    const entries = await history(driver, 100);
    const many = Array.from({ length: 30 }, () => entries).flat();
    await exportSpans(depsOf(driver, told), many);
    expect(receiver.spans).toHaveLength(5_120);
    expect(told).toEqual([{ event: 'traces.lost', fields: { count: 880, reason: 'too_many' } }]);
  });
});

test('an attribute has one type, whatever its value happens to be', () => {
  const attributes = { a: { fraction: 1 }, b: { fraction: 1.5 }, c: 7, d: Number.MAX_SAFE_INTEGER };
  expect(otlpJson(attributes, [])).toContain(
    JSON.stringify([
      { key: 'a', value: { doubleValue: 1 } },
      { key: 'b', value: { doubleValue: 1.5 } },
      { key: 'c', value: { intValue: '7' } },
      { key: 'd', value: { intValue: '9007199254740991' } },
    ]),
  );
});
