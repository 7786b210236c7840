import { expect, test } from 'vitest';

import { RAMP_FIRST, rampAllowance } from '../../../src/runtime/gate/passage.ts';
import { GateWorld, TARGET, type Ending } from '../../support/gate-world.ts';

const GOOD: Ending = { result: 'succeeded' };
const BROKEN: Ending = { result: { class: 'provider_internal' } };

/** A world in which the target does as it is told. */
function makeWorld(seed: number, runners = 16) {
  let ending: Ending = GOOD;
  const world = new GateWorld({
    runners,
    seed,
    call: () => ({ ...ending, latencyMs: 100 + world.random.below(400) }),
  });
  const tell = (next: Ending): void => {
    ending = next;
  };
  return { world, tell };
}

function between(world: GateWorld, fromMs: number, toMs: number): number[] {
  return world.calls.filter((atMs) => atMs >= fromMs && atMs < toMs);
}

/** When the circuit opened, and for how long each time. */
function openings(world: GateWorld): { readonly forMs: number }[] {
  return world.logged.flatMap(({ type, fields }) => {
    const { state, for_ms: forMs } = fields as { state?: string; for_ms?: number };
    return type === 'target.circuit' && state === 'open' ? [{ forMs: forMs ?? 0 }] : [];
  });
}

test('a healthy target without limits costs a runner one call in two seconds', async () => {
  const { world } = makeWorld(1);
  for (let job = 0; job < 64; job += 1) void world.busy(job % 16, () => 20);
  await world.run(60_000);
  expect(world.calls.length).toBeGreaterThan(5_000);
  expect(world.exchanges.length).toBeLessThanOrEqual(16 * 31);
  expect(world.declined).toBe(0);
});

test.each([
  ['fails', BROKEN, 2],
  ['asks for a pause', { result: { class: 'rate_limited' } } as const, 3],
  ['is overloaded', { result: { class: 'overloaded' } } as const, 4],
])('a target that always %s gets five calls a cool-down at most', async (_what, ending, seed) => {
  const { world, tell } = makeWorld(seed);
  for (let job = 0; job < 500; job += 1) void world.busy(job % 16, () => 500);
  await world.run(20_000);
  tell(ending);
  const failsFromMs = world.nowMs;
  await world.run(10_000);
  const expiredMs = world.nowMs;
  await world.run(600_000);
  const reached = between(world, expiredMs, world.nowMs).length;
  const pauses = openings(world).length;
  expect(pauses).toBeGreaterThan(5);
  expect(reached / pauses).toBeLessThanOrEqual(5);
  expect(reached).toBeLessThanOrEqual(20);
  expect(between(world, failsFromMs, expiredMs).length).toBeLessThan(4_000);
});

test('traffic is back within one cool-down, and grows by rounds', async () => {
  const { world, tell } = makeWorld(5);
  for (let job = 0; job < 500; job += 1) void world.busy(job % 16, () => 500);
  await world.run(20_000);
  tell(BROKEN);
  await world.run(600_000);
  const longestMs = Math.max(...openings(world).map(({ forMs }) => forMs));
  expect(longestMs).toBe(60_000);
  tell(GOOD);
  const backMs = world.nowMs;
  await world.run(75_000);
  const [probeAtMs = 0] = between(world, backMs, world.nowMs);
  expect(probeAtMs - backMs).toBeLessThanOrEqual(longestMs + 3_000);
  for (let round = 1; round <= 8; round += 1) {
    // The probe, and what the rounds so far allow.
    const calls = between(world, probeAtMs, probeAtMs + 1_000 * round).length;
    expect(calls).toBeLessThanOrEqual(1 + rampAllowance(1_000 * round, 1_000));
  }
  await world.run(30_000);
  expect(world.gate.health()).toMatchObject({ state: 'closed', reason: null });
  expect(between(world, world.nowMs - 10_000, world.nowMs).length).toBeGreaterThan(3_000);
});

test('a recovery begins with two calls and doubles with every round', () => {
  expect(rampAllowance(0, 1_000)).toBe(RAMP_FIRST);
  expect(rampAllowance(3_000, 1_000)).toBe(8 * RAMP_FIRST);
});

