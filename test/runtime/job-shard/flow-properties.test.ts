import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { priorities, type JobFlow } from '../../../src/domain/job/flow.ts';
import { isTerminal, type JobState } from '../../../src/domain/job/job.ts';
import type { JobId } from '../../../src/domain/ids.ts';
import type { Book } from '../../../src/runtime/job-shard/book.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { FlowDriver, type Fault } from '../../support/flow-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

const RUNS = 150;
const KEY_LIMITS: Readonly<Record<string, number>> = { one: 1, two: 2 };
const PROJECT_LIMIT = 2;

const bodies: readonly DefinitionBody[] = [
  { steps: [{ id: 'a', uses: 'data.compose' }] },
  {
    steps: [
      { id: 'a', uses: 'data.compose' },
      { id: 'w', uses: 'wait', needs: ['a'], with: { duration: '1m' } },
      { id: 'b', uses: 'data.compose', needs: ['w'] },
    ],
  },
  { steps: [{ id: 'a', uses: 'data.compose' }], timeouts: { queue: '2m' } },
];

const deed = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('create' as const),
      body: fc.nat(bodies.length - 1),
      key: fc.constantFrom('one', 'two'),
      priority: fc.constantFrom(...priorities),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('claim' as const, 'finish' as const, 'finish' as const),
      which: fc.nat(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('cancel' as const, 'pause' as const, 'resume' as const),
      which: fc.nat(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      fault: fc.constantFrom<Fault>('lost', 'answer_lost', 'twice', 'late'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(1, 5_000, 31_000, 70_000, 200_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('restartShard' as const, 'restartFlow' as const, 'late' as const),
    }),
  },
);
type Deed = typeof deed extends fc.Arbitrary<infer Value> ? Value : never;

class World {
  readonly driver = new ShardDriver();
  readonly flow = new FlowDriver(this.driver);
  readonly jobs: JobId[] = [];

  async play(next: Deed): Promise<void> {
    const { driver } = this;
    if (next.kind === 'create') {
      this.#create(next.body, next.key, next.priority);
    } else if ('which' in next) {
      this.#act(next.kind, this.jobs[next.which % Math.max(1, this.jobs.length)]);
    } else if (next.kind === 'fault') this.flow.faults.push(next.fault);
    else if (next.kind === 'pass') await driver.pass(next.ms);
    else if (next.kind === 'late') this.flow.deliverLate();
    else if (next.kind === 'restartShard') driver.restart();
    else this.flow.restart();
    await driver.quiet();
  }

  #create(which: number, key: string, priority: JobFlow['priority']): void {
    const flow = { key, keyLimit: KEY_LIMITS[key] ?? 1, projectLimit: PROJECT_LIMIT, priority };
    const body = bodies[which];
    if (body !== undefined) this.jobs.push(this.driver.create(body, { flow }));
  }

  #act(kind: 'claim' | 'finish' | 'cancel' | 'pause' | 'resume', jobId: JobId | undefined): void {
    if (jobId === undefined) return;
    if (kind === 'claim') this.driver.claim(jobId, { hinted: true });
    else if (kind === 'finish') this.finish(jobId);
    else this.driver.shard[kind]({ jobId, by: 'key_1' });
  }

  /** Reports what runs and takes on what there is. */
  finish(jobId: JobId): void {
    const keys = Object.keys(this.driver.state(jobId).active);
    this.driver.next(jobId, { settled: keys.map((key) => this.driver.succeeded(jobId, key)) });
    this.driver.finish(jobId);
  }

  /** Jobs that may work, as the shard has stored it. */
  underWay(): readonly JobState[] {
    return this.driver.db.rows('SELECT state, book FROM jobs').flatMap((row) => {
      const state = JSON.parse(String(row['state'])) as JobState;
      const book = JSON.parse(String(row['book'])) as Book;
      const works = book.flow?.status === 'granted' || Object.keys(state.active).length > 0;
      return works && !isTerminal(state.status) ? [state] : [];
    });
  }

  checkLimits(): void {
    const jobs = this.underWay();
    if (jobs.length > PROJECT_LIMIT) throw new Error(`${jobs.length} jobs of the project`);
    for (const [key, limit] of Object.entries(KEY_LIMITS)) {
      const its = jobs.filter(({ birth }) => birth.flow?.key === key);
      if (its.length > limit) throw new Error(`${its.length} jobs under ${key}`);
    }
  }

  /** Nothing is lost any more, nobody is paused, and whoever may work does. */
  async playFairly(): Promise<void> {
    this.flow.faults = [];
    for (let round = 0; round < 100; round += 1) {
      for (const jobId of this.jobs) {
        this.driver.shard.resume({ jobId, by: 'key_1' });
        this.finish(jobId);
      }
      this.checkLimits();
      await this.driver.pass(30_000);
      this.driver.deliverHistory();
      if (this.jobs.every((jobId) => this.driver.isOver(jobId))) return;
    }
    throw new Error(
      `not over: ${this.jobs.map((jobId) => this.driver.state(jobId).status).join(', ')}`,
    );
  }
}

test('whatever is lost, doubled, late or restarted: no limit is passed, every job ends, every slot comes back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(deed, { minLength: 10, maxLength: 60, size: 'max' }),
      async (deeds) => {
        const world = new World();
        for (const next of deeds) {
          await world.play(next);
          world.checkLimits();
        }
        await world.playFairly();
        world.flow.deliverLate();
        await world.driver.pass(1_200_000);
        expect(world.flow.flow.running.size).toBe(0);
        expect(world.flow.flow.waiting.size).toBe(0);
        expect(world.driver.logs.filter(({ level }) => level === 'error')).toEqual([]);
      },
    ),
    { numRuns: RUNS },
  );
}, 120_000);
