import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { measurePaidCalls, type Bench } from '../support/random-faults/measure.ts';
import { newTenant, type Tenant } from './support/api.ts';
import { ended, eventsOf, publish, submit } from './support/jobs.ts';
import { startOwnServer, type OwnServer } from './support/own-server.ts';

/** With a provider of its own: lost submits are looked for in a list that others would fill. */
let server: OwnServer;
beforeAll(async () => {
  server = await startOwnServer();
});
afterAll(() => server.close());

function benchOf(api: Tenant, { simulator }: OwnServer): Bench {
  return {
    publish: (definition) => publish(api, definition),
    run: async (pipeline) => {
      const { id } = await submit(api, { pipeline, input: {} }, { prefer: 'wait=30' });
      return ended(api, id, 60_000);
    },
    events: (id) => eventsOf(api, id),
    paid: async (model) => simulator.stats().by_model[model]?.paid ?? 0,
    script: async (rules) => simulator.addRules(...rules),
  };
}

describe('with one call in ten lost or too late', () => {
  test.each(['sync', 'queue'] as const)(
    'nothing is paid twice unsaid: %s',
    async (asking) => {
      const api = await newTenant(server);
      const size = { jobs: 50, seed: Date.now() % 1_000_000, lanes: 25 };
      const measured = await measurePaidCalls(benchOf(api, server), asking, size);
      const { needed, paid, marked, abandoned, attempts } = measured;
      const about = JSON.stringify({ ...measured, seed: size.seed });
      expect(attempts, about).toBeGreaterThan(needed);
      expect(paid, about).toBeLessThanOrEqual(needed + marked + abandoned);
      // Where the provider can be asked, nobody has to guess.
      expect(marked, about).toBe(asking === 'queue' ? 0 : marked);
    },
    120_000,
  );
});
