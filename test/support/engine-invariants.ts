import { isDeepStrictEqual } from 'node:util';

import { attemptKey } from '../../src/domain/job/attempt.ts';
import type { JobEvent } from '../../src/domain/job/event.ts';
import {
  isTerminal,
  type ItemState,
  type JobState,
  type StepState,
} from '../../src/domain/job/job.ts';
import { addCost, NO_COST, type CostSum } from '../../src/domain/money.ts';
import { foldItem } from '../../src/engine/fold/fold-item.ts';
import { foldEvent, unbornState } from '../../src/engine/fold/fold.ts';
import type { PlannedStep } from '../../src/engine/plan/plan.ts';
import type { EngineDriver } from './engine-driver.ts';
import { HedgeWitness } from './engine-hedges.ts';

/**
 * The invariants of `src/engine/decide.ts`, checked from the outside: over the whole history of a job, by a
 * second way of counting. A witness hears every event once, and throws with the number of what is broken.
 */
export class Witness {
  readonly #driver: EngineDriver;
  readonly #story: Story;
  /** The state as the events tell it, after a journey through storage. */
  #replayed: JobState;
  readonly #items = new Map<string, ItemState>();
  #heard = 0;

  constructor(driver: EngineDriver) {
    this.#driver = driver;
    this.#story = new Story(driver);
    const { birth, plan } = driver;
    this.#replayed = unbornState(
      birth,
      plan.steps.map(({ id }) => id),
    );
  }

  /** Hears what is new and checks all that has to hold now. */
  check(charged: ReadonlyMap<string, number | null>): void {
    const driver = this.#driver;
    const news = driver.events.slice(this.#heard);
    for (const event of news) this.#hear(event);
    for (const event of news) this.#compareItem(event);
    checkEnd(driver);
    checkCost(driver, this.#story.charges(charged));
    if (!isDeepStrictEqual(this.#replayed, throughStorage(driver.state))) {
      throw new Error('E9: the events tell another state than the stored one');
    }
    checkAlive(driver);
  }

  #hear(event: JobEvent): void {
    const before = this.#driver.events[this.#heard - 1];
    this.#heard += 1;
    if (event.seq !== this.#heard) throw new Error(`event ${this.#heard} is number ${event.seq}`);
    if (before !== undefined && before.atMs > event.atMs) throw new Error('time runs backwards');
    this.#story.tell(event);
    const stored = throughStorage(event);
    this.#replayItem(stored);
    this.#replayed = foldEvent(this.#replayed, stored);
  }

  #replayItem(event: JobEvent): void {
    const { step, item, attempt = 0, type } = event;
    if (step === undefined || item === undefined || type === 'attempt.started') return;
    const started = this.#replayed.active[attemptKey(step, item, attempt)];
    const key = `${step}[${item}]`;
    this.#items.set(key, foldItem(this.#items.get(key), event, started));
  }

  #compareItem({ step, item }: JobEvent): void {
    if (step === undefined || item === undefined) return;
    const stored = throughStorage(this.#driver.item(step, item) ?? null);
    const replayed = throughStorage(this.#items.get(`${step}[${item}]`) ?? null);
    if (!isDeepStrictEqual(stored, replayed)) throw new Error(`E9: item ${step}[${item}] differs`);
  }
}

/** E1: one terminal status, and nothing but `cost.adjusted` after it. */
function checkEnd({ events, state }: EngineDriver): void {
  const ends = events.filter(({ type }) => JOB_ENDS.has(type));
  const over = isTerminal(state.status);
  if (ends.length !== (over ? 1 : 0)) {
    throw new Error(`E1: ${state.status} with ${ends.map(({ type }) => type).join(', ')}`);
  }
  const [end] = ends;
  if (end === undefined) return;
  if (end.type !== `job.${state.status}`) throw new Error(`E1: ${state.status} after ${end.type}`);
  for (const event of events.slice(end.seq)) {
    if (event.type !== 'cost.adjusted') throw new Error(`E1: ${event.type} after ${end.type}`);
  }
}

/** The events that end a job, by name: what is tested has a list of its own. */
export const JOB_ENDS: ReadonlySet<string> = new Set([
  'job.succeeded',
  'job.partially_succeeded',
  'job.failed',
  'job.cancelled',
  'job.expired',
  'job.timed_out',
]);

const ENDED: ReadonlySet<string> = new Set(['step.succeeded', 'step.failed', 'step.skipped']);
const ATTEMPT_ENDED: ReadonlySet<string> = new Set([
  'attempt.succeeded',
  'attempt.failed',
  'attempt.lost',
  'attempt.superseded',
  'attempt.declined',
]);

/** The history told once more: E2 to E7 are checked at every event of it. */
class Story {
  readonly #driver: EngineDriver;
  /** Open attempts by their place: one, or one and its hedge. */
  readonly #open = new Map<string, ReadonlySet<string>>();
  readonly #hedges = new HedgeWitness();
  readonly #ends = new Map<string, number>();
  readonly #charges = new Map<string, number>();
  /** Calls that nobody knows the end of: they count as unpriced until a report comes. */
  readonly #unknown = new Set<string>();
  readonly #hosted = new Set<string>();
  readonly #endedSteps = new Set<string>();
  readonly #inProgress = new Map<string, Set<number>>();
  #stopped = false;
  #cancelled = false;
  /** Attempts that the provider was asked about, until what it said is charged. */
  readonly #reconciled = new Set<string>();
  /** Attempts that never came to be, or whose work is charged to another. */
  readonly #settledAtNothing = new Set<string>();

  constructor(driver: EngineDriver) {
    this.#driver = driver;
  }

  tell(event: JobEvent): void {
    const { step: id, item = null, attempt = 0, type } = event;
    if (type === 'job.cancelling' || type === 'job.paused' || JOB_ENDS.has(type))
      this.#stopped = true;
    if (type === 'job.cancelling' || JOB_ENDS.has(type)) this.#cancelled = true;
    if (type === 'job.resumed') this.#stopped = false;
    if (JOB_ENDS.has(type)) this.#leaveOpen();
    if (id === undefined) return;
    const step = this.#driver.plan.byId.get(id);
    if (step === undefined) throw new Error(`${type} about an unknown step ${id}`);
    if (event.type === 'step.queued') this.#opens(step);
    if (ENDED.has(type)) this.#endStep(id, type);
    this.#tellAttempt(event, step, attemptKey(id, item, attempt));
  }

  #tellAttempt(event: JobEvent, step: PlannedStep, key: string): void {
    if (event.type === 'attempt.started') this.#starts(event, step, key);
    if (event.type === 'attempt.succeeded' && event.data.late === true) this.#recover(event, key);
    else if (ATTEMPT_ENDED.has(event.type)) this.#endAttempt(event, key);
    if (event.type === 'attempt.polled') this.#poll(event, key);
    if (event.type === 'attempt.reconciled') this.#reconcile(event, key);
    if (event.type === 'cost.adjusted') this.#adjust(key);
  }

  /** E5 */
  #opens(step: PlannedStep): void {
    const missing = step.needs.filter((need) => !this.#endedSteps.has(need));
    if (missing.length > 0) throw new Error(`E5: ${step.id} opens before ${missing.join(', ')}`);
  }

  #starts(event: JobEvent<'attempt.started'>, step: PlannedStep, key: string): void {
    const { birth } = this.#driver;
    if (this.#stopped)
      throw new Error(`E4: ${key} starts after a cancel, in a pause or after the end`);
    const latest = Math.min(event.data.deadlineAtMs, birth.deadlineAtMs);
    if (event.atMs >= latest) throw new Error(`E4: ${key} starts ${event.atMs - latest} ms late`);
    this.#opens(step);
    const holders = this.#openAt(event);
    const { hedgeOf } = event.data;
    const beside = hedgeOf === undefined ? [] : [attemptKey(step.id, event.item ?? null, hedgeOf)];
    if ([...holders].join() !== beside.join())
      throw new Error(`E6: ${key} starts beside ${[...holders].join()}, not ${beside.join()}`);
    this.#hedges.starts(event, step);
    this.#open.set(subjectOf(event), new Set([...holders, key]));
    if (!event.data.local) this.#hosted.add(key);
    if (event.item !== undefined) this.#startItem(step, event.item);
  }

  #openAt(event: JobEvent): ReadonlySet<string> {
    return this.#open.get(subjectOf(event)) ?? new Set();
  }

  #close(event: JobEvent, key: string): void {
    if (!this.#openAt(event).has(key)) throw new Error(`E2: ${key} ends and never began`);
    const others = [...this.#openAt(event)].filter((each) => each !== key);
    if (event.type === 'attempt.succeeded' && others.length > 0)
      throw new Error(`E6: ${others.join()} runs beside the result of ${key}`);
    this.#open.set(subjectOf(event), new Set(others));
  }

  /** E7 */
  #startItem(step: PlannedStep, item: number): void {
    const items = this.#inProgress.get(step.id) ?? new Set();
    items.add(item);
    this.#inProgress.set(step.id, items);
    const limit = step.forEach?.maxConcurrency ?? 0;
    if (items.size > limit) throw new Error(`E7: ${items.size} items of ${step.id} at once`);
  }

  /** E2 */
  #endAttempt(event: JobEvent, key: string): void {
    const times = (this.#ends.get(key) ?? 0) + 1;
    this.#ends.set(key, times);
    if (times > 1) throw new Error(`E2: ${key} ends ${times} times`);
    this.#close(event, key);
    this.#hedges.ends(event);
    if (event.type === 'attempt.lost' || event.type === 'attempt.superseded') this.#leave(key);
    else if (event.type === 'attempt.failed' && event.data.abandoned === true) this.#leave(key);
    else this.#charge(key);
    const goesOn =
      event.type === 'attempt.superseded' ||
      (event.type !== 'attempt.succeeded' && ('retry' in event.data || 'leftTo' in event.data));
    if (!goesOn && event.item !== undefined) {
      this.#inProgress.get(event.step ?? '')?.delete(event.item);
    }
  }

  /** E2: a result that comes after its attempt was given up is used if nobody else has one. */
  #recover(event: JobEvent, key: string): void {
    if (this.#ends.get(key) !== 1) throw new Error(`E2: ${key} has a late result, and not one end`);
    if (!this.#unknown.has(key)) throw new Error(`E2: the result of ${key} is used twice`);
    const [holder] = this.#openAt(event);
    if (holder !== undefined) throw new Error(`E6: ${holder} runs beside the result of ${key}`);
    this.#charge(key);
    if (event.item !== undefined) this.#inProgress.get(event.step ?? '')?.delete(event.item);
  }

  /** E4 and E6: work is asked for while its attempt is open, also in a pause, and not after a cancel. */
  #poll(event: JobEvent<'attempt.polled'>, key: string): void {
    if (this.#cancelled) throw new Error(`E4: ${key} is asked for after a cancel, or the end`);
    if (!this.#openAt(event).has(key)) throw new Error(`E6: ${key} is not open`);
    if (event.data.checkAtMs <= event.atMs)
      throw new Error(`E6: ${key} is asked for twice at once`);
  }

  #reconcile({ data }: JobEvent<'attempt.reconciled'>, key: string): void {
    if (!this.#ends.has(key)) throw new Error(`E2: ${key} has not ended`);
    if (data.outcome !== 'unknown') this.#reconciled.add(key);
  }

  /** E3: what was charged by a report is not changed again, unless nobody knew what it cost. */
  #adjust(key: string): void {
    if (this.#reconciled.delete(key)) {
      this.#charges.set(key, 0);
      this.#settledAtNothing.add(key);
    }
    this.#charge(key);
  }

  /** E3 */
  #charge(key: string): void {
    const times = (this.#charges.get(key) ?? 0) + 1;
    this.#charges.set(key, times);
    if (times > 1) throw new Error(`E3: ${key} is charged ${times} times`);
    this.#unknown.delete(key);
  }

  #leaveOpen(): void {
    for (const key of [...this.#open.values()].flatMap((keys) => [...keys])) this.#leave(key);
  }

  /** Nobody knows what became of this call. */
  #leave(key: string): void {
    if (this.#hosted.has(key)) this.#unknown.add(key);
  }

  /** What is charged for every attempt: its first report, or null while nobody knows. */
  charges(reported: ReadonlyMap<string, number | null>): ReadonlyMap<string, number | null> {
    const unknown = [...this.#unknown].map((key): [string, null] => [key, null]);
    const nothing = [...this.#settledAtNothing].map((key): [string, number] => [key, 0]);
    return new Map<string, number | null>([...unknown, ...reported, ...nothing]);
  }

  #endStep(id: string, type: string): void {
    if (this.#endedSteps.has(id)) throw new Error(`E2: ${id} ends twice, with ${type}`);
    this.#endedSteps.add(id);
  }
}

function subjectOf({ step, item }: JobEvent): string {
  return `${step ?? ''}[${item ?? ''}]`;
}

/** E8: what was charged by the first report of each attempt is what the job costs, and its steps together. */
function checkCost(
  { state, items }: EngineDriver,
  charged: ReadonlyMap<string, number | null>,
): void {
  const expected = sum([...charged.values()]);
  const steps = Object.values(state.steps);
  const records = [
    ...steps.flatMap(({ attempts }) => attempts),
    ...[...items.values()].flatMap(({ attempts }) => attempts),
  ];
  const known = records.flatMap(({ facts, unpriced }) => {
    if (facts !== undefined) return [facts.costNanoUsd];
    return unpriced === true ? [null] : [];
  });
  const out = Object.values(state.active).filter(({ local }) => !local && isTerminal(state.status));
  const found = {
    job: state.cost,
    steps: total(steps.map(({ cost }) => cost)),
    attempts: sum([...known, ...out.map(() => null)]),
  };
  for (const [whose, cost] of Object.entries(found)) {
    if (isDeepStrictEqual({ ...cost }, expected)) continue;
    throw new Error(`E8: ${whose}: ${JSON.stringify(cost)}, charged: ${JSON.stringify(expected)}`);
  }
}

function sum(costs: readonly (number | null)[]): CostSum {
  return costs.reduce(addCost, NO_COST);
}

function total(sums: readonly CostSum[]): CostSum {
  return sums.reduce(
    (left, right) => ({
      nanoUsd: left.nanoUsd + right.nanoUsd,
      unpricedAttempts: left.unpricedAttempts + right.unpricedAttempts,
    }),
    NO_COST,
  );
}

/** A job that is not over has someone or something to wait for: else it would stand for ever. */
function checkAlive(driver: EngineDriver): void {
  const { state } = driver;
  if (isTerminal(state.status)) return;
  const dueAtMs = driver.dueAtMs();
  if (!(dueAtMs > driver.nowMs)) {
    throw new Error(`due ${driver.nowMs - dueAtMs} ms ago, though the engine has just been asked`);
  }
  if (!Number.isFinite(dueAtMs)) throw new Error('the job waits for nothing');
  if (state.status === 'cancelling') return;
  for (const [id, step] of Object.entries(state.steps)) checkRunning(state, id, step);
}

function checkRunning({ active }: JobState, id: string, { phase }: StepState): void {
  const held = Object.values(active).some(({ step }) => step === id);
  if (phase.status === 'running' && !held) throw new Error(`${id} runs in nobody's hands`);
}

function throughStorage<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}
