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
