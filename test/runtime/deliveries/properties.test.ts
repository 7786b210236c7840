import { describe, expect, test } from 'vitest';

import { DeliveriesLife, type LifeOptions } from '../../support/deliveries-life.ts';

/** Lives of one receiver's deliveries; a failing one prints its seed. */
const LIVES = process.env['PENSTOCK_TEST_SIZE'] === 'full' ? 3_000 : 60;

const kinds: readonly (LifeOptions & { readonly name: string })[] = [
  { name: 'an endpoint', ordered: false, origins: 0 },
  { name: 'an endpoint that keeps order', ordered: true, origins: 0 },
  { name: 'jobs with webhooks of their own, at three origins', ordered: false, origins: 3 },
];

describe.each(kinds)('deliveries of $name', ({ ordered, origins }) => {
  test(
    'all arrive or are given up by the schedule, within the bounds, whoever dies',
    { timeout: 600_000 },
    async () => {
      for (let seed = 1; seed <= LIVES; seed += 1) {
        const life = new DeliveriesLife(seed, { ordered, origins });
        await life.live();
        await life.settle();
        expect(life.complaints, `seed ${seed}`).toEqual([]);
        expect(life.unaccounted(), `seed ${seed}`).toEqual([]);
      }
    },
  );
});
