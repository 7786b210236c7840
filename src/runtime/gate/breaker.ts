import type { FailureClass } from '../../domain/job/failure.ts';
import { signOfClass } from '../../domain/model/target-gate.ts';
import { spreadOf } from '../../domain/spread.ts';
import type { EndedCalls, FailedCalls } from '../../services/ports/targets/target-gates.ts';
import { countsOf, noCounts, opens, type RecentCalls } from './recent-calls.ts';

/**
 * A circuit breaker as a plain value. STORED CONTRACT: kept as JSON, so fields are added as optional.
 *
 * - `closed` calls go through. Enough failures, one plea for a pause or one refusal of the account open it.
 * - `open` no call goes through for a while, which doubles every time that it opens again.
 * - `half_open` one call at a time goes through, to see.
 * - `recovering` calls go through again: two, and twice as many with every round, until nobody notices a limit.
 *
 * Every change of state is a new epoch. A call belongs to the epoch that let it through, and says nothing later.
 */
export type Breaker = {
  readonly epoch: number;
  /** How often it has opened since it was last closed, but for pauses that it asked for and openings after a good recovery. */
  readonly streak: number;
  readonly phase: Phase;
};

type Closed = { readonly kind: 'closed'; readonly recent: RecentCalls };
type Incident = {
  readonly because: FailureClass;
  readonly reason: 'cooling_down' | 'circuit_open';
  /** When the circuit first opened. */
  readonly sinceMs: number;
};
type Open = Incident & { readonly kind: 'open'; readonly untilMs: number };
export type HalfOpen = Incident & {
  readonly kind: 'half_open';
  /** The call that is out; a new one may go when its end is not heard of in time. */
  readonly probe: {
    readonly sentAtMs: number;
    readonly untilMs: number;
    /** Whose it is, and who keeps it alive. */
    readonly runner?: string;
  } | null;
  /** When somebody first came after the circuit had been open. */
  readonly fromMs?: number;
};
export type Recovering = Incident & {
  readonly kind: 'recovering';
  readonly fromMs: number;
  readonly doubleMs: number;
  readonly granted: number;
  readonly good: number;
  readonly bad: number;
};
type Phase = Closed | Open | HalfOpen | Recovering;

export const CLOSED: Breaker = { epoch: 1, streak: 0, phase: { kind: 'closed', recent: noCounts } };

/** After failures; the first time, doubling from then on. */
const CIRCUIT_FIRST_MS = 5_000;
/** After a plea for a pause that did not say for how long. */
const PAUSE_FIRST_MS = 1_000;
const PAUSE_MAX_MS = 60_000;
/** Pauses that a target asks for are kept within these. */
const ASKED_MIN_MS = 500;
const ASKED_MAX_MS = 600_000;
/** A refused account is mended by a person. */
const ACCOUNT_MS = 15 * 60_000;
/** A probe is given up when its runner has not said for so long that it goes on. */
const PROBE_MS = 15_000;

/** How long a round of a recovery takes: twice as long as the probe took, within bounds. */
const ROUND_MIN_MS = 1_000;
const ROUND_MAX_MS = 5_000;
const ROUNDS = 8;
/** Failures of a recovery that end it, if they are half of its calls. */
const RECOVERY_BAD = 2;

/** The breaker at a moment: time alone lets a probe through, and ends a recovery. */
export function atMoment(breaker: Breaker, nowMs: number): Breaker {
  const { phase } = breaker;
  if (phase.kind === 'open' && nowMs >= phase.untilMs) {
    const { because, reason, sinceMs } = phase;
    return next(breaker, {
      kind: 'half_open',
      because,
      reason,
      sinceMs,
      probe: null,
      fromMs: nowMs,
    });
  }
  if (phase.kind === 'recovering' && nowMs >= phase.fromMs + ROUNDS * phase.doubleMs) {
    return { ...next(breaker, { kind: 'closed', recent: noCounts }), streak: 0 };
  }
  return breaker;
}

function next({ epoch, streak }: Breaker, phase: Phase): Breaker {
  return { epoch: epoch + 1, streak, phase };
}

/** Notes calls that were let through. */
export function letThrough(
  breaker: Breaker,
  calls: number,
  { runner, nowMs }: { readonly runner: string; readonly nowMs: number },
): Breaker {
  const { phase } = breaker;
  if (calls === 0) return breaker;
  if (phase.kind === 'half_open') {
    const probe = { sentAtMs: nowMs, untilMs: nowMs + PROBE_MS, runner };
    return { ...breaker, phase: { ...phase, probe } };
  }
  if (phase.kind !== 'recovering') return breaker;
  return { ...breaker, phase: { ...phase, granted: phase.granted + calls } };
}

/** Keeps a probe of which its runner says that it goes on. */
export function keepProbe(
  breaker: Breaker,
  { runner, nowMs }: { readonly runner: string; readonly nowMs: number },
): Breaker {
  const { phase } = breaker;
  if (phase.kind !== 'half_open' || phase.probe?.runner !== runner) return breaker;
  return { ...breaker, phase: { ...phase, probe: { ...phase.probe, untilMs: nowMs + PROBE_MS } } };
}

