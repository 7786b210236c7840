import { expect } from 'vitest';

import { attemptKey } from '../../src/domain/attempt.ts';
import type { JobEvent } from '../../src/domain/event.ts';
import { isTerminal, type JobState, type StepState } from '../../src/domain/job.ts';
import { addCost, NO_COST, type CostSum } from '../../src/domain/money.ts';
import { foldEvent, unbornState } from '../../src/engine/fold.ts';
import type { PlannedStep } from '../../src/engine/plan.ts';
import type { EngineDriver } from './engine-driver.ts';

/**
 * The invariants of `src/engine/decide.ts`, checked from the outside: over the whole history of a job, by a
 * second, slower way of counting. Each throws with the number of what is broken.
 */
export function checkHistory(driver: EngineDriver, charged: ReadonlyMap<string, number | null>): void {
  checkNumbers(driver.events);
  checkEnd(driver);
  const story = new Story(driver);
  for (const event of driver.events) story.tell(event);
  checkCost(driver, charged);
  checkReplay(driver);
  checkAlive(driver);
}

function checkNumbers(events: readonly JobEvent[]): void {
  for (const [index, event] of events.entries()) {
    if (event.seq !== index + 1) throw new Error(`event ${index + 1} has the number ${event.seq}`);
    const before = events[index - 1];
    if (before !== undefined && before.atMs > event.atMs) throw new Error('time runs backwards');
  }
}

/** E1: one terminal status, and nothing but `cost.adjusted` after it. */
function checkEnd({ events, state }: EngineDriver): void {
  const ends = events.filter(({ type }) => TERMINAL.has(type));
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

const TERMINAL: ReadonlySet<string> = new Set([
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
]);

/** The history told once more: E2 to E7 are checked at every event of it. */
class Story {
  readonly #driver: EngineDriver;
  readonly #open = new Map<string, string>();
  readonly #ends = new Map<string, number>();
  readonly #charges = new Map<string, number>();
  readonly #endedSteps = new Set<string>();
  readonly #inProgress = new Map<string, Set<number>>();
  #stopped = false;

  constructor(driver: EngineDriver) {
    this.#driver = driver;
  }

  tell(event: JobEvent): void {
    const { step: id, item = null, attempt = 0, type } = event;
    if (type === 'job.cancelling' || TERMINAL.has(type)) this.#stopped = true;
    if (id === undefined) return;
    const step = this.#driver.plan.byId.get(id);
    if (step === undefined) throw new Error(`${type} about an unknown step ${id}`);
    const key = attemptKey(id, item, attempt);
    if (event.type === 'step.queued') this.#opens(step);
    if (event.type === 'attempt.started') this.#starts(event, step, key);
    if (ATTEMPT_ENDED.has(type)) this.#ends_(event, key);
    if (type === 'cost.adjusted') this.#charge(key);
    if (ENDED.has(type)) this.#endStep(id, type);
  }

  /** E5 */
  #opens(step: PlannedStep): void {
    const missing = step.needs.filter((need) => !this.#endedSteps.has(need));
    if (missing.length > 0) throw new Error(`E5: ${step.id} opens before ${missing.join(', ')}`);
  }

  #starts(event: JobEvent<'attempt.started'>, step: PlannedStep, key: string): void {
    const { birth } = this.#driver;
    if (this.#stopped) throw new Error(`E4: ${key} starts after a cancel or the end`);
    const latest = Math.min(event.data.deadlineAtMs, birth.deadlineAtMs);
    if (event.atMs >= latest) throw new Error(`E4: ${key} starts ${event.atMs - latest} ms late`);
    this.#opens(step);
    const subject = subjectOf(event);
    const holder = this.#open.get(subject);
    if (holder !== undefined) throw new Error(`E6: ${key} starts while ${holder} runs`);
    this.#open.set(subject, key);
    if (event.item !== undefined) this.#startItem(step, event.item);
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
  #ends_(event: JobEvent, key: string): void {
    const times = (this.#ends.get(key) ?? 0) + 1;
    this.#ends.set(key, times);
    if (times > 1) throw new Error(`E2: ${key} ends ${times} times`);
    if (this.#open.get(subjectOf(event)) !== key) throw new Error(`E2: ${key} ends and never began`);
    this.#open.delete(subjectOf(event));
    if (event.type !== 'attempt.lost') this.#charge(key);
    const goesOn = event.type !== 'attempt.succeeded' && 'retry' in event.data;
    if (!goesOn && event.item !== undefined) {
      this.#inProgress.get(event.step ?? '')?.delete(event.item);
    }
  }

  /** E3 */
  #charge(key: string): void {
    const times = (this.#charges.get(key) ?? 0) + 1;
    this.#charges.set(key, times);
    if (times > 1) throw new Error(`E3: ${key} is charged ${times} times`);
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
function checkCost({ state, items }: EngineDriver, charged: ReadonlyMap<string, number | null>): void {
  const expected = sum([...charged.values()]);
  expect(state.cost, 'E8: the job costs the sum of its attempts').toEqual(expected);
  const steps = Object.values(state.steps);
  expect(total(steps.map(({ cost }) => cost)), 'E8: steps cost what the job costs').toEqual(expected);
  const records = [
    ...steps.flatMap(({ attempts }) => attempts),
    ...[...items.values()].flatMap(({ attempts }) => attempts),
  ];
  const known = records.flatMap(({ facts }) => (facts === undefined ? [] : [facts.costNanoUsd]));
  expect(sum(known), 'E8: every charge has its attempt').toEqual(expected);
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

/** E9: the events, after a journey through storage, fold to the state that is stored. */
function checkReplay({ birth, plan, events, state }: EngineDriver): void {
  const stored = throughStorage(events);
  const unborn = unbornState(birth, plan.steps.map(({ id }) => id));
  expect(throughStorage(stored.reduce(foldEvent, unborn)), 'E9').toEqual(throughStorage(state));
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
  for (const [id, step] of Object.entries(state.steps)) checkRunning(state, id, step);
}

function checkRunning({ active }: JobState, id: string, { phase }: StepState): void {
  const held = Object.values(active).some(({ step }) => step === id);
  if (phase.status === 'running' && !held) throw new Error(`${id} runs in nobody's hands`);
}

function throughStorage<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}
