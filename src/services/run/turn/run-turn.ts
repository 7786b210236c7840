import type { Definition } from '../../../domain/definition/definition.ts';
import type { JobId } from '../../../domain/ids.ts';
import { isEffectKind } from '../../../domain/definition/step-kinds.ts';
import type { Plan } from '../../../engine/plan/plan.ts';
import type { JobShard } from '../../ports/job-shard/job-shard.ts';
import type { JobSnapshot } from '../../ports/job-shard/snapshot.ts';
import type { NextAnswer, SettlementReport } from '../../ports/job-shard/turn.ts';
import type { WorkItem } from '../../ports/job-shard/work-item.ts';
import { makeStop } from '../../stop.ts';
import { makeAfterwards, type Afterwards } from './afterwards.ts';
import type { Attempt, ExecuteDeps } from '../attempt.ts';
import { untilDeadline } from './until-deadline.ts';
import { cancelChild, doChores } from '../chores.ts';
import { makeHedgeTimer, type HedgeTimer } from './hedge-timer.ts';
import { holdPlace } from '../calls/hold-place.ts';
import { askNext, renewWhileRunning } from './shard-calls.ts';
import type { Slots } from './slots.ts';
import { turnDeps } from './turn-deps.ts';
import { makeTurnPlaces, type TurnPlaces } from './turn-places.ts';

export type TurnDeps = ExecuteDeps & {
  readonly shard: JobShard;
  /** Connections, shared by all turns of this invocation. */
  readonly calls: Slots;
};

export type TurnOptions = {
  readonly jobId: JobId;
  /** True when a wake hint began this turn. */
  readonly hinted: boolean;
  /** The end of the runner's life; nothing that may last longer is taken on. */
  readonly untilMs: number;
  /** From this moment on nothing new is taken on; what runs is brought to its end. */
  readonly claimUntilMs: number;
  /** The first work, when it came with the submit's answer. */
  readonly first: { readonly answer: NextAnswer; readonly definition: Definition } | null;
};

/** Work inside the Worker that one turn holds; it is carried out one piece after the other. */
const LOCAL_PER_TURN = 16;
const CALLS_PER_TURN = 6;

type Turn = {
  readonly deps: TurnDeps;
  readonly options: TurnOptions;
  plan: { readonly hash: string; readonly plan: Plan } | null;
  /** The hint that began this turn, until the shard has been told of it. */
  hinted: boolean;
  over: boolean;
  /** True when the shard had more work than there were places for. */
  starved: boolean;
  /** True when several calls at once are of use: more than one place is asked for, where they lie free. */
  wide: boolean;
  readonly places: TurnPlaces;
  /** Steps of which work was handed out. */
  readonly begun: Set<string>;
  readonly running: Map<string, Running>;
  readonly hedges: HedgeTimer;
  /** Attempts beside which another one had a result first. */
  readonly superseded: Set<string>;
  /** The end of the local work taken on so far. */
  local: Promise<void>;
  /** Reports that the shard has not taken yet. */
  reports: SettlementReport[];
  /** The job, once it is over, where the runner wants to see it. */
  end: JobSnapshot | null;
  /** What waits for the shard's answers to reports. */
  readonly afterwards: Afterwards;
  /** What is done for other jobs meanwhile. */
  chores: Promise<void>;
};

type Running = {
  readonly abort: AbortController;
  readonly done: Promise<void>;
  readonly local: boolean;
  /** True for work that computes: it is carried out one piece after the other. */
  readonly queued: boolean;
};

/**
 * A runner's visit to a job: claim, execute, settle, claim again, until the job is blocked or over. One call a
 * hop; results that arrive together are reported together. Gives the job if it is over and `first` was given.
 */
