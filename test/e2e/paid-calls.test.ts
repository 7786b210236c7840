import { describe, expect, test } from 'vitest';

import { measurePaidCalls, type Bench } from '../support/random-faults/measure.ts';
import { newTenant, type Tenant } from './support/api.ts';
import { ended, eventsOf, publish, submit } from './support/jobs.ts';
import { addRules, statsOf } from './support/simulator-client.ts';

function benchOf(api: Tenant): Bench {
  return {
    publish: (definition) => publish(api, definition),
    run: async (pipeline) => {
      const { id } = await submit(api, { pipeline, input: {} }, { prefer: 'wait=30' });
      return ended(api, id);
    },
    events: (id) => eventsOf(api, id),
    paid: async (model) => (await statsOf(model))?.paid ?? 0,
    script: (rules) => addRules(...rules),
  };
}

describe('with one call in ten lost or too late', () => {
  test.each(['sync', 'queue'] as const)('nothing is paid twice unsaid: %s', async (asking) => {
    const api = await newTenant();
    const size = { jobs: 50, seed: Date.now() % 1_000_000, lanes: 25 };
    const measured = await measurePaidCalls(benchOf(api), asking, size);
    const about = JSON.stringify({ ...measured, seed: size.seed });
    expect(measured.jobs, about).toBe(50);
    expect(measured.attempts, about).toBeGreaterThan(measured.needed);
    // Where the provider can be asked, nothing is paid twice at all.
    const twice = asking === 'queue' ? 0 : measured.marked;
    expect(measured.marked, about).toBe(twice);
    expect(measured.paid, about).toBeLessThanOrEqual(measured.needed + twice);
  });
});