/** What ended calls do to the breaker. */
export function hear(breaker: Breaker, ended: EndedCalls, nowMs: number): Breaker {
  const { phase, epoch } = breaker;
  if (phase.kind === 'open')
    return ended.epoch === epoch - 1 ? prolong(breaker, phase, ended.failed, nowMs) : breaker;
  if (ended.epoch !== epoch) return breaker;
  const isGrave = ended.failed.some((each) => GRAVE.has(signOfClass(each.class)));
  if (isGrave) return open(breaker, ended.failed, nowMs);
  if (phase.kind === 'half_open') return afterProbe(breaker, phase, ended, nowMs);
  return phase.kind === 'closed'
    ? whileClosed(breaker, phase, ended, nowMs)
    : whileRecovering(breaker, phase, ended, nowMs);
}

/** One such call is enough to close the way. */
const GRAVE: ReadonlySet<string> = new Set(['account', 'pause']);

function whileClosed(breaker: Breaker, phase: Closed, ended: EndedCalls, nowMs: number): Breaker {
  const verdict = verdictOf(ended);
  const recent = countsOf(phase.recent, verdict, nowMs);
  const known = { ...breaker, phase: { ...phase, recent } };
  return verdict.bad > 0 && opens(recent, nowMs) ? open(known, ended.failed, nowMs) : known;
}

function whileRecovering(
  breaker: Breaker,
  phase: Recovering,
  ended: EndedCalls,
  nowMs: number,
): Breaker {
  const verdict = verdictOf(ended);
  const good = phase.good + verdict.good;
  const bad = phase.bad + verdict.bad;
  const known = { ...breaker, phase: { ...phase, good, bad } };
  return bad >= RECOVERY_BAD && bad >= good ? open(known, ended.failed, nowMs) : known;
}

function afterProbe(breaker: Breaker, phase: HalfOpen, ended: EndedCalls, nowMs: number): Breaker {
  const { good, bad } = verdictOf(ended);
  if (bad > 0) return open(breaker, ended.failed, nowMs);
  if (good === 0) return { ...breaker, phase: { ...phase, probe: null } };
  const { because, reason, sinceMs } = phase;
  const tookMs = spreadOf(ended.latencyMs).p50 ?? 0;
  const doubleMs = Math.min(ROUND_MAX_MS, Math.max(ROUND_MIN_MS, 2 * tookMs));
  const counts = { granted: 0, good: 1, bad: 0 };
  const incident = { because, reason, sinceMs };
  return next(breaker, { kind: 'recovering', ...incident, fromMs: nowMs, doubleMs, ...counts });
}

function verdictOf({ good, failed }: EndedCalls): { readonly good: number; readonly bad: number } {
  const count = (wanted: string) =>
    failed
      .filter(({ class: each }) => signOfClass(each) === wanted)
      .reduce((sum, each) => sum + each.count, 0);
  return { good: good + count('good'), bad: count('bad') };
}

function open(breaker: Breaker, failed: readonly FailedCalls[], nowMs: number): Breaker {
  const { phase } = breaker;
  const { forMs, because, asked } = pauseAfter(failed, breaker.streak);
  const reason = signOfClass(because) === 'pause' ? 'cooling_down' : 'circuit_open';
  const sinceMs = phase.kind === 'closed' ? nowMs : phase.sinceMs;
  const untilMs = nowMs + forMs;
  const opened = next(breaker, { kind: 'open', because, reason, sinceMs, untilMs });
  // A target that answers most calls is not asked ever more seldom.
  const fair = phase.kind === 'recovering' && phase.good > 2 * RECOVERY_BAD;
  // One that says itself when it is back need not be guessed at.
  return { ...opened, streak: fair || asked ? breaker.streak : breaker.streak + 1 };
}

/** Calls that were under way when the circuit opened may ask for more. */
function prolong(
  breaker: Breaker,
  phase: Open,
  failed: readonly FailedCalls[],
  nowMs: number,
): Breaker {
  const told = failed.filter(
    ({ class: each, retryAfterMs }) =>
      signOfClass(each) === 'account' || (signOfClass(each) === 'pause' && retryAfterMs !== null),
  );
  const isRefused = signOfClass(phase.because) === 'account';
  if (told.length === 0 || isRefused) return breaker;
  const { forMs, because } = pauseAfter(told, 0);
  if (nowMs + forMs <= phase.untilMs) return breaker;
  const reason = signOfClass(because) === 'pause' ? 'cooling_down' : 'circuit_open';
  return { ...breaker, phase: { ...phase, because, reason, untilMs: nowMs + forMs } };
}

type Pause = {
  readonly forMs: number;
  readonly because: FailureClass;
  /** True when the target has said for how long. */
  readonly asked: boolean;
};

/** The longest pause that any of the failures asks for. */
function pauseAfter(failed: readonly FailedCalls[], streak: number): Pause {
  let longest: Pause = { forMs: 0, because: 'unknown', asked: false };
  for (const each of failed) {
    const forMs = pauseFor(each, streak);
    const asked = each.retryAfterMs !== null && signOfClass(each.class) === 'pause';
    if (forMs > longest.forMs) longest = { forMs, because: each.class, asked };
  }
  return longest;
}

function pauseFor({ class: failureClass, retryAfterMs }: FailedCalls, streak: number): number {
  const grown = (firstMs: number) => Math.min(PAUSE_MAX_MS, firstMs * 2 ** Math.min(streak, 10));
  switch (signOfClass(failureClass)) {
    case 'account':
      return ACCOUNT_MS;
    case 'pause':
      return retryAfterMs === null
        ? grown(PAUSE_FIRST_MS)
        : Math.min(ASKED_MAX_MS, Math.max(ASKED_MIN_MS, retryAfterMs));
    case 'bad':
      return grown(CIRCUIT_FIRST_MS);
    case 'good':
    case 'none':
      return 0;
  }
}
