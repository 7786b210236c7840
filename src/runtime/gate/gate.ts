import type { Target } from '../../domain/job/attempt.ts';
import { spreadOf, type Spread } from '../../domain/spread.ts';
import {
  signOfClass,
  targetName,
  type DeclineReason,
  type TargetHealth,
  type TargetLimits,
} from '../../domain/model/target-gate.ts';
import { MEASURED_CALLS_MIN, type TargetLatency } from '../../domain/model/target-measure.ts';
import type { Log } from '../../services/ports/log.ts';
import type {
  EndedCalls,
  GateAnswer,
  GateMessage,
  GateOrder,
  WantedCalls,
} from '../../services/ports/targets/target-gates.ts';
import type { Sql } from '../job-shard/sql.ts';
import { atMoment, CLOSED, hear, keepProbe, letThrough, type Breaker } from './breaker.ts';
import { findingsOf, stateOf } from './health.ts';
import { Limiter, type Asker } from './limiter.ts';
import { lately, NOTHING_SEEN, withAlert, withEnded, type Seen } from './seen.ts';
import { passage } from './passage.ts';
import { loadFact, migrateGate, saveFact, type Hands } from './tables.ts';

/** What a gate needs of the world. In production a Durable Object, in tests a script. */
export type GatePorts = {
  readonly sql: Sql;
  readonly log: Log;
  readonly limits: TargetLimits;
  /** Hears how the circuit stands whenever that has changed, by itself or by hand. Never throws. */
  readonly observe?: (change: CircuitChange) => void;
  nowMs(): number;
};

export type CircuitChange = { readonly target: Target } & Pick<TargetHealth, 'state' | 'because'>;

const NO_HANDS: Hands = { held: null, released: null };

/** How long a call takes while nobody knows. */
const CALL_MS = 1_000;
/** How long what a runner is told holds good. */
const ANSWER_MS = 2_000;
/** A runner that is told to wait comes back after so long at the latest: things change meanwhile. */
const DENIED_MAX_MS = 60_000;
/** Runners that wait for a limit are asked to come one after the other, as far ahead as this. */
const LINE_MAX_MS = 10_000;
/** What was seen is written down this often. */
const SEEN_EVERY_MS = 60_000;

/**
 * What all runners of a deployment share about one target: whether it answers, and how much it may be asked. It never
 * calls anybody and never waits; runners come to it every two seconds, and time passes when they come.
 */
export class Gate {
  readonly #ports: GatePorts;
  readonly #target: Target;
  readonly #name: string;
  #limiter: Limiter;
  #breaker: Breaker;
  #hands: Hands;
  /** What was last told of the circuit. */
  #observed: TargetHealth['state'];
  #seen: Seen;
  #seenSavedAtMs: number;
  /** When the next runner that waits for a limit is asked to come. */
  #lineEndsMs = 0;

  constructor(ports: GatePorts, target: Target) {
    this.#ports = ports;
    this.#target = target;
    this.#name = targetName(target);
    migrateGate(ports.sql);
    this.#limiter = this.#openLimiter();
    this.#breaker = loadFact(ports.sql, 'breaker') ?? CLOSED;
    this.#hands = loadFact(ports.sql, 'by_hand') ?? NO_HANDS;
    this.#observed = stateOf(this.#breaker, this.#hands).state;
    this.#seen = loadFact(ports.sql, 'seen') ?? NOTHING_SEEN;
    this.#seenSavedAtMs = ports.nowMs();
  }

  #openLimiter(): Limiter {
    const { sql, limits } = this.#ports;
    return new Limiter(sql, limits, this.#ports.nowMs());
  }

  /** Takes what a runner tells, and gives it what it may have. */
  exchange(message: GateMessage): GateAnswer {
    const breaker = this.#breaker;
    const seen = this.#seen;
    try {
      return this.#ports.sql.transaction(() => this.#exchange(message));
    } catch (error) {
      // What could not be written down has not happened.
      this.#breaker = breaker;
      this.#seen = seen;
      this.#observed = stateOf(breaker, this.#hands).state;
      this.#limiter = this.#openLimiter();
      throw error;
    }
  }

