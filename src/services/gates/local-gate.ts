import type { Target } from '../../domain/job/attempt.ts';
import { signOf, type TargetLimits } from '../../domain/model/target-gate.ts';
import {
  MEASURE_FRESH_MS,
  type TargetLatency,
  type TargetMeasure,
} from '../../domain/model/target-measure.ts';
import { errorName, type Log } from '../ports/log.ts';
import type { Machine } from '../ports/runtime.ts';
import type {
  Admission,
  CallEnd,
  GateAnswer,
  Permit,
  PlannedCall,
  TargetGate,
  WantedCalls,
} from '../ports/targets/target-gates.ts';
import { within } from '../within.ts';
import { CallsInFlight } from './calls-in-flight.ts';
import {
  deniedOf,
  FRESH_MS,
  grantedOf,
  refusalOf,
  withoutGate,
  type Granted,
  type Known,
} from './known.ts';
import { count, type Tally } from './tally.ts';
import { wantedFor, type WaitingCall } from './wanted.ts';

export type LocalGateDeps = {
  readonly gate: TargetGate;
  readonly target: Target;
  readonly limits: TargetLimits;
  readonly runner: () => string;
  readonly machine: Pick<Machine, 'nowMs' | 'wait'>;
  readonly log: Log;
};

/** A gate that has not answered by then does not answer. */
const ANSWER_MS = 2_000;
/** How often a permit that came may have gone to others before a call gives up. */
const TRIES = 5;
const LOST_RACE_MS = 1_000;
/** A place under a limit on concurrency is kept by speaking this often. */
const RENEW_MS = 15_000;

/** One target's gate as an isolate sees it: what it was told lately, and what it has yet to tell. */
export class LocalGate {
  readonly #deps: LocalGateDeps;
  #known: Known = { kind: 'nothing' };
  #epoch = 0;
  #tally: Tally = new Map();
  readonly #inFlight: CallsInFlight;
  /** The calls that wait for a permit, in their order. */
  readonly #waiting: WaitingCall[] = [];
  #took: (TargetLatency & { readonly atMs: number }) | null = null;
  #admittedSinceAsked = 0;
  #exchangedAtMs = Number.NEGATIVE_INFINITY;
  #current: { readonly startedAtMs: number; readonly done: Promise<void> } | null = null;

  constructor(deps: LocalGateDeps) {
    this.#deps = deps;
    this.#inFlight = new CallsInFlight(() => deps.machine.nowMs());
  }

  /** True while nothing would be lost by forgetting it. */
  get idle(): boolean {
    return this.#inFlight.count === 0 && this.#waiting.length === 0;
  }

  /** How long the target takes, as its gate has said lately; null when it has not. */
  get measure(): TargetMeasure | null {
    if (this.#took === null) return null;
    const { atMs, ...latency } = this.#took;
    const ageMs = Math.max(0, this.#deps.machine.nowMs() - atMs);
    return ageMs > MEASURE_FRESH_MS ? null : { target: this.#deps.target, ageMs, ...latency };
  }

  async admit({ estimatedTokens: tokens, isLastTry = false }: PlannedCall): Promise<Admission> {
    const stand = { tokens, isLastTry };
    this.#waiting.push(stand);
    try {
      for (let tries = 0; tries < TRIES; tries += 1) {
        const admission = this.#yields(stand) ? this.#later() : this.#fromKnown(tokens);
        if (admission !== null) return admission;
        await this.#ask();
      }
      const untilAtMs = this.#deps.machine.nowMs() + LOST_RACE_MS;
      return { admitted: false, reason: 'rate_limit', untilAtMs };
    } finally {
      this.#waiting.splice(this.#waiting.indexOf(stand), 1);
    }
  }

  /** True for a call that leaves it to another one that waits here to find out whether the target is back. */
  #yields({ isLastTry }: { readonly isLastTry: boolean }): boolean {
    const known = this.#known;
    if (!isLastTry || known.kind !== 'granted' || !known.urgent || this.#spare() === 0)
      return false;
    return this.#waiting.some((other) => !other.isLastTry);
  }

  #later(): Admission {
    const untilAtMs = this.#deps.machine.nowMs() + LOST_RACE_MS;
    return { admitted: false, reason: 'circuit_open', untilAtMs };
  }

  /** An answer out of what is known; null when the gate has to be asked. */
  #fromKnown(tokens: number): Admission | null {
    const known = this.#known;
    const nowMs = this.#deps.machine.nowMs();
    if (known.kind === 'nothing' || nowMs >= known.untilMs) return null;
    switch (known.kind) {
      case 'free':
        return this.#admitted(tokens, false);
      case 'granted':
        if (known.calls < 1 || (known.tokens !== null && known.tokens < tokens)) return null;
        known.calls -= 1;
        if (known.tokens !== null) known.tokens -= tokens;
        return this.#admitted(tokens, known.urgent);
      case 'denied':
        return refusalOf(known, nowMs);
    }
  }

  #admitted(estimatedTokens: number, urgent: boolean): Admission {
    this.#admittedSinceAsked += 1;
    const permit: Permit = {
      target: this.#deps.target,
      estimatedTokens,
      epoch: this.#epoch,
      urgent,
    };
    this.#inFlight.begin(permit);
    return { admitted: true, permit };
  }

