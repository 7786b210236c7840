import * as fc from 'fast-check';

import type { JobId } from '../../src/domain/ids.ts';
import type { SettlementReport } from '../../src/services/ports/job-shard/turn.ts';
import type { DefinitionBody } from './engine-driver.ts';
import type { ShardDriver } from './shard-driver.ts';

/** Random days in the life of a shard: runners come and go, messages are lost, the object is restarted. */

const openai = { provider: 'openai', model: 'm' };
const groq = { provider: 'groq', model: 'm' };

const definitions: readonly DefinitionBody[] = [
  {
    steps: [
      { id: 'a', uses: 'data.compose' },
      { id: 'b', uses: 'data.compose', needs: ['a'] },
    ],
  },
  {
    steps: [
      {
        id: 'a',
        uses: 'model.chat',
        route: { targets: [openai, groq] },
        check: { schema: {}, re_ask: 1 },
      },
      { id: 'b', uses: 'data.compose', if: '${{ has(steps.a.output.n) && steps.a.output.n > 1 }}' },
    ],
    timeouts: { job: '10m', queue: '5m' },
  },
  {
    steps: [
      {
        id: 'm',
        uses: 'model.chat',
        for_each: '${{ input.list }}',
        max_concurrency: 3,
        route: { targets: [openai] },
      },
      {
        id: 'n',
        uses: 'data.compose',
        for_each: '${{ steps.m.output }}',
        timeouts: { step: '2m' },
      },
    ],
  },
];

export type Deed =
  | {
      readonly kind: 'submit';
      readonly which: number;
      readonly key: number | null;
      readonly runs: boolean;
    }
  | {
      readonly kind: 'run';
      readonly which: number;
      readonly hinted: boolean;
      readonly local: number;
    }
  | {
      readonly kind: 'report';
      readonly which: number;
      readonly how: 'good' | 'big' | 'bad' | 'fatal';
      readonly twice: boolean;
    }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'history'; readonly how: 'deliver' | 'drop' | 'newest' }
  | { readonly kind: 'cancel'; readonly which: number }
  | { readonly kind: 'fault'; readonly what: 'wakes' | 'history' }
  | { readonly kind: 'dropWakes' | 'restart' | 'alarm' | 'die' };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('submit' as const),
      which: fc.nat(definitions.length - 1),
      key: fc.option(fc.nat(3)),
      runs: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('run' as const),
      which: fc.nat(),
      hinted: fc.boolean(),
      local: fc.integer({ min: 0, max: 4 }),
    }),
  },
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constant('report' as const),
      which: fc.nat(),
      how: fc.constantFrom(
        'good' as const,
        'good' as const,
        'big' as const,
        'bad' as const,
        'fatal' as const,
      ),
      twice: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(1, 200, 5_000, 31_000, 40_000, 200_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('history' as const),
      how: fc.constantFrom(
        'deliver' as const,
        'deliver' as const,
        'drop' as const,
        'newest' as const,
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), which: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      what: fc.constantFrom('wakes' as const, 'history' as const),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'dropWakes' as const,
        'restart' as const,
        'alarm' as const,
        'die' as const,
      ),
    }),
  },
);

export const anyDays = fc.array(deed, { minLength: 10, maxLength: 60, size: 'max' });

type Held = { readonly jobId: JobId; readonly key: string };

export class ShardPlayer {
  readonly #driver: ShardDriver;
  readonly jobs: JobId[] = [];
  /** What runners hold, dead ones too: their reports may still come. */
  #held: Held[] = [];
  #reports: { readonly jobId: JobId; readonly report: SettlementReport }[] = [];

  constructor(driver: ShardDriver) {
    this.#driver = driver;
  }

  async play(next: Deed): Promise<void> {
    switch (next.kind) {
      case 'submit':
        this.#submit(next);
        return;
      case 'run':
        this.#run(pick(this.jobs, next.which), next);
        return;
      case 'report':
        this.#report(next);
        return;
      case 'cancel': {
        const jobId = pick(this.jobs, next.which);
        if (jobId !== undefined) this.#driver.shard.cancel({ jobId, by: 'key_1' });
        return;
      }
      default:
        await this.#happen(next);
    }
  }

