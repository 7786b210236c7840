import { array, assert, constantFrom, integer, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { BudgetRefusal } from '../../src/domain/budget.ts';
import type { JobId } from '../../src/domain/ids.ts';
import { isTerminal } from '../../src/domain/job/job.ts';
import { atMostNanoUsd } from '../../src/engine/attempts/job-budget.ts';
import type { Settlement } from '../../src/engine/attempts/settlement.ts';
import { foldEvent, unbornState } from '../../src/engine/fold/fold.ts';
import { EngineDriver, parseKey, type DefinitionBody } from '../support/engine-driver.ts';

const LIMIT = 1_000;

const child = { uses: 'pipeline' as const, with: { pipeline: 'below', input: {} } };

/** A job with a limit whose only step makes a child for each item, or one child. */
function parent(items: number | null, more: Partial<DefinitionBody['steps'][number]> = {}) {
  const map =
    items === null
      ? {}
      : {
          for_each: '${{ input.list }}',
          max_concurrency: 40,
          on_item_failure: 'continue' as const,
        };
  const body: DefinitionBody = {
    budget: { max_cost_usd: LIMIT / 1e9 },
    timeouts: { job: '30d' },
    steps: [{ id: 'sub', ...child, ...map, ...more }],
  };
  const list = Array.from({ length: items ?? 0 }, (_, index) => index);
  return new EngineDriver(body, { random: [0.5], input: { list } });
}

type Outcome = Settlement['outcome'];

function report(job: EngineDriver, key: string, outcome: Outcome, costNanoUsd: number | null = 0) {
  const facts = { latencyMs: 1, costNanoUsd };
  job.decide({
    kind: 'turn',
    settled: [{ ...parseKey(key), facts, outcome }],
    claim: null,
  });
}

/** The runner has made a child that may cost so much. */
function pass(job: EngineDriver, key: string, allowanceNanoUsd: number): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the engine does not read it
  report(job, key, { ok: 'pending', child: `job_${key}` as JobId, allowanceNanoUsd });
}

function short(estimateNanoUsd: number | null): BudgetRefusal {
  const nothing = { limitNanoUsd: 0, spentNanoUsd: 0, reservedNanoUsd: 0, resetsAtMs: null };
  return { budgetId: 'job', onExceed: 'reject', estimateNanoUsd, ...nothing };
}

/** The runner has made no child, because its pipeline wants more; or its child needed more. */
function ask(job: EngineDriver, key: string, needs: number | null, wants?: number): void {
  const more = wants === undefined ? {} : { wantsNanoUsd: wants };
  const untilAtMs = job.nowMs + 2_000;
  report(job, key, {
    ok: 'declined',
    reason: 'budget',
    refusal: short(needs),
    ...more,
    untilAtMs,
  });
}

const held = (job: EngineDriver, key: string) => job.state.active[key]?.allowanceNanoUsd;

describe('the children of a job with a limit', () => {
  test('get equal shares of what is left, and one alone gets all of it', () => {
    expect(held(claimed(parent(4)), 'sub[3]#1')).toBe(250);
    expect(held(claimed(parent(null)), 'sub#1')).toBe(LIMIT);
  });

  test('hold what they were born with, and then what they have spent', () => {
    const job = claimed(parent(4));
    pass(job, 'sub[0]#1', 100);
    expect(atMostNanoUsd(job.state)).toBe(850);
    report(job, 'sub[0]#1', { ok: true, output: stored() }, 30);
    expect(atMostNanoUsd(job.state)).toBe(780);
    pass(job, 'sub[1]#1', 0);
    expect(atMostNanoUsd(job.state)).toBe(530);
  });

  test('get what their pipeline may cost, or less where less will ever be left', () => {
    const job = claimed(parent(4));
    ask(job, 'sub[0]#1', null, 900);
    expect(job.claim()).toEqual([]);
    for (const item of [1, 2, 3]) {
      report(job, `sub[${item}]#1`, { ok: true, output: stored() }, 30);
    }
    job.waitUntil(job.dueAtMs());
    expect(job.claim()).toEqual(['sub[0]#2']);
    expect(held(job, 'sub[0]#2')).toBe(910);
    ask(job, 'sub[0]#2', null, 5_000);
    expect(held(claimed(job), 'sub[0]#3')).toBe(910);
  });

  test('fail at no cost where nothing is left', () => {
    const job = claimed(parent(null, { retry: { max_attempts: 1 } }));
    ask(job, 'sub#1', 1_001);
    expect(job.state).toMatchObject({ status: 'failed', cost: { nanoUsd: 0 } });
    expect(job.phase('sub')).toMatchObject({ failure: { class: 'budget_exceeded' } });
    expect(job.state.neededNanoUsd).toBe(1_001);
  });

  test('keep what they hold while their runner is lost, for the attempt that finds them', () => {
    const job = claimed(parent(null));
    job.lose('sub#1');
    expect(atMostNanoUsd(job.state)).toBe(LIMIT);
    expect(held(claimed(job), 'sub#2')).toBe(LIMIT);
    pass(job, 'sub#2', 400);
    expect(atMostNanoUsd(job.state)).toBe(400);
    report(job, 'sub#2', { ok: true, output: stored() }, 40);
    expect(atMostNanoUsd(job.state)).toBe(40);
    expect(job.state.assumedNanoUsd).toBeUndefined();
  });

  test('count as the most that they may have cost where nobody knows, or nobody looks for them', () => {
    const unknown = claimed(parent(null));
    pass(unknown, 'sub#1', 400);
    const facts = { latencyMs: 1, costNanoUsd: null, estimateNanoUsd: 70 };
    const outcome: Outcome = { ok: true, output: stored() };
    unknown.decide({
      kind: 'turn',
      settled: [{ step: 'sub', item: null, attempt: 1, facts, outcome }],
      claim: null,
    });
    expect(unknown.state.assumedNanoUsd).toBe(70);
    const given = claimed(parent(null, { timeouts: { step: '1m' }, on_failure: 'continue' }));
    given.lose('sub#1');
    given.wait(61_000);
    expect(given.phase('sub')).toMatchObject({ status: 'failed' });
    expect(atMostNanoUsd(given.state)).toBe(LIMIT);
  });

  test('never spend more than it has together, whatever is lost on the way', () => {
    const plan = record({
      own: constantFrom(null, 120, 300, 2_000),
      needs: integer({ min: 0, max: 400 }),
      share: integer({ min: 0, max: 100 }),
      fate: constantFrom('ends', 'ends', 'lost', 'unknown'),
    });
    assert(
      property(array(plan, { minLength: 1, maxLength: 12, size: 'max' }), (children) => {
        const job = parent(children.length);
        const world = new Children(job, children);
        for (let turn = 0; turn < 300 && !isTerminal(job.status); turn += 1) world.turn();
        expect(isTerminal(job.status)).toBe(true);
        expect(world.paid).toBeLessThanOrEqual(LIMIT);
        expect(world.mostHeld).toBeLessThanOrEqual(LIMIT);
        expect(job.events.reduce(foldEvent, unbornState(job.birth, ['sub']))).toEqual(job.state);
      }),
      { numRuns: 150 },
    );
  });
});

