import { isEffectKind } from '../../../domain/definition/step-kinds.ts';
import type { NextAnswer } from '../../ports/job-shard/turn.ts';
import type { WorkItem } from '../../ports/job-shard/work-item.ts';
import type { Attempt } from '../attempt.ts';
import { holdPlace } from '../calls/hold-place.ts';
import { doChores } from '../chores.ts';
import { abortAll, beside, isAlone, type Turn } from './turn.ts';
import { untilDeadline } from './until-deadline.ts';

/** Starts the work of an answer. Places that it does not need go back. */
export function begin(turn: Turn, answer: NextAnswer): void {
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

function takeChores(turn: Turn, { chores, context }: NextAnswer): void {
  if (chores == null || context === null) return;
  beside(turn, doChores(turn.deps, context, chores, turn.plan?.plan ?? null));
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
