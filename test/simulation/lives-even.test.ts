import { expect, test } from 'vitest';

import { liveThrough, seedsOf } from './world/lives.ts';

const seeds = seedsOf(0);

test(
  'whatever is lost, doubled, late, killed or down: every job ends once and as it should, even seeds',
  async () => {
    expect(await liveThrough(seeds)).toBeGreaterThanOrEqual(
      seeds.length > 10 ? seeds.length / 2 : 0,
    );
  },
  60_000 + seeds.length * 200,
);
