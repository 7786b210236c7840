import { isTerminal } from '../../../src/domain/job/job.ts';
import { Random } from './random.ts';
import { attemptKey, isInRunnersHands } from '../../../src/domain/job/attempt.ts';
import {
  checkAccepted,
  checkHistory,
  checkJob,
  checkOver,
  checkProvider,
  isExcused,
  standingJobs,
  storedJobs,
  type Standing,
  type Stored,
} from './checks.ts';
import { checkBudgetsOver, checkCharged } from './check-budgets.ts';
import { demand } from './demand.ts';
import { checkWorks, type Works } from './check-works.ts';
import { playDeed, sendEvent } from './script.ts';
import { World } from './world.ts';

/** In a fair world all is over within this time, whatever was before: hints are repeated every 15 minutes at most. */
const FAIR_MS = 3 * 3_600_000;
/** A runner that has died is missed within this time. */
const MISSED_MS = 120_000;
/** A quiet world's alarms: one for each of a few moments of its own. */
const FIRINGS_WHEN_QUIET_MAX = 30;

export type Ended = {
  readonly jobs: number;
  readonly struck: ReadonlyMap<string, number>;
  readonly spending: Works;
};

/** A life of the whole from one seed. Throws, with the story, when a promise is broken. */
export async function simulate(seed: number, deeds = 0): Promise<Ended> {
  const world = new World(seed);
  try {
    const count = deeds > 0 ? deeds : 2 + new Random(seed ^ 0x5bd1e995).below(9);
    for (let played = 0; played < count; played += 1) {
      await playDeed(world);
      checkSoFar(world);
    }
    await playFairly(world);
    await reportAgain(world);
    const jobs = storedJobs(world);
    const spending = checkEverything(world, jobs);
    return { jobs: jobs.length, struck: world.faults.struck, spending };
  } catch (error) {
    throw new Error(storyOf(seed, world, error), { cause: error });
  } finally {
    world.close();
  }
}

function storyOf(seed: number, world: World, error: unknown): string {
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const replay = `replay it with PENSTOCK_SEED=${seed}`;
  return `${why}\n${replay}\nwhat happened:\n  ${world.faults.story.slice(-120).join('\n  ')}`;
}

/** Nothing is struck any more; clients resume what is paused and send what is waited for. */
async function playFairly(world: World): Promise<void> {
  world.faults.fair = true;
  world.spending.turnFair(world.faults.late);
  world.faults.tell('the world turns fair');
  const fairSinceMs = world.clock.nowMs;
  for (;;) {
    const jobs = standingJobs(world);
    if (isQuiet(world, jobs)) break;
    checkMissed(world, jobs, fairSinceMs);
    demand(
      world.clock.nowMs - fairSinceMs < FAIR_MS,
      `the world does not become quiet: ${JSON.stringify(jobs.filter((job) => !isSettled(job)))}`,
    );
    for (const { jobId, state } of jobs) help(world, jobId, state);
    await world.pass(30_000);
  }
  await staysQuiet(world);
}

function checkSoFar(world: World): void {
  if (world.spending.isLimited) checkCharged(world, standingJobs(world));
}

function help(world: World, jobId: Stored['jobId'], state: Stored['state']): void {
  if (state.status === 'paused') {
    world.steer(jobId, (home) => home.resume({ jobId, by: 'key_1' }));
  }
  const waits = Object.values(state.steps).some(({ phase }) => phase.status === 'waiting');
  if (waits && !isTerminal(state.status)) sendEvent(world, jobId);
}

/** An attempt in dead hands is given up in good time, not only at its deadline. */
function checkMissed(world: World, jobs: readonly Standing[], fairSinceMs: number): void {
  for (const { jobId, state } of jobs) {
    for (const active of Object.values(state.active)) {
      const { step, item, attempt } = active;
      if (isTerminal(state.status) || !isInRunnersHands(active)) continue;
      const key = `${jobId}/${attemptKey(step, item, attempt)}`;
      const diedAtMs = world.holders.get(key)?.diedAtMs;
      if (diedAtMs == null) continue;
      const missingMs = world.clock.nowMs - Math.max(diedAtMs, fairSinceMs);
      demand(missingMs <= MISSED_MS, `nobody misses the dead runner of ${key}`);
    }
  }
}

function isSettled({ state, book }: Standing): boolean {
  const told = book.confirmedSeq >= state.seq && book.cancels === undefined;
  return isTerminal(state.status) && told && book.flow === undefined;
}

function isQuiet(world: World, jobs: readonly Standing[]): boolean {
  const { flow } = world.flow;
  const owed = jobs.some(({ state, book }) => state.birth.parent && book.parentTold !== true);
  const busy = world.wakes.open + world.history.open + flow.running.size + flow.waiting.size > 0;
  return (
    !owed &&
    !busy &&
    world.faults.late === 0 &&
    jobs.every(isSettled) &&
    world.runnersAtWork().length === 0
  );
}

async function staysQuiet(world: World): Promise<void> {
  const before = world.shards.map(({ firings }) => firings);
  await world.pass(3_600_000);
  for (const [index, { firings }] of world.shards.entries()) {
    const fired = firings - (before[index] ?? 0);
    demand(
      fired <= FIRINGS_WHEN_QUIET_MAX,
      `a quiet shard's alarm fired ${fired} times in an hour`,
    );
  }
}

/** Everything that any runner ever reported comes once more. It may bring a cost, and nothing else. */
async function reportAgain(world: World): Promise<void> {
  const before = new Map(standingJobs(world).map(({ jobId, state }) => [jobId, state]));
  for (const request of world.reports) {
    const capacity = { calls: 6, local: 16 };
    const again = { ...request, requestId: `${request.requestId}-again`, capacity };
    const answer = world.hostOf(request.jobId).call('next', (home) => home.next(again));
    demand(answer.work.length === 0, `${request.jobId} gave out work after its end`);
  }
  await world.pass(120_000);
  for (const { jobId, state } of standingJobs(world)) {
    demand(state.status === before.get(jobId)?.status, `${jobId} changed its end`);
  }
  await playOut(world);
}

async function playOut(world: World): Promise<void> {
  for (let rounds = 0; !isQuiet(world, standingJobs(world)); rounds += 1) {
    demand(rounds < 40, 'late reports leave the world restless');
    await world.pass(60_000);
  }
}

function checkEverything(world: World, jobs: readonly Stored[]): Works {
  for (const job of jobs) checkJob(job);
  checkOver(world, jobs);
  checkAccepted(world, jobs);
  checkProvider(world, jobs);
  checkSoFar(world);
  checkBudgetsOver(world, jobs);
  const spending = checkWorks(world, jobs);
  checkHistory(world, jobs);
  const excused = isExcused(world) ? new Set([...EXPECTED, 'attempt.defect']) : EXPECTED;
  const errors = world.logs.filter(({ level, event }) => level === 'error' && !excused.has(event));
  demand(errors.length === 0, `errors were logged: ${JSON.stringify(errors)}`);
  return spending;
}

/** Errors that the world itself provokes. */
const EXPECTED = new Set([
  'shard.job_quarantined',
  'shard.alarm_failed',
  'shard.attend_failed',
  'wake.turn_failed',
  'inline.turn_failed',
]);