test('Retry-After is honoured, by everybody, and kept within ten minutes', async () => {
  const { world, tell } = makeWorld(7);
  tell({ result: { class: 'rate_limited' }, retryAfterMs: 40_000 });
  void world.attempt(0);
  await world.run(1_000);
  const admission = world.gates[3]?.admit(TARGET, { estimatedTokens: 1 });
  await world.run(100);
  expect(await admission).toMatchObject({ admitted: false, reason: 'cooling_down' });
  expect(world.gate.health()).toMatchObject({ state: 'open', because: 'rate_limited' });
  const { nextProbeAtMs } = world.gate.health();
  expect((nextProbeAtMs ?? 0) - world.nowMs).toBeGreaterThan(38_000);
  tell({ result: { class: 'overloaded' }, retryAfterMs: 86_400_000 });
  await world.run(40_000);
  void world.attempt(1);
  await world.run(1_000);
  const later = world.gate.health().nextProbeAtMs ?? 0;
  expect(later - world.nowMs).toBeGreaterThan(590_000);
  expect(later - world.nowMs).toBeLessThanOrEqual(600_000);
});

test('pauses that a target asks for make no later one longer', async () => {
  const { world, tell } = makeWorld(16, 1);
  tell({ result: { class: 'rate_limited' }, retryAfterMs: 2_000 });
  for (let call = 0; call < 6; call += 1) {
    void world.attempt(0);
    await world.run(4_000);
  }
  tell({ result: { class: 'overloaded' } });
  void world.attempt(0);
  await world.run(4_000);
  expect(openings(world).map(({ forMs }) => forMs)).toEqual([...Array(6).fill(2_000), 1_000]);
});

test.each(['auth', 'billing_exhausted', 'permission'] as const)(
  '%s closes the way for a quarter of an hour, lets one call through then, and alerts',
  async (failureClass) => {
    const { world, tell } = makeWorld(8);
    tell({ result: { class: failureClass } });
    for (let job = 0; job < 16; job += 1) void world.busy(job, () => 500);
    await world.run(10_000);
    const calls = world.calls.length;
    expect(calls).toBeLessThanOrEqual(32);
    await world.run(885_000);
    expect(world.calls.length).toBe(calls);
    await world.run(30_000);
    expect(world.calls.length).toBe(calls + 1);
    const alerts = world.logged.filter(({ type }) => type === 'target.alert');
    expect(alerts).toHaveLength(2);
    expect(world.gate.health().alerts).toHaveLength(2);
    expect(world.gate.health().errors[0]).toMatchObject({ class: failureClass });
  },
);

test('what the caller has to answer for opens nothing, and neither do hasty timeouts', async () => {
  const { world, tell } = makeWorld(9);
  for (let job = 0; job < 16; job += 1) void world.busy(job, () => 100);
  for (const result of [
    { class: 'invalid_request' },
    { class: 'content_blocked_input' },
    { class: 'cancelled' },
    { class: 'timeout', hasty: true },
  ] as const) {
    tell({ result });
    await world.run(10_000);
    expect(world.gate.health().state).toBe('closed');
  }
  tell({ result: { class: 'timeout' } });
  await world.run(10_000);
  expect(world.gate.health().state).not.toBe('closed');
});

test('an object that was evicted still knows', async () => {
  const { world, tell } = makeWorld(10);
  tell({ result: { class: 'auth' } });
  void world.attempt(0);
  await world.run(1_000);
  world.restart();
  expect(world.gate.health()).toMatchObject({ state: 'open', because: 'auth' });
  world.gate.hold({ by: 'key_a', why: 'we move' });
  world.restart();
  expect(world.gate.health()).toMatchObject({ state: 'held', held: { by: 'key_a' } });
  world.gate.release({ by: 'key_b', why: 'moved' });
  tell(GOOD);
  expect(world.gate.health()).toMatchObject({ state: 'closed', held: null });
  for (let job = 0; job < 16; job += 1) void world.busy(job, () => 100);
  await world.run(10_000);
  world.calls.length = 0;
  world.gate.hold({ by: 'key_a', why: 'again' });
  await world.run(2_100);
  world.calls.length = 0;
  await world.run(60_000);
  expect(world.calls).toHaveLength(0);
});