  /** What nobody does, and yet it happens. */
  async #happen(
    next: Exclude<Deed, { kind: 'submit' | 'run' | 'report' | 'cancel' }>,
  ): Promise<void> {
    const driver = this.#driver;
    switch (next.kind) {
      case 'pass':
        await driver.pass(next.ms);
        return;
      case 'alarm':
        await driver.fireAlarm();
        return;
      case 'history':
        this.#history(next.how);
        return;
      case 'fault':
        driver.failing[next.what] += 1;
        return;
      case 'dropWakes':
        driver.wakes = [];
        return;
      case 'restart':
        driver.restart();
        return;
      case 'die':
        this.#held = [];
        return;
    }
  }

  #history(how: 'deliver' | 'drop' | 'newest'): void {
    const driver = this.#driver;
    const newest = driver.history.at(-1);
    if (how === 'drop') driver.history = [];
    else driver.deliverHistory((message) => how === 'deliver' || message === newest);
  }

  #submit({ which, key, runs }: Extract<Deed, { kind: 'submit' }>): void {
    const body = definitions[which];
    if (body === undefined) return;
    const answer = this.#driver.submit(body, {
      input: { list: [1, 2, 3, 4] },
      ...(key === null ? {} : { key: `key-${key}`, bodyHash: `body-${which}` }),
      ...(runs ? { turn: { capacity: { calls: 1, local: 1 } } } : {}),
    });
    if (answer.kind !== 'created') return;
    const { id } = answer.snapshot.state.birth;
    this.jobs.push(id);
    for (const work of answer.turn?.work ?? []) this.#held.push({ jobId: id, key: work.key });
  }

  #run(jobId: JobId | undefined, { hinted, local }: { hinted: boolean; local: number }): void {
    if (jobId === undefined) return;
    const capacity = { calls: local, local };
    const { work } = this.#driver.next(jobId, { hinted, capacity, returning: local === 0 });
    for (const { key } of work) this.#held.push({ jobId, key });
  }

  #report({ which, how, twice }: Extract<Deed, { kind: 'report' }>): void {
    const held = pick(this.#held, which);
    if (held === undefined) return;
    const report = this.#reportOf(held, how);
    this.#reports.push({ jobId: held.jobId, report });
    if (!twice) this.#held = this.#held.filter((other) => other !== held);
    this.#driver.settle(held.jobId, report);
  }

  #reportOf({ jobId, key }: Held, how: 'good' | 'big' | 'bad' | 'fatal'): SettlementReport {
    const driver = this.#driver;
    const facts = { costNanoUsd: 7 };
    switch (how) {
      case 'good':
        return driver.succeeded(jobId, key, { n: 2 }, facts);
      case 'big':
        return driver.succeeded(jobId, key, { n: 1, text: 'x'.repeat(12_000) }, facts);
      case 'bad':
        return driver.failed(key, { class: 'output_invalid' }, facts, 'rejected '.repeat(2_000));
      case 'fatal':
        return driver.failed(key, { class: 'rate_limited', retryAfterMs: 2_000 }, facts);
    }
  }

  /** Nothing stands in the way any more: hints are answered, history is stored, time passes. */
  async playFairly(): Promise<void> {
    const driver = this.#driver;
    Object.assign(driver.failing, { wakes: 0, history: 0 });
    for (let round = 0; round < 60; round += 1) {
      await driver.pass(60_000);
      for (const wake of driver.wakes.splice(0)) this.#workThrough(wake.job_id);
      await driver.pass(200);
      driver.deliverHistory();
      if (this.jobs.every((jobId) => driver.isOver(jobId) && this.#isRecorded(jobId))) return;
    }
    throw new Error(`not over: ${JSON.stringify(this.jobs.map((jobId) => driver.state(jobId)))}`);
  }

  #workThrough(jobId: JobId): void {
    const driver = this.#driver;
    let answer = driver.next(jobId, { hinted: true });
    while (answer.work.length > 0) {
      const settled = answer.work.map(({ key }) => driver.succeeded(jobId, key, { n: 2 }));
      answer = driver.next(jobId, { settled });
    }
  }

  #isRecorded(jobId: JobId): boolean {
    return this.#driver.recorded.get(jobId)?.events.size === this.#driver.state(jobId).seq;
  }

  /** Everything that was ever reported is reported again. */
  repeatReports(): void {
    for (const { jobId, report } of this.#reports) this.#driver.settle(jobId, report);
  }
}

function pick<Value>(values: readonly Value[], which: number): Value | undefined {
  return values[which % Math.max(1, values.length)];
}
