import { expect, test } from 'vitest';

import type { TargetLimits } from '../../../src/domain/model/target-gate.ts';
import { GateWorld, TARGET } from '../../support/gate-world.ts';

const TEN_MINUTES = 600_000;
/** For a machine that has much else to do. */
const LONG = { timeout: 60_000 };

/** Sixteen runners that always want more than they get, with clocks of their own and a network that loses things. */
async function contention(perMinute: number, seed: number): Promise<GateWorld> {
  const world = new GateWorld({
    runners: 16,
    seed,
    loss: 0.02,
    skewMs: 30_000,
    limits: { requestsPerMinute: perMinute },
    call: () => ({ result: 'succeeded', latencyMs: 200 + world.random.below(3_000) }),
  });
  const jobs = Math.max(1, Math.ceil(perMinute / 200));
  for (const [runner] of world.gates.entries()) {
    for (let job = 0; job < jobs; job += 1)
      void world.busy(runner, () => world.random.below(3_000));
  }
  for (let passedMs = 0; passedMs < 1.5 * TEN_MINUTES; passedMs += 45_000) {
    await world.run(45_000);
    if (world.random.chance(0.5)) world.restart();
  }
  return world;
}

test.each([
  [1, 1],
  [7, 2],
  [60, 3],
  [500, 4],
  [500, 5],
  [2_000, 6],
])(
  'no ten minutes hold a hundredth more calls than %i a minute allow',
  LONG,
  async (perMinute, seed) => {
    const world = await contention(perMinute, seed);
    const most = world.mostCallsWithin(TEN_MINUTES);
    expect(most).toBeLessThanOrEqual(10.1 * perMinute);
    expect(most).toBeGreaterThan(0.75 * 10 * perMinute);
  },
);

test('places under a limit on concurrency are never more, and come back when runners die', async () => {
  let inFlight = 0;
  let most = 0;
  const world = new GateWorld({
    runners: 8,
    seed: 11,
    limits: { concurrency: 12 },
    call: () => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      const latencyMs = 500 + world.random.below(4_000);
      void world.wait(latencyMs).then(() => (inFlight -= 1));
      return { result: 'succeeded', latencyMs };
    },
  });
  const dead = world.gates[0];
  for (let call = 0; call < 5; call += 1) void dead?.admit(TARGET, { estimatedTokens: 1 });
  await world.run(1_000);
  for (let job = 0; job < 40; job += 1) void world.busy(1 + (job % 7), () => 10);
  await world.run(50_000);
  expect(most).toBeLessThanOrEqual(12 - 5);
  expect(most).toBe(12 - 5);
  world.restart();
  await world.run(60_000);
  expect(most).toBe(12);
});

test('tokens are estimated before a call, and corrected after it', async () => {
  const world = new GateWorld({
    runners: 1,
    seed: 12,
    limits: { tokensPerMinute: 60_000 },
    call: () => ({ result: 'succeeded', latencyMs: 10 }),
  });
  const [gates] = world.gates;
  if (gates === undefined) throw new Error('no runner');
  const admit = async (estimatedTokens: number) => {
    const admission = gates.admit(TARGET, { estimatedTokens });
    await world.run(100);
    return admission;
  };
  const first = await admit(2_000);
  expect(first).toMatchObject({ admitted: true });
  if (first.admitted) {
    await world.run(2_000);
    void gates.settle(first.permit, { result: 'succeeded', latencyMs: 10, usedTokens: 32_000 });
    await world.run(100);
  }
  // Thirty seconds' worth was used, in two.
  expect(await admit(100)).toMatchObject({ admitted: false, reason: 'rate_limit' });
  await world.run(25_000);
  expect(await admit(100)).toMatchObject({ admitted: false, reason: 'rate_limit' });
  await world.run(10_000);
  expect(await admit(100)).toMatchObject({ admitted: true });
});

test('a call that is larger than a minute allows goes through when nothing else does', async () => {
  const world = new GateWorld({
    runners: 1,
    seed: 13,
    limits: { tokensPerMinute: 1_000 },
    call: () => ({ result: 'succeeded', latencyMs: 10 }),
  });
  const admission = world.gates[0]?.admit(TARGET, { estimatedTokens: 5_000 });
  await world.run(100);
  expect(await admission).toMatchObject({ admitted: true });
  const next = world.gates[0]?.admit(TARGET, { estimatedTokens: 10 });
  await world.run(100);
  expect(await next).toMatchObject({ admitted: false });
});

test('without its gate a target with limits is not called, and one without is', async () => {
  const limited = await withoutGate({ requestsPerMinute: 6_000 });
  expect(limited.calls).toHaveLength(0);
  limited.answers = true;
  await limited.run(10_000);
  expect(limited.calls.length).toBeGreaterThan(50);
  const unlimited = await withoutGate({});
  expect(unlimited.calls.length).toBeGreaterThan(50);
});

async function withoutGate(limits: TargetLimits): Promise<GateWorld> {
  const world = new GateWorld({
    runners: 4,
    seed: 14,
    limits,
    call: () => ({ result: 'succeeded', latencyMs: 100 }),
  });
  world.answers = false;
  for (const [runner] of world.gates.entries()) void world.busy(runner, () => 300);
  await world.run(10_000);
  return world;
}

test('a call whose request was cut off gives its place back, though its isolate goes on', async () => {
  const world = new GateWorld({
    runners: 2,
    seed: 15,
    limits: { concurrency: 3 },
    call: () => ({ result: 'succeeded', latencyMs: 200 }),
  });
  const [cut] = world.gates;
  for (let call = 0; call < 2; call += 1) void cut?.admit(TARGET, { estimatedTokens: 1 });
  await world.run(500);
  void world.busy(0, () => 100);
  await world.run(30_000);
  expect(world.gate.health().room.concurrency).toBeLessThanOrEqual(1);
  await world.run(40_000);
  expect(world.gate.health().room.concurrency).toBeGreaterThanOrEqual(1);
  const places = world.db.rows('SELECT SUM(count) AS n FROM places');
  expect(Number(places[0]?.['n'] ?? 0)).toBeLessThanOrEqual(2);
});