export async function runTurn(deps: TurnDeps, options: TurnOptions): Promise<JobSnapshot | null> {
  const turn: Turn = {
    deps: turnDeps(deps),
    options,
    plan: null,
    hinted: options.hinted,
    over: false,
    starved: false,
    wide: isAlone(options),
    places: makeTurnPlaces(deps.calls, deps.machine),
    begun: new Set(),
    running: new Map(),
    hedges: makeHedgeTimer(deps.machine),
    superseded: new Set(),
    local: Promise.resolve(),
    reports: [],
    end: null,
    afterwards: makeAfterwards(),
    chores: Promise.resolve(),
  };
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

/** A request's connections are its own; the turns of a batch share them. */
function isAlone({ first }: TurnOptions): boolean {
  return first !== null;
}

function isClaiming({ deps, options, over }: Turn): boolean {
  return !over && deps.machine.nowMs() < options.claimUntilMs;
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

function takeChores(turn: Turn, { chores, context }: NextAnswer): void {
  if (chores == null || context === null) return;
  beside(turn, doChores(turn.deps, context, chores, turn.plan?.plan ?? null));
}

/** Lets something be done beside the steps; the turn does not end before it. */
function beside(turn: Turn, work: Promise<void>): void {
  turn.chores = Promise.all([turn.chores, work]).then(() => {});
}

function localCount({ running }: Turn): number {
  return [...running.values()].filter((work) => work.local).length;
}

/** Starts the work of an answer. Places that it does not need go back. */
function begin(turn: Turn, answer: NextAnswer): void {
  turn.over ||= answer.job !== 'open';
  turn.end = answer.end ?? turn.end;
  turn.starved = answer.starved;
  if (!answer.starved) turn.wide = isAlone(turn.options);
  else if (answer.work.length > 0) turn.wide = true;
  startAll(turn, answer);
  // Last, so that it reaches what was handed out in the same breath.
  for (const key of answer.cancel) {
    if (answer.superseded?.includes(key) === true) turn.superseded.add(key);
    turn.running.get(key)?.abort.abort('cancel');
  }
  if (turn.over) abortAll(turn);
}

function startAll(turn: Turn, answer: NextAnswer): void {
  const { places } = turn;
  rememberPlan(turn, answer);
  takeChores(turn, answer);
  for (const work of answer.work) {
    const outgoing = isOutgoing(turn, work);
    // Work that came with the submit's answer has reserved nothing.
    if (outgoing) places.takeUpTo(1);
    const holds = outgoing && places.inHand() > 0;
    startWork(turn, answer, work, { outgoing, holds });
    if (holds) places.use();
  }
  if (answer.starved) places.giveBack();
  else places.leave();
}

function rememberPlan(turn: Turn, { definition, context }: NextAnswer): void {
  if (definition === null || context === null) return;
  const { plans } = turn.deps;
  const hash = context.definitionHash;
  turn.plan = { hash, plan: plans.get(hash) ?? plans.put(hash, definition) };
}

function isOutgoing(turn: Turn, { target }: WorkItem): boolean {
  if (target === null) return false;
  return turn.deps.providers.get(target.provider)?.capabilities.local !== true;
}

type Slot = { readonly outgoing: boolean; readonly holds: boolean };

function startWork(turn: Turn, { context }: NextAnswer, work: WorkItem, slot: Slot): void {
  const { deps } = turn;
  const step = turn.plan?.plan.byId.get(work.step);
  if (context === null || turn.plan === null || step === undefined) {
    throw new Error(`work for an unknown step: ${work.step}`);
  }
  turn.begun.add(work.step);
  const abort = new AbortController();
  const place = holdPlace(deps.calls, slot.holds, abort.signal);
  const { plan } = turn.plan;
  const attempt: Attempt = {
    job: context,
    plan,
    step,
    work,
    signal: abort.signal,
    onHeaders: place.release,
    placeAgain: place.again,
    isSuperseded: () => turn.superseded.has(work.key),
    beside: (done) => beside(turn, done),
    onSettled: (then) => turn.afterwards.note(work.key, then),
  };
  const execute = async (): Promise<void> => {
    const report = await untilDeadline(deps, attempt, abort);
    place.release();
    turn.running.delete(work.key);
    turn.hedges.drop(work.key);
    turn.reports.push(report);
  };
  // What waits for others does not hold up what computes.
  const queued = !slot.outgoing && !isEffectKind(step.definition.uses);
  const done = queued ? turn.local.then(execute) : execute();
  if (queued) turn.local = done;
  turn.hedges.note(work);
  turn.running.set(work.key, { abort, done, local: !slot.outgoing, queued });
}

function abortAll({ running }: Turn): void {
  for (const { abort } of running.values()) abort.abort('cancel');
}
