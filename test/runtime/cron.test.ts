import { expect, test } from 'vitest';

import { hourly } from '../../src/runtime/cron.ts';
import type { Deliveries } from '../../src/services/ports/webhooks.ts';
import { NodeD1 } from '../support/node-d1.ts';

const DAY_MS = 86_400_000;
const NOW = 100 * DAY_MS;

test('deleted endpoints are looked after when the last of their log is due, and then forgotten', async () => {
  const d1 = new NodeD1();
  for (const days of [0, 1, 29, 30.5, 32]) {
    const row = ['prj_default', `whe_${days}`, 'https://example.org/', NOW - days * DAY_MS];
    d1.rows('INSERT INTO removed_webhook_endpoints VALUES (?, ?, ?, ?)', ...row);
  }
  const woken: string[] = [];
  const endpoint = (_project: string, id: string) => {
    woken.push(id);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else is called
    return { get: async () => null } as unknown as Deliveries;
  };
  const deps = {
    db: d1.binding(),
    shards: {},
    log: () => {},
    receivers: { deliveriesOf: { endpoint } },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- there are no shards to be called
  await hourly(deps as unknown as Parameters<typeof hourly>[0], NOW);
  expect(woken.toSorted()).toEqual(['whe_30.5', 'whe_32']);
  expect(d1.rows('SELECT id FROM removed_webhook_endpoints ORDER BY removed_at')).toEqual([
    { id: 'whe_30.5' },
    { id: 'whe_29' },
    { id: 'whe_1' },
    { id: 'whe_0' },
  ]);
});

test('a chore that fails keeps no other from being done', async () => {
  const d1 = new NodeD1();
  d1.rows('INSERT INTO known_shards VALUES (?, ?)', 'prj_default', 3);
  d1.rows('DROP TABLE feedback');
  const ensured: number[] = [];
  const lines: [event: string, fields: object][] = [];
  const shards = {
    of: (_project: string, shard: number) => ({
      ensureAlarm: async () => {
        ensured.push(shard);
        throw new Error('away');
      },
    }),
  };
  const log = (_level: string, event: string, fields: object) => lines.push([event, fields]);
  const deps = { db: d1.binding(), shards, log };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else of a shard is called
  await hourly(deps as unknown as Parameters<typeof hourly>[0], NOW);
  expect(ensured).toEqual([3]);
  expect(Object.fromEntries(lines)).toEqual({
    'cron.chore_failed': expect.objectContaining({ what: 'personal feedback' }),
    'cron.alarm_not_ensured': expect.objectContaining({ shard: 3 }),
    'cron.hourly': { shards: 1, jobs_deleted: 0 },
  });
});
