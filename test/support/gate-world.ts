import type { CallResult, TargetLimits } from '../../src/domain/model/target-gate.ts';
import { Gate } from '../../src/runtime/gate/gate.ts';
import { makeTargetGates } from '../../src/services/gates/target-gates.ts';
import type { StopSignal } from '../../src/services/stop.ts';
import type {
  Admission,
  GateMessage,
  TargetGates,
} from '../../src/services/ports/targets/target-gates.ts';
import { Clock, settled } from '../simulation/world/clock.ts';
import { Random } from '../simulation/world/random.ts';
import { NodeSqlite } from './node-sqlite.ts';

export const TARGET = { provider: 'openai', model: 'gpt-5.4-mini' };

export type Ending = { readonly result: CallResult; readonly retryAfterMs?: number };

/** What became of a call. */
export type Made = ({ readonly admitted: true } & Ending) | Extract<Admission, { admitted: false }>;

export type GateWorldOptions = {
  readonly runners: number;
  readonly seed: number;
  readonly limits?: TargetLimits;
  /** Share of exchanges of which the message, or else the answer, is lost. */
  readonly loss?: number;
  /** How far the runners' clocks are off, at most. */
  readonly skewMs?: number;
  /** What a call that begins at a moment comes to, and after how long. */
  readonly call: (atMs: number) => Ending & { readonly latencyMs: number };
};

const RENEW_MS = 5_000;

/** Runners, a gate on Node's SQLite and a target, in a time of their own. The seed decides everything. */
export class GateWorld {
  readonly db = new NodeSqlite();
  readonly options: GateWorldOptions;
  readonly clock = new Clock();
  readonly random: Random;
  /** When each call reached the target. */
  readonly calls: number[] = [];
  /** When each message was sent to the gate. */
  readonly exchanges: number[] = [];
  declined = 0;
  readonly logged: { readonly type: string; readonly fields: unknown }[] = [];
  gate: Gate;
  /** False while the object does not answer. */
  answers = true;
  readonly gates: readonly TargetGates[];
  readonly #skewsMs: readonly number[];

  constructor(options: GateWorldOptions) {
    this.options = options;
    this.random = new Random(options.seed);
    this.gate = this.#open();
    const { runners, skewMs = 0 } = options;
    this.#skewsMs = Array.from({ length: runners }, () =>
      Math.round((this.random.next() - 0.5) * 2 * skewMs),
    );
    this.gates = this.#skewsMs.map((skew, index) => this.#runner(index, skew));
  }

  get nowMs(): number {
    return this.clock.nowMs;
  }

  #open(): Gate {
    const log = (_level: string, type: string, fields: unknown = null) => {
      this.logged.push({ type, fields });
    };
    const { limits = {} } = this.options;
    return new Gate({ sql: this.db.port(), log, limits, nowMs: () => this.nowMs }, TARGET);
  }

  /** The object is evicted or killed: what it has not written down is gone. */
  restart(): void {
    this.gate = this.#open();
  }

  #runner(index: number, skewMs: number): TargetGates {
    const { limits = {} } = this.options;
    return makeTargetGates({
      gateOf: () => ({
        exchange: (message) => this.#exchange(message),
        health: async () => this.gate.health(),
        hold: async (order) => this.gate.hold(order),
        release: async (order) => this.gate.release(order),
      }),
      limitsOf: () => limits,
      machine: {
        nowMs: () => this.nowMs + skewMs,
        newUuid: () => `runner-${index}`,
        wait: (ms, signal) => this.wait(ms, signal),
      },
      log: () => {},
    });
  }

  async #exchange(message: GateMessage) {
    const { loss = 0 } = this.options;
    this.exchanges.push(this.nowMs);
    await this.wait(1 + this.random.below(40));
    if (!this.answers || this.random.chance(loss)) throw new Error('lost');
    const answer = throughJson(this.gate.exchange(throughJson(message)));
    await this.wait(1 + this.random.below(40));
    // Some answers are only late: too late, sometimes.
    if (this.random.chance(loss)) await this.wait(this.random.below(4_000));
    if (this.random.chance(loss)) throw new Error('the answer was lost');
    return answer;
  }

  wait(ms: number, signal?: StopSignal): Promise<void> {
    return new Promise((resolve) => {
      signal?.addEventListener('abort', () => resolve());
      this.clock.at(this.nowMs + Math.max(0, ms), resolve);
    });
  }

  /** Lets time pass. */
  async run(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    await settled();
    while (this.clock.nextAtMs <= endMs) {
      this.clock.nowMs = this.clock.nextAtMs;
      this.clock.ring();
      await settled();
    }
    this.clock.nowMs = endMs;
  }

  /** One job at a runner: asks, and asks again when it is worth it, until a call has succeeded. */
  async job(runner: number): Promise<void> {
    for (;;) {
      const next = await this.attempt(runner);
      if (next === 'succeeded') return;
      await this.wait(next);
    }
  }

  /** One attempt: how it ended, or how long to wait before the next. */
  async attempt(runner: number): Promise<'succeeded' | number> {
    const made = await this.call(runner);
    if (!made.admitted) {
      this.declined += 1;
      const waitMs = made.untilAtMs - this.nowMs;
      return Math.max(1_000, waitMs) + this.random.next() * Math.min(2_000, waitMs / 4);
    }
    return made.result === 'succeeded' ? 'succeeded' : 1_000 * this.random.next();
  }

  /** One call, if it is let through: how it ended. Moments are the world's. */
  async call(runner: number, isLastTry = false): Promise<Made> {
    const gates = this.gates[runner];
    if (gates === undefined) throw new Error(`no runner ${runner}`);
    const admission = await gates.admit(TARGET, { estimatedTokens: 100, isLastTry });
    if (!admission.admitted) {
      return { ...admission, untilAtMs: admission.untilAtMs - (this.#skewsMs[runner] ?? 0) };
    }
    this.calls.push(this.nowMs);
    const { latencyMs, ...ending } = this.options.call(this.nowMs);
    for (let leftMs = latencyMs; leftMs > 0; leftMs -= RENEW_MS) {
      if (leftMs < latencyMs) await gates.renew(admission.permit);
      await this.wait(Math.min(leftMs, RENEW_MS));
    }
    await gates.settle(admission.permit, { ...ending, latencyMs });
    return { admitted: true, ...ending };
  }

  /** Keeps a runner busy: jobs one after the other, with a pause between them. */
  async busy(runner: number, pauseMs: () => number): Promise<never> {
    for (;;) {
      await this.job(runner);
      await this.wait(pauseMs());
    }
  }

  /** The most calls in any stretch of time so long. */
  mostCallsWithin(ms: number): number {
    let most = 0;
    let from = 0;
    for (const [index, atMs] of this.calls.entries()) {
      while ((this.calls[from] ?? atMs) <= atMs - ms) from += 1;
      most = Math.max(most, index - from + 1);
    }
    return most;
  }
}

/** What arrives on the other side of a call between processes. */
function throughJson<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}