test('a probe lives while its runner says so, and not much longer', async () => {
  let latencyMs = 100_000;
  let ending: Ending = { result: { class: 'rate_limited' } };
  const world = new GateWorld({ runners: 2, seed: 12, call: () => ({ ...ending, latencyMs }) });
  latencyMs = 10;
  void world.attempt(0);
  await world.run(3_000);
  expect(world.gate.health().state).toBe('half_open');
  ending = GOOD;
  // The request that makes the probe is cut off.
  void world.gates[0]?.admit(TARGET, { estimatedTokens: 1 });
  await world.run(1_000);
  expect(world.gate.health().state).toBe('half_open');
  const refused = world.gates[1]?.admit(TARGET, { estimatedTokens: 1 });
  await world.run(1_000);
  expect(await refused).toMatchObject({ admitted: false, because: 'rate_limited' });
  await world.run(14_000);
  // The second one's takes long, and is waited for.
  latencyMs = 100_000;
  void world.attempt(1);
  for (let passedMs = 0; passedMs < 90_000; passedMs += 5_000) {
    await world.run(5_000);
    const other = world.gates[0]?.admit(TARGET, { estimatedTokens: 1 });
    await world.run(100);
    expect(await other).toMatchObject({ admitted: false, reason: 'cooling_down' });
  }
  await world.run(15_000);
  expect(world.gate.health().state).toMatch(/recovering|closed/);
});

test('work that its provider goes on with is told of when it has failed, or is done', async () => {
  const { world } = makeWorld(13, 2);
  for (let poll = 0; poll < 6; poll += 1) {
    void world.gates[0]?.report(TARGET, BROKEN);
    await world.run(200);
  }
  expect(world.gate.health()).toMatchObject({ state: 'open', because: 'provider_internal' });
  const { world: other } = makeWorld(14, 2);
  for (let poll = 0; poll < 5; poll += 1) {
    void other.gates[0]?.report(TARGET, { result: 'succeeded', latencyMs: 30_000 });
    await other.run(3_000);
  }
  expect(other.gate.health()).toMatchObject({ state: 'closed', calls: { good: 5, bad: 0 } });
  expect(other.gate.health().latencyMs.p50).toBeGreaterThan(27_000);
});

test('runners hear how long calls take, also from each other, until it is long ago', async () => {
  const { world } = makeWorld(15, 2);
  const heardBy = (runner: number) => world.gates[runner]?.measures() ?? [];
  const callSome = async (calls: number) => {
    for (let call = 0; call < calls; call += 1) {
      void world.attempt(0);
      await world.run(3_000);
    }
  };
  await callSome(4);
  expect(heardBy(0)).toEqual([]);
  await callSome(3);
  void world.gates[1]?.admit(TARGET, { estimatedTokens: 1 });
  await world.run(1_000);
  const [own] = heardBy(0).map(({ target, p50Ms, p95Ms }) => ({ target, p50Ms, p95Ms }));
  expect(own).toMatchObject({ target: TARGET, p50Ms: expect.toSatisfy((ms) => ms > 90) });
  const ages = () => heardBy(1).map(({ ageMs }) => ageMs);
  expect(heardBy(1)).toMatchObject([{ ...own }]);
  expect(ages()).toEqual([expect.toSatisfy((ms) => ms <= 1_000)]);
  await world.run(598_000);
  expect(ages()).toEqual([expect.toSatisfy((ms) => ms > 590_000)]);
  await world.run(11_000);
  expect(heardBy(1)).toEqual([]);
});

test('what ended in a hurry is told though no call follows, once', async () => {
  const { world } = makeWorld(17, 1);
  for (let call = 0; call < 6; call += 1) void world.attempt(0);
  await world.run(1_500);
  expect(world.gate.health().calls.good).toBe(0);
  await world.gates[0]?.catchUp();
  expect(world.exchanges).toHaveLength(1);
  await world.run(1_500);
  void world.gates[0]?.catchUp();
  void world.gates[0]?.catchUp();
  await world.run(1_000);
  expect(world.gate.health().calls.good).toBe(6);
  expect(world.exchanges).toHaveLength(2);
  expect(world.gates[0]?.measures()).toHaveLength(1);
});

test('what was measured is told', async () => {
  const { world } = makeWorld(11, 2);
  for (let job = 0; job < 10; job += 1) void world.busy(job % 2, () => 50);
  await world.run(60_000);
  const { latencyMs, calls } = world.gate.health();
  expect(calls.good).toBeGreaterThan(1_000);
  expect(latencyMs.p50).toBeGreaterThan(250);
  expect(latencyMs.p50).toBeLessThan(350);
  expect(latencyMs.p95).toBeGreaterThan(420);
  expect(latencyMs.p95).toBeLessThan(550);
});
