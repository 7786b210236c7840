import { expect, test } from 'vitest';

import { isTerminal } from '../../../src/domain/job/job.ts';
import { attemptsLeft } from '../../../src/engine/attempts/retry.ts';
import { EngineDriver } from '../../support/engine-driver.ts';
import { GateWorld, TARGET, type Ending } from '../../support/gate-world.ts';

/**
 * A provider's outage with jobs that have nowhere else to go: their decisions are the engine's, their calls go through
 * the gate, and nobody else decides when one is made again.
 */
const OUTAGE_MS = 600_000;
const JOBS = 500;

function makeJob(world: GateWorld): EngineDriver {
  return new EngineDriver(
    {
      timeouts: { job: '2h' },
      steps: [{ id: 'ask', uses: 'model.chat', route: { targets: [TARGET] } }],
    },
    { random: Array.from({ length: 200 }, () => world.random.next()) },
  );
}

/** Carries a job from its submit to its end. */
async function live(world: GateWorld, runner: number, job: EngineDriver): Promise<void> {
  while (!isTerminal(job.status)) {
    job.waitUntil(world.nowMs);
    const [key] = job.claim();
    if (key === undefined) await world.wait(Math.max(1, job.dueAtMs() - world.nowMs));
    else await carryOut(world, runner, job, key);
  }
}

async function carryOut(world: GateWorld, runner: number, job: EngineDriver, key: string) {
  const step = job.plan.byId.get('ask');
  if (step === undefined) throw new Error('there is no step');
  const isLastTry = attemptsLeft(step, job.state.steps['ask']?.attempts ?? []) <= 1;
  const made = await world.call(runner, isLastTry);
  job.waitUntil(world.nowMs);
  if (!made.admitted) {
    const { reason, because, untilAtMs } = made;
    const cause = because === undefined ? {} : { because };
    job.decline(key, { reason, ...cause, inMs: untilAtMs - world.nowMs });
  } else if (made.result === 'succeeded') job.succeed(key);
  else job.fail(key, { class: made.result.class, phase: 'rejected' });
}

/** Worlds in which a job would be sent ahead twice, and fail, if its last attempt could be. */
test.each([
  ['fails', { class: 'provider_internal' }, 123],
  ['is overloaded', { class: 'overloaded' }, 115],
  ['cannot be reached', { class: 'network' }, 110],
] as const)(
  'while a provider %s for ten minutes no job fails, and all end after it, without a storm',
  { timeout: 60_000 },
  async (_what, broken, seed) => {
    let ending: Ending = { result: broken };
    const world = new GateWorld({
      runners: 16,
      seed,
      call: () => ({ ...ending, latencyMs: 100 + world.random.below(400) }),
    });
    const jobs = Array.from({ length: JOBS }, () => makeJob(world));
    const statuses = () => new Set(jobs.map(({ status }) => status));
    for (const [index, job] of jobs.entries()) void live(world, index % 16, job);
    await world.run(OUTAGE_MS);
    expect(statuses()).toEqual(new Set(['running']));
    expect(world.calls.length).toBeLessThan(1.1 * JOBS);
    world.calls.length = 0;
    ending = { result: 'succeeded' };
    const backMs = world.nowMs;
    await world.run(OUTAGE_MS);
    expect(statuses()).toEqual(new Set(['succeeded']));
    expect(world.calls).toHaveLength(JOBS);
    expect(world.mostCallsWithin(1_000)).toBeLessThanOrEqual(100);
    expect(Math.max(...world.calls) - backMs).toBeLessThan(120_000);
  },
);

test('a call whose step ends with its failure finds out whether a target is back only when no other comes', async () => {
  const world = new GateWorld({
    runners: 2,
    seed: 3,
    call: () => ({ result: { class: 'overloaded' }, latencyMs: 50 }),
  });
  const callSoon = async (runner: number, isLastTry: boolean) => {
    const made = world.call(runner, isLastTry);
    await world.run(400);
    return made;
  };
  expect(await callSoon(0, true)).toMatchObject({ admitted: true });
  await world.run(1_000);
  expect(await callSoon(0, true)).toMatchObject({ admitted: false, because: 'overloaded' });
  expect(await callSoon(1, true)).toMatchObject({ admitted: false });
  expect(await callSoon(1, false)).toMatchObject({ admitted: true });
  await world.run(3_000);
  expect(await callSoon(0, true)).toMatchObject({ admitted: false });
  await world.run(5_000);
  expect(await callSoon(0, true)).toMatchObject({ admitted: true });
});
