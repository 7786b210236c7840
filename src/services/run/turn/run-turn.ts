import type { JobSnapshot } from '../../ports/job-shard/snapshot.ts';
import type { NextAnswer, SettlementReport } from '../../ports/job-shard/turn.ts';
import { makeStop } from '../../stop.ts';
import { cancelChild } from '../chores.ts';
import { begin } from './begin-work.ts';
import { askNext, renewWhileRunning } from './shard-calls.ts';
import {
  abortAll,
  beside,
  isAlone,
  isClaiming,
  makeTurn,
  type Turn,
  type TurnDeps,
  type TurnOptions,
} from './turn.ts';

/** Work inside the Worker that one turn holds; it is carried out one piece after the other. */
const LOCAL_PER_TURN = 16;
const CALLS_PER_TURN = 6;

/**
 * A runner's visit to a job: claim, execute, settle, claim again, until the job is blocked or over. One call a
 * hop; results that arrive together are reported together. Gives the job if it is over and `first` was given.
 */
export async function runTurn(deps: TurnDeps, options: TurnOptions): Promise<JobSnapshot | null> {
  const turn = makeTurn(deps, options);
  const renewing = makeStop();
  const renewal = renewWhileRunning(deps, options.jobId, turn.running, renewing.signal);
  try {
    if (options.first === null) await hop(turn);
    else begin(turn, { ...options.first.answer, definition: options.first.definition });
    while (goesOn(turn)) {
      await somethingHappens(turn);
      await hop(turn);
    }
  } finally {
    turn.places.leave();
    renewing.stop();
    await renewal;
    await turn.chores;
  }
  return turn.end;
}

function goesOn(turn: Turn): boolean {
  return turn.running.size > 0 || turn.reports.length > 0 || (turn.starved && isClaiming(turn));
}

/**
 * Waits for a report, for the moment at which an attempt gets a second one beside it, or, when work only lacks a
 * connection, for one to become free.
 */
async function somethingHappens(turn: Turn): Promise<void> {
  const { running, reports, local, starved } = turn;
  if (reports.length > 0) return;
  const held = [...running.values()];
  const events = held.filter((work) => !work.queued).map(({ done }) => done);
  // Local work reports together: it is over one piece after the other, without a pause in between.
  if (held.length > events.length) events.push(local);
  if (starved && isClaiming(turn)) events.push(turn.places.nextFree());
  const waiting = makeStop();
  const hedge = isClaiming(turn) ? turn.hedges.next(waiting.signal) : null;
  if (hedge !== null) events.push(hedge);
  if (events.length > 0) await Promise.race(events);
  waiting.stop();
}

/** Takes connections for what the shard may hand out: one in hand, and more only where they lie free. */
async function reserve(turn: Turn): Promise<void> {
  const { places, wide } = turn;
  if (!isClaiming(turn)) return;
  if (mayGetCalls(turn)) await places.waitForOne();
  places.takeUpTo(wide ? CALLS_PER_TURN : 0);
}

/** False when every step was handed out to this turn and none of them can come again. */
function mayGetCalls({ plan, begun, starved, reports, hedges }: Turn): boolean {
  if (hedges.takeDue()) return true;
  const comesAgain = reports.some(({ outcome: { ok } }) => ok === false || ok === 'declined');
  if (plan === null || starved || comesAgain) return true;
  return plan.plan.steps.some(({ id, forEach }) => forEach !== null || !begun.has(id));
}

/** Gates that nobody asks any more hear of the last calls all the same. */
function tellGates(turn: Turn): void {
  const { gates } = turn.deps;
  if (gates !== undefined) beside(turn, gates.catchUp());
}

/** Reports what is finished and takes on what is ready. */
async function hop(turn: Turn): Promise<void> {
  const { deps, options } = turn;
  tellGates(turn);
  await reserve(turn);
  const claiming = isClaiming(turn);
  const calls = claiming ? turn.places.inHand() : 0;
  const settled = turn.reports;
  turn.reports = [];
  // Without a free connection the turn may have to come again: the hint stays open, and nobody else is called.
  const returning = claiming && calls === 0;
  const answer = await askNext(deps, {
    jobId: options.jobId,
    requestId: deps.machine.newUuid(),
    settled,
    capacity: { calls, local: claiming ? LOCAL_PER_TURN - localCount(turn) : 0 },
    untilMs: options.untilMs,
    hinted: turn.hinted && !returning,
    returning,
    knownDefinition: turn.plan?.hash ?? null,
    wantsEnd: isAlone(options),
    measures: deps.gates?.measures(),
  });
  if (!returning) turn.hinted = false;
  beside(turn, turn.afterwards.answered(settled, answer));
  if (answer !== null) {
    leaveOrphans(turn, settled, answer);
    begin(turn, answer);
    return;
  }
  // The shard does not answer. Its leases run out and others take over; what runs here is in vain.
  turn.places.leave();
  turn.over = true;
  turn.starved = false;
  abortAll(turn);
}

/** A child whose attempt was given up while it was submitted has nobody who waits for it. */
function leaveOrphans(
  turn: Turn,
  reports: readonly SettlementReport[],
  { settled, context }: NextAnswer,
): void {
  for (const [index, { outcome }] of reports.entries()) {
    if (context === null || outcome.ok !== 'pending' || settled[index] !== 'late') continue;
    if ('child' in outcome) beside(turn, cancelChild(turn.deps, context, outcome.child));
  }
}

function localCount({ running }: Turn): number {
  return [...running.values()].filter((work) => work.local).length;
}
