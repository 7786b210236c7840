import { describe, expect, test } from 'vitest';

import { DeliveryWorld } from '../../support/delivery-world.ts';

const SECONDS = 40;
const PER_SECOND = 50;

async function steadily(world: DeliveryWorld): Promise<void> {
  for (let number = 0; number < SECONDS * PER_SECOND; number += 1) {
    await world.happen(number, 1);
    await world.run(1_000 / PER_SECOND);
  }
}

function lags(world: DeliveryWorld, endpoint: string): readonly number[] {
  const firsts = new Map<string, number>();
  for (const { id, lagMs, status } of world.arrivals.get(endpoint) ?? []) {
    if (status === 200 && !firsts.has(id)) firsts.set(id, lagMs);
  }
  return [...firsts.values()].toSorted((left, right) => left - right);
}

describe('an endpoint that answers', () => {
  test('hears of 50 events a second at once, while its neighbour hangs for 15 s each time', async () => {
    const world = new DeliveryWorld(1);
    world.addEndpoint('healthy', () => ({ status: 200, afterMs: 80 }));
    world.addEndpoint('hanging', () => 'hang');
    await steadily(world);
    await world.run(5_000);
    const healthy = lags(world, 'healthy');
    expect(healthy).toHaveLength(SECONDS * PER_SECOND);
    expect(healthy[Math.floor(healthy.length * 0.95)]).toBeLessThan(1_000);
    const hanging = world.arrivals.get('hanging') ?? [];
    expect(Math.max(...hanging.map(({ together }) => together))).toBeLessThanOrEqual(16);
    // After the first sixteen have failed there is one at a time, with time between.
    expect(hanging.length).toBeLessThan(16 + 8);
  });

  test('is sent nothing twice while nobody dies', async () => {
    const world = new DeliveryWorld(2);
    world.addEndpoint('healthy', () => ({ status: 200, afterMs: 1 + world.random.below(300) }));
    await steadily(world);
    await world.run(60_000);
    expect(world.arrivals.get('healthy')).toHaveLength(SECONDS * PER_SECOND);
  });
});

describe('an endpoint that comes back', () => {
  test('is found within half a minute, and gets all that has waited', async () => {
    const world = new DeliveryWorld(3);
    let down = true;
    world.addEndpoint('dead', () => ({ status: down ? 503 : 200, afterMs: 5 }));
    for (let number = 0; number < 200; number += 1) await world.happen(number, 1);
    await world.run(10 * 60_000);
    down = false;
    const backAtMs = world.nowMs;
    await world.run(40_000);
    const taken = (world.arrivals.get('dead') ?? []).filter(({ status }) => status === 200);
    expect((taken[0]?.atMs ?? 0) - backAtMs).toBeLessThan(31_000);
    await world.run(20 * 60_000);
    expect(lags(world, 'dead')).toHaveLength(200);
  });

  test('that fails for three days is paused, and its neighbours hear of it once', async () => {
    const world = new DeliveryWorld(4);
    world.addEndpoint('dead', () => ({ status: 500, afterMs: 5 }));
    world.addEndpoint('neighbour', () => ({ status: 200, afterMs: 5 }));
    for (let day = 0; day < 4; day += 1) {
      for (let number = 0; number < 5; number += 1) await world.happen(day * 5 + number, 1);
      await world.run(24 * 3_600_000);
    }
    expect(world.endpointState('dead')).toBe('paused');
    const told = (world.arrivals.get('neighbour') ?? []).filter(({ id }) => id.includes('paused'));
    expect(told).toHaveLength(1);
    expect((world.arrivals.get('dead') ?? []).some(({ id }) => id.includes('paused'))).toBe(false);
  });

  test('whose receiver is gone is disabled', async () => {
    const world = new DeliveryWorld(5);
    world.addEndpoint('gone', () => ({ status: 410, afterMs: 5 }));
    world.addEndpoint('neighbour', () => ({ status: 200, afterMs: 5 }));
    for (let number = 0; number < 20; number += 1) await world.happen(number, 1);
    await world.run(60_000);
    expect(world.endpointState('gone')).toBe('disabled');
    expect((world.arrivals.get('gone') ?? []).length).toBeLessThanOrEqual(16);
    const told = (world.arrivals.get('neighbour') ?? []).filter(({ id }) =>
      id.includes('disabled'),
    );
    expect(told).toHaveLength(1);
  });
});

describe('deliverers that die at any moment', () => {
  test.each([11, 12, 13])('lose nothing (seed %i)', async (seed) => {
    const world = new DeliveryWorld(seed);
    world.deaths = 0.5;
    world.addEndpoint('flaky', () => {
      if (world.random.chance(0.1)) return 'hang';
      return { status: world.random.chance(0.3) ? 500 : 200, afterMs: world.random.below(500) };
    });
    for (let number = 0; number < 200; number += 1) {
      await world.happen(number, 1);
      await world.run(50);
    }
    await world.run(72 * 3_600_000);
    expect(lags(world, 'flaky')).toHaveLength(200);
  });
});