function claimed(job: EngineDriver): EngineDriver {
  job.claim();
  return job;
}

function stored() {
  return { at: 'row', key: 'output/sub', bytes: 2, sha256: '' } as const;
}

type Plan = {
  readonly own: number | null;
  /** What its only call may cost. */
  readonly needs: number;
  /** How much of that it does cost, in hundredths. */
  readonly share: number;
  readonly fate: 'ends' | 'lost' | 'unknown';
};

/** Children as their runners and their own jobs treat them, each with one call. */
class Children {
  readonly #job: EngineDriver;
  readonly #plans: readonly Plan[];
  /** The limit that each child was born with; found again by the attempt after a lost one. */
  readonly #born = new Map<number, number>();
  readonly #lost = new Set<number>();
  paid = 0;
  mostHeld = 0;

  constructor(job: EngineDriver, plans: readonly Plan[]) {
    this.#job = job;
    this.#plans = plans;
  }

  turn(): void {
    const job = this.#job;
    for (const key of job.claim()) this.#begin(key);
    const [open] = job.activeKeys;
    if (open !== undefined) this.#end(open);
    else if (!isTerminal(job.status)) job.waitUntil(Math.max(job.dueAtMs(), job.nowMs));
    this.mostHeld = Math.max(this.mostHeld, atMostNanoUsd(job.state));
  }

  #planOf(key: string): readonly [number, Plan] {
    const item = parseKey(key).item ?? 0;
    return [item, this.#plans[item] ?? { own: null, needs: 0, share: 0, fate: 'ends' }];
  }

  #begin(key: string): void {
    const [item, { own, fate }] = this.#planOf(key);
    const allowance = held(this.#job, key) ?? 0;
    const asked = this.#askedOf(item);
    const known = this.#born.get(item);
    if (known === undefined && allowance < Math.max(1, asked ?? own ?? 1)) {
      ask(this.#job, key, null, own ?? asked);
      return;
    }
    this.#born.set(item, known ?? Math.min(allowance, own ?? allowance));
    if (fate === 'lost' && !this.#lost.has(item)) {
      this.#lost.add(item);
      this.#job.lose(key);
      return;
    }
    pass(this.#job, key, this.#born.get(item) ?? 0);
  }

  #askedOf(item: number): number | undefined {
    const attempts = this.#job.item('sub', item)?.attempts ?? [];
    return attempts.findLast(({ outcome }) => outcome !== 'lost')?.declined?.askedNanoUsd;
  }

  #end(key: string): void {
    const [item, { own, needs, share, fate }] = this.#planOf(key);
    const limit = this.#born.get(item) ?? 0;
    this.#born.delete(item);
    const failure = { class: 'child_failed', phase: 'finished', message: 'it costs too much' };
    if (needs > limit) {
      if (needs <= (own ?? Infinity)) ask(this.#job, key, needs, own ?? undefined);
      else report(this.#job, key, { ok: false, failure: { ...failure } as never });
      return;
    }
    const cost = Math.floor((needs * share) / 100);
    this.paid += cost;
    if (fate !== 'unknown') {
      report(this.#job, key, { ok: true, output: stored() }, cost);
      return;
    }
    const facts = { latencyMs: 1, costNanoUsd: null, estimateNanoUsd: needs };
    const outcome: Outcome = { ok: true, output: stored() };
    this.#job.decide({
      kind: 'turn',
      settled: [{ ...parseKey(key), facts, outcome }],
      claim: null,
    });
  }
}
