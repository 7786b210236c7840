import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';

import type { TargetLimits } from '../../src/domain/model/target-gate.ts';
import { makeGateOf } from '../../src/runtime/gate/gate-client.ts';
import { machine } from '../../src/runtime/machine.ts';
import { makeTargetGates } from '../../src/services/gates/target-gates.ts';
import type {
  CallEnd,
  Permit,
  TargetGates,
} from '../../src/services/ports/targets/target-gates.ts';

const gateOf = makeGateOf(env.GATE);
const CALL = { estimatedTokens: 10 };

/** An isolate of its own. */
function runner(limits: TargetLimits = {}): TargetGates {
  return makeTargetGates({ gateOf, limitsOf: () => limits, machine, log: () => {} });
}

async function permit(gates: TargetGates, model: string): Promise<Permit> {
  const admission = await gates.admit({ provider: 'openai', model }, CALL);
  if (!admission.admitted) throw new Error(`not admitted: ${admission.reason}`);
  return admission.permit;
}

function failed(failureClass: 'auth' | 'rate_limited', retryAfterMs = 30_000): CallEnd {
  return { result: { class: failureClass }, latencyMs: 5, retryAfterMs };
}

test('what one runner is told holds for all, and after an eviction', async () => {
  const first = runner();
  await first.settle(await permit(first, 'paused'), failed('rate_limited'));
  const target = { provider: 'openai', model: 'paused' };
  const denied = { admitted: false, reason: 'cooling_down' };
  expect(await runner().admit(target, CALL)).toMatchObject(denied);
  await evictDurableObject(env.GATE.getByName('openai/paused'));
  expect(await runner().admit(target, CALL)).toMatchObject(denied);
  const health = await gateOf(target).health();
  expect(health).toMatchObject({ state: 'open', because: 'rate_limited' });
  const stub = env.GATE.getByName('openai/paused');
  await runInDurableObject(stub, async (_object, { storage }) => {
    expect(await storage.getAlarm()).toBeNull();
  });
});

test('an administrator closes and opens the way', async () => {
  const target = { provider: 'openai', model: 'by-hand' };
  const gate = gateOf(target);
  const order = { by: 'key_admin', why: 'a price has changed' };
  expect(await gate.hold(order)).toMatchObject({ state: 'held', held: order });
  expect(await runner().admit(target, CALL)).toMatchObject({ admitted: false, reason: 'held' });
  await evictDurableObject(env.GATE.getByName('openai/by-hand'));
  expect(await gate.health()).toMatchObject({ state: 'held', held: order });
  expect(await gate.release(order)).toMatchObject({ state: 'closed', held: null });
  expect(await runner().admit(target, CALL)).toMatchObject({ admitted: true });
});

test('a refused account is on record as an alert', async () => {
  const gates = runner();
  await gates.settle(await permit(gates, 'refused'), failed('auth'));
  const health = await gateOf({ provider: 'openai', model: 'refused' }).health();
  expect(health.alerts).toMatchObject([{ class: 'auth' }]);
  expect((health.nextProbeAtMs ?? 0) - (health.sinceMs ?? 0)).toBe(900_000);
});

test('the limits of the deployment reach the object', async () => {
  const target = { provider: 'openai', model: 'limited' };
  const gates = runner({ concurrency: 2 });
  const one = await permit(gates, 'limited');
  await permit(gates, 'limited');
  expect(await runner({ concurrency: 2 }).admit(target, CALL)).toMatchObject({
    admitted: false,
    reason: 'concurrency',
  });
  await evictDurableObject(env.GATE.getByName('openai/limited'));
  await gates.settle(one, { result: 'succeeded', latencyMs: 5 });
  expect(await gateOf(target).health()).toMatchObject({
    limits: { concurrency: 2 },
    room: { concurrency: 0, requests: null },
  });
});