  #exchange({ runner, ended, places, probing, wanted }: GateMessage): GateAnswer {
    const nowMs = this.#ports.nowMs();
    this.#change(atMoment(this.#breaker, nowMs));
    for (const calls of ended) this.#hear(calls, nowMs);
    const spread = spreadOf(lately(this.#seen, nowMs).latencyMs);
    const asker = { runner, nowMs, callMs: spread.p50 ?? CALL_MS };
    this.#limiter.keep(asker, places);
    if (probing === true) this.#change(keepProbe(this.#breaker, asker));
    const answer = this.#answer(asker, wanted);
    this.#saveSeen(nowMs, ended.length > 0);
    const took = tookOf(spread);
    return took === null ? answer : { ...answer, took };
  }

  #hear(ended: EndedCalls, nowMs: number): void {
    this.#seen = withEnded(this.#seen, ended, nowMs);
    this.#limiter.correct(ended.tokensBeyond, nowMs);
    const heard = hear(this.#breaker, ended, nowMs);
    if (heard === this.#breaker) return;
    this.#change(heard);
    if (heard.phase.kind === 'open') this.#alertOf(heard.phase.because, nowMs);
  }

  /** A refused account is mended by a person, who has to know. */
  #alertOf(because: EndedCalls['failed'][number]['class'], nowMs: number): void {
    if (signOfClass(because) !== 'account') return;
    const message = `the target refuses this deployment's account: ${because}`;
    this.#seen = withAlert(this.#seen, { atMs: nowMs, class: because, message });
    saveFact(this.#ports.sql, 'seen', this.#seen);
    this.#ports.log('error', 'target.alert', { target: this.#name, class: because });
  }

  #answer(asker: Asker, wanted: WantedCalls | null): GateAnswer {
    const { epoch } = this.#breaker;
    if (this.#hands.held !== null) return this.#denied('held', DENIED_MAX_MS, 0);
    const passes = passage(this.#breaker, asker.nowMs, wanted?.areLastTries === true);
    if ('reason' in passes) {
      const { phase } = this.#breaker;
      const because = phase.kind === 'closed' ? {} : { because: phase.because };
      return { ...this.#denied(passes.reason, passes.forMs, passes.spacingMs), ...because };
    }
    const isFree = passes.calls === Number.POSITIVE_INFINITY && !this.#limiter.any;
    if (isFree) return { kind: 'free', epoch, forMs: ANSWER_MS };
    const urgent = this.#breaker.phase.kind === 'half_open';
    const granted = { kind: 'granted', epoch, urgent, forMs: ANSWER_MS } as const;
    if (wanted === null) return { ...granted, calls: 0, tokens: 0 };
    const allowed = this.#limiter.allowed(fewer(wanted, passes.calls), asker);
    if ('reason' in allowed) return this.#deniedInLine(allowed, asker.nowMs);
    this.#limiter.take(asker, allowed);
    this.#change(letThrough(this.#breaker, allowed.calls, asker));
    return { ...granted, ...allowed };
  }

  #denied(reason: DeclineReason, forMs: number, spacingMs: number): GateAnswer {
    const { epoch } = this.#breaker;
    const boundMs = Math.max(1, Math.min(DENIED_MAX_MS, Math.ceil(forMs)));
    return { kind: 'denied', epoch, reason, forMs: boundMs, spacingMs };
  }

  /** Those who wait for a limit come one after the other, not all when it has room for one. */
  #deniedInLine(
    { reason, forMs, spacingMs }: { reason: DeclineReason; forMs: number; spacingMs: number },
    nowMs: number,
  ): GateAnswer {
    const latestMs = nowMs + forMs + LINE_MAX_MS;
    const turnAtMs = Math.min(latestMs, Math.max(this.#lineEndsMs, nowMs + forMs));
    this.#lineEndsMs = turnAtMs + spacingMs;
    return this.#denied(reason, turnAtMs - nowMs, spacingMs);
  }

  /** A breaker that has changed is written down; counting calls while all is well is not. */
  #change(breaker: Breaker): void {
    const before = this.#breaker;
    if (breaker === before) return;
    this.#breaker = breaker;
    const { epoch, phase } = breaker;
    if (epoch === before.epoch && phase.kind === 'closed') return;
    saveFact(this.#ports.sql, 'breaker', breaker);
    if (epoch === before.epoch) return;
    this.#ports.log(phase.kind === 'open' ? 'warn' : 'info', 'target.circuit', {
      target: this.#name,
      state: phase.kind,
      because: phase.kind === 'closed' ? null : phase.because,
      for_ms: phase.kind === 'open' ? phase.untilMs - this.#ports.nowMs() : null,
    });
    this.#observe();
  }

  #observe(): void {
    const { state, because } = stateOf(this.#breaker, this.#hands);
    if (state === this.#observed) return;
    this.#observed = state;
    this.#ports.observe?.({ target: this.#target, state, because });
  }

  #saveSeen(nowMs: number, changed: boolean): void {
    if (!changed || nowMs - this.#seenSavedAtMs < SEEN_EVERY_MS) return;
    this.#seenSavedAtMs = nowMs;
    saveFact(this.#ports.sql, 'seen', this.#seen);
  }

  /** Lets no call through until it is released. */
  hold({ by, why }: GateOrder): TargetHealth {
    return this.#byHand({ ...this.#hands, held: { by, why, atMs: this.#ports.nowMs() } });
  }

  /** Ends a hold, and forgets what made the gate close by itself. */
  release({ by, why }: GateOrder): TargetHealth {
    const { epoch } = this.#breaker;
    if (this.#breaker.phase.kind !== 'closed') this.#change({ ...CLOSED, epoch: epoch + 1 });
    return this.#byHand({ held: null, released: { by, why, atMs: this.#ports.nowMs() } });
  }

  #byHand(hands: Hands): TargetHealth {
    this.#hands = hands;
    saveFact(this.#ports.sql, 'by_hand', hands);
    const by = hands.held?.by ?? hands.released?.by ?? '';
    const type = hands.held === null ? 'target.released' : 'target.held';
    this.#ports.log('warn', type, { target: this.#name, by });
    this.#observe();
    return this.health();
  }

  health(): TargetHealth {
    const nowMs = this.#ports.nowMs();
    const breaker = atMoment(this.#breaker, nowMs);
    return {
      ...stateOf(breaker, this.#hands),
      ...findingsOf(this.#seen, nowMs),
      limits: this.#ports.limits,
      room: this.#limiter.room(nowMs),
    };
  }
}

/** What the calls of the last minutes say of the next one; null when too few of them do. */
function tookOf({ count, p50, p95 }: Spread): TargetLatency | null {
  if (count < MEASURED_CALLS_MIN || p50 === null || p95 === null) return null;
  return { p50Ms: p50, p95Ms: p95 };
}

/** As many of the wanted calls as may go through, with their part of the tokens. */
function fewer({ calls, tokens, tokensOfFirst }: WantedCalls, most: number): WantedCalls {
  if (calls <= most) return { calls, tokens, tokensOfFirst };
  const each = (tokens - tokensOfFirst) / Math.max(1, calls - 1);
  return { calls: most, tokens: tokensOfFirst + each * (most - 1), tokensOfFirst };
}
