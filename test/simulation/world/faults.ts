import type { Clock } from './clock.ts';
import { throughJson } from '../../support/shard-driver.ts';
import type { Random } from './random.ts';

/** Every place where the world may strike. A place before and after a call is named by what happens there. */
const points = [
  'shard.submit',
  'shard.commit',
  'shard.alarm',
  'runner.next',
  'runner.renew',
  'runner.other_job',
  'client.steer',
  'provider.call',
  'runner.record',
  'objects.put',
  'objects.get',
  'queue.send_wakes',
  'queue.send_history',
  'queue.wake',
  'queue.history',
  'history.write',
  'history.confirm',
  'flow.exchange',
  'flow.grant',
  'flow.commit',
] as const;
/** Their lots are drawn from a stream of their own. */
const budgetPoints = ['budget.exchange', 'budget.commit'] as const;
export type Point = (typeof points)[number] | (typeof budgetPoints)[number];

/** What may befall a call. */
const fates = [
  'killed_before',
  'killed_after',
  'lost',
  'answer_lost',
  'late',
  'twice',
  'slow',
] as const;
type Fate = (typeof fates)[number];

/** Something that runs code and may die between any two of its awaits. */
export class Process {
  readonly name: string;
  diedAtMs: number | null = null;
  over = false;

  constructor(name: string) {
    this.name = name;
  }

  get alive(): boolean {
    return this.diedAtMs === null;
  }
}

/** Never resolves: what the dead wait for. */
export function never<Value>(): Promise<Value> {
  return new Promise(() => {});
}

export class Faults {
  readonly #random: Random;
  readonly #clock: Clock;
  /** How likely each place is struck. */
  readonly rates: ReadonlyMap<Point, number>;
  fair = false;
  /** Calls that are still on their way though nobody waits for them. */
  late = 0;
  /** What was done to whom, for the story of a failure. */
  readonly story: string[] = [];
  readonly struck = new Map<string, number>();

  constructor(random: Random, clock: Clock, ofBudgets: Random) {
    this.#random = random;
    this.#clock = clock;
    const general = random.pick([0, 0.01, 0.05, 0.2]);
    const rateOf = (lots: Random) => (lots.chance(0.15) ? lots.pick([0.3, 0.7]) : general);
    this.rates = new Map<Point, number>([
      ...points.map((point) => [point, rateOf(random)] as const),
      ...budgetPoints.map((point) => [point, rateOf(ofBudgets)] as const),
    ]);
  }

  tell(line: string): void {
    this.story.push(`${this.#clock.nowMs % 1e9} ${line}`);
  }

  /** True when the world strikes here. */
  strikes(point: Point): boolean {
    const strikes = !this.fair && this.#random.chance(this.rates.get(point) ?? 0);
    if (strikes) this.struck.set(point, (this.struck.get(point) ?? 0) + 1);
    return strikes;
  }

  #fateAt(point: Point, allowed: readonly Fate[]): Fate | null {
    if (!this.strikes(point)) return null;
    const fate = this.#random.pick(allowed);
    this.tell(`${point} ${fate}`);
    return fate;
  }

  /**
   * Carries a call from a process to something else. The call itself is one synchronous run; everything else that
   * may befall it happens around it. What is carried is what JSON leaves of it.
   */
  async carry<Value>(
    caller: Process | null,
    point: Point,
    work: () => Value,
    allowed: readonly Fate[] = fates,
  ): Promise<Value> {
    if (isDead(caller)) return never();
    const fate = this.#fateAt(point, caller === null ? allowed.filter(notDeadly) : allowed);
    await this.#before(caller, fate, work);
    if (isDead(caller)) return never();
    const value = work();
    if (fate === 'twice') work();
    if (fate === 'answer_lost') throw new Error(`${point}: the answer was lost`);
    if (fate === 'killed_after' && caller !== null) caller.diedAtMs = this.#clock.nowMs;
    await Promise.resolve();
    if (isDead(caller)) return never();
    return value === undefined ? value : throughJson(value);
  }

  async #before(caller: Process | null, fate: Fate | null, work: () => unknown): Promise<void> {
    if (fate === 'killed_before' && caller !== null) caller.diedAtMs = this.#clock.nowMs;
    if (fate === 'lost') throw new Error('the call was lost');
    if (fate === 'slow') await this.#clock.after(this.#random.pick([1_000, 10_000, 40_000]));
    if (fate !== 'late') return;
    const lateMs = this.#random.pick([100, 5_000, 60_000, 400_000]);
    this.late += 1;
    this.#clock.at(this.#clock.nowMs + lateMs, () => {
      this.late -= 1;
      try {
        work();
      } catch {
        // Nobody waits for it any more.
      }
    });
    throw new Error('nobody waited for the answer');
  }
}

function isDead(process: Process | null): boolean {
  return process !== null && !process.alive;
}

function notDeadly(fate: Fate): boolean {
  return fate !== 'killed_before' && fate !== 'killed_after';
}

/** What befalls a store: it fails, or it is slow, or whoever uses it dies. */
export const STORE_FATES = [
  'killed_before',
  'killed_after',
  'lost',
  'answer_lost',
  'slow',
  'twice',
] as const satisfies readonly Fate[];