  async settle(permit: Permit, end: CallEnd): Promise<void> {
    this.#inFlight.end(permit);
    count(this.#tally, permit, end);
    if (permit.urgent || signOf(end.result) !== 'good' || this.#isDue(FRESH_MS) || this.#isEmpty())
      await this.#tell();
  }

  async report(end: CallEnd): Promise<void> {
    const tellsAtOnce = signOf(end.result) !== 'good';
    // What is told of a state that is long over counts for nothing.
    if (tellsAtOnce && this.#isDue(FRESH_MS)) await this.#tell();
    const { target } = this.#deps;
    count(this.#tally, { target, estimatedTokens: 0, epoch: this.#epoch, urgent: false }, end);
    if (tellsAtOnce || this.#isDue(FRESH_MS)) await this.#tell();
  }

  /** True when ended calls have not been told of for a while. */
  get isBehind(): boolean {
    return this.#tally.size > 0 && this.#current === null && this.#isDue(FRESH_MS);
  }

  catchUp(): Promise<void> {
    return this.#tell();
  }

  async renew(permit: Permit): Promise<void> {
    this.#inFlight.goesOn(permit);
    if (permit.urgent) await this.#tell();
    if (this.#deps.limits.concurrency !== undefined && this.#isDue(RENEW_MS)) await this.#tell();
  }

  #isDue(everyMs: number): boolean {
    return this.#deps.machine.nowMs() - this.#exchangedAtMs >= everyMs;
  }

  /** True when places under a limit on concurrency are held for nobody. */
  #isEmpty(): boolean {
    if (this.#deps.limits.concurrency === undefined) return false;
    return this.idle && this.#spare() === 0;
  }

  /** Permits that may still be used. */
  #spare(): number {
    const known = this.#known;
    if (known.kind !== 'granted' || this.#deps.machine.nowMs() >= known.untilMs) return 0;
    return known.calls;
  }

  /** Asks for permits; whoever comes while somebody asks waits for that answer, but not for ever. */
  async #ask(): Promise<void> {
    const { machine } = this.#deps;
    const current = this.#current;
    const leftMs = current === null ? 0 : current.startedAtMs + ANSWER_MS + 100 - machine.nowMs();
    if (current === null || leftMs <= 0) {
      await this.#exchange(this.#wanted());
      return;
    }
    // The request that asked may have been cut off, and its promise with it.
    await within(machine, leftMs, current.done);
  }

  /** Tells what there is to tell, unless that is under way. */
  async #tell(): Promise<void> {
    if (this.#current === null || this.#isDue(ANSWER_MS)) await this.#exchange(null);
    else {
      await within(this.#deps.machine, ANSWER_MS, this.#current.done);
      if (this.#tally.size > 0) await this.#exchange(null);
    }
  }

  #wanted(): WantedCalls {
    const admitted = this.#admittedSinceAsked;
    this.#admittedSinceAsked = 0;
    return wantedFor(this.#waiting, admitted);
  }

  async #exchange(wanted: WantedCalls | null): Promise<void> {
    const startedAtMs = this.#deps.machine.nowMs();
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const mine = { startedAtMs, done };
    this.#current = mine;
    this.#exchangedAtMs = startedAtMs;
    try {
      const answer = await this.#send(wanted);
      // Whoever waited too long for it has begun anew.
      if (this.#current === mine) this.#take(answer, startedAtMs, wanted !== null);
    } finally {
      if (this.#current === mine) this.#current = null;
      resolve();
    }
  }

  /** The gate's answer; null when there is none. What it was told is told once, whether it hears it or not. */
  async #send(wanted: WantedCalls | null): Promise<GateAnswer | null> {
    const { gate, runner, machine, log, target } = this.#deps;
    const ended = [...this.#tally.values()];
    this.#tally = new Map();
    const places = this.#inFlight.count + this.#spare();
    try {
      const probing = this.#inFlight.isProbing ? { probing: true } : {};
      const sent = gate.exchange({ runner: runner(), ended, places, ...probing, wanted });
      const answer = await within(machine, ANSWER_MS, sent);
      if (answer !== null) return answer;
      log('warn', 'target.gate_silent', { ...target, error: null });
    } catch (error) {
      log('warn', 'target.gate_silent', { ...target, error: errorName(error) });
    }
    return null;
  }

  #take(answer: GateAnswer | null, askedAtMs: number, asked: boolean): void {
    if (answer === null) {
      if (asked) this.#known = withoutGate(this.#deps.limits, this.#deps.machine.nowMs());
      return;
    }
    const { epoch, took } = answer;
    this.#took = took === undefined ? null : { ...took, atMs: askedAtMs };
    const spare = epoch === this.#epoch ? this.#spareOf() : null;
    this.#epoch = epoch;
    if (answer.kind === 'free') {
      this.#known = { kind: 'free', untilMs: askedAtMs + Math.min(FRESH_MS, answer.forMs) };
    } else if (answer.kind === 'denied') {
      this.#known = deniedOf(answer, askedAtMs);
    } else if (asked || spare === null) {
      this.#known = grantedOf(answer, askedAtMs, spare);
    }
  }

  #spareOf(): Granted | null {
    const known = this.#known;
    return known.kind === 'granted' && this.#spare() > 0 ? known : null;
  }
}
