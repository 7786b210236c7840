import type { JobId } from '../../../src/domain/ids.ts';
import { POISONED } from './pipelines.ts';
import { sha256 } from '../../support/shard-driver.ts';
import type { World } from './world.ts';

const ordinary = [
  'local',
  'chat',
  'chat',
  'map',
  'hedged',
  'hedged-map',
  'waits',
  'parent',
  'limited',
  'limited',
  'slow',
  'slow',
  'slow-map',
] as const;

/** In a life with budgets most jobs are counted by them. */
const counted = [
  'thrift',
  'thrift',
  'thrift-map',
  'thrift-slow',
  'family',
  'family',
  'dynasty',
] as const;

type Deed = readonly [weight: number, play: (world: World) => void | Promise<void>];

/** What may happen in a script, and how often. Everything else happens by itself. */
const deeds: readonly Deed[] = [
  [6, submit],
  [8, (world) => world.pass(world.random.pick([1, 200, 3_000, 12_000, 31_000, 70_000, 300_000]))],
  [
    3,
    (world) =>
      steer(world, (jobId) => world.steer(jobId, (home) => home.cancel({ jobId, by: 'key_1' }))),
  ],
  [
    1,
    (world) =>
      steer(world, (jobId) => world.steer(jobId, (home) => home.pause({ jobId, by: 'key_1' }))),
  ],
  [
    1,
    (world) =>
      steer(world, (jobId) => world.steer(jobId, (home) => home.resume({ jobId, by: 'key_1' }))),
  ],
  [2, (world) => steer(world, (jobId) => sendEvent(world, jobId))],
  [3, repeatReport],
  [2, killRunner],
  [1, killShard],
  [0.5, killQuietObject],
  [0.7, breakD1],
];
const TOTAL = deeds.reduce((sum, [weight]) => sum + weight, 0);

/** Plays one thing that happens. */
export async function playDeed(world: World): Promise<void> {
  let lot = world.random.next() * TOTAL;
  for (const [weight, play] of deeds) {
    lot -= weight;
    if (lot < 0) {
      await play(world);
      return;
    }
  }
}

async function submit(world: World): Promise<void> {
  if (world.spending.isLimited) submitOne(world);
  submitOne(world);
  await world.pass(0);
}

function submitOne(world: World): void {
  const { random } = world;
  const pipeline = chosenPipeline(world);
  const key = random.chance(0.4) ? `key-${pipeline}-${random.below(2)}` : null;
  const submission = {
    pipeline,
    input: {
      n: 1,
      key: 'one',
      list: [1, 2, 3],
      ...(pipeline === 'large' ? { text: 'x'.repeat(270_000) } : {}),
    },
    key,
    waitsMs: random.chance(0.35) ? random.pick([500, 2_000, 8_000]) : null,
  };
  world.faults.tell(`submit ${pipeline} ${key ?? ''} ${submission.waitsMs ?? ''}`);
  void world.submit(submission);
}

function chosenPipeline({ random, spending }: World): string {
  if (spending.isLimited && random.chance(0.8)) return random.pick(counted);
  if (random.chance(0.03)) return random.pick([...POISONED]);
  return random.chance(0.01) ? 'large' : random.pick(ordinary);
}

function steer(world: World, act: (jobId: JobId) => void): void {
  if (world.accepted.length === 0) return;
  const { jobId } = world.random.pick(world.accepted);
  world.faults.tell(`a client steers ${jobId}`);
  act(jobId);
}

export function sendEvent(world: World, jobId: JobId): void {
  const payload = { ok: true };
  const hash = sha256(JSON.stringify(payload));
  world.steer(jobId, (home) =>
    home.receiveEvent({ jobId, by: 'key_1', name: 'go', payload, sha256: hash }),
  );
}

/** Some report comes once more, long after it was made or at once. */
function repeatReport(world: World): void {
  if (world.reports.length === 0) return;
  const request = world.random.pick(world.reports);
  world.faults.tell(`a report of ${request.jobId} comes again`);
  const again = { ...request, capacity: { calls: 0, local: 0 }, hinted: false };
  world.steer(request.jobId, (home) => home.next(again));
}

function killRunner(world: World): void {
  const atWork = world.runnersAtWork();
  if (atWork.length === 0) return;
  const process = world.random.pick(atWork);
  world.faults.tell(`${process.name} dies`);
  process.diedAtMs = world.clock.nowMs;
}

function killShard(world: World): void {
  const host = world.random.pick(world.shards);
  world.faults.tell(`shard ${host.shard} dies`);
  host.kill();
}

function killQuietObject(world: World): void {
  if (world.spending.isLimited) world.spending.host.kill();
  world.flow.kill();
}

function breakD1(world: World): void {
  world.d1DownUntilMs = world.clock.nowMs + world.random.pick([1_000, 60_000]);
  world.faults.tell('D1 is down');
}
