import { jobIdOf, projectId, type ProjectId } from '../../../src/domain/ids.ts';
import { isoTime } from '../../../src/domain/wire.ts';
import type { OwnedEntry } from '../../../src/runtime/d1/history/write-history.ts';

/** What one attempt of a made-up job came to, beside the events that tell of it. */
type MadeAttempt = {
  readonly atMs: number;
  readonly provider: string;
  readonly model: string;
  readonly step: string;
  readonly outcome: 'succeeded' | 'failed' | 'lost';
  readonly failureClass: string;
  readonly latencyMs: number | null;
  readonly costNanoUsd: number | null;
  /** What a moderation has flagged; null for what was none. */
  readonly flagged: readonly string[] | null;
};

export type MadeJob = {
  readonly project: ProjectId;
  readonly pipeline: string;
  readonly version: number;
  readonly tags: readonly string[];
  readonly attempts: readonly MadeAttempt[];
  /** Known later, at a moment of their own. */
  readonly corrections: readonly (MadeAttempt & { readonly costNanoUsd: number })[];
  readonly endedAtMs: number;
  readonly latencyMs: number;
  /** The job's history, cut into copies that D1 may get in any order. */
  readonly entries: readonly OwnedEntry[];
};

export type Dice = () => number;

/** The same numbers for the same seed, from 0 to 1 (mulberry32). */
export function dice(seed: number): Dice {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function pick<Value>(roll: Dice, values: readonly Value[]): Value {
  const value = values[Math.floor(roll() * values.length)];
  if (value === undefined) throw new Error('there is nothing to pick from');
  return value;
}

export function shuffled<Value>(roll: Dice, values: readonly Value[]): Value[] {
  return values
    .map((value) => [roll(), value] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, value]) => value);
}

type Draft = { events: object[]; calls: OwnedEntry['entry']['calls'][number][]; atMs: number };

/** A job that begins somewhere in the day after `fromMs`, with retries, lost calls and late costs. */
export function makeJob(roll: Dice, index: number, fromMs: number, spanMs: number): MadeJob {
  const createdAtMs = fromMs + Math.floor(roll() * spanMs);
  const project = projectId(pick(roll, ['prj_a', 'prj_b']));
  const draft: Draft = { events: [], calls: [], atMs: createdAtMs + Math.floor(roll() * 5_000) };
  const attempts: MadeAttempt[] = [];
  const corrections: MadeJob['corrections'][number][] = [];
  for (const step of ['read', 'write'].slice(0, 1 + Math.floor(roll() * 2))) {
    for (let attempt = 1; attempt <= 1 + Math.floor(roll() * 3); attempt += 1) {
      const made = makeAttempt(roll, draft, step, attempt);
      attempts.push(made);
      if (made.outcome !== 'lost' || roll() < 0.5) continue;
      corrections.push(correct(roll, draft, made, attempt));
    }
  }
  draft.atMs += 1;
  tell(draft, { type: 'job.succeeded', data: {} });
  const birth = {
    pipeline: pick(roll, ['digest', 'triage', 'caption']),
    version: 1 + Math.floor(roll() * 2),
    tags: ['red', 'blue', 'green'].filter(() => roll() < 0.4),
  };
  const endedAtMs = draft.atMs;
  const id = jobIdOf(`01a20000-0000-7000-8000-${index.toString(16).padStart(12, '0')}`, 3);
  const entries = cut(roll, draft, { id, createdAtMs, ...birth }).map((entry) => ({
    project,
    shard: 3,
    entry,
  }));
  const latencyMs = endedAtMs - createdAtMs;
  return { project, ...birth, attempts, corrections, endedAtMs, latencyMs, entries };
}

function tell(draft: Draft, event: object): void {
  draft.events.push({ seq: draft.events.length + 1, at: isoTime(draft.atMs), ...event });
}

function makeAttempt(roll: Dice, draft: Draft, step: string, attempt: number): MadeAttempt {
  const latencyMs = Math.floor(roll() ** 3 * 30_000);
  draft.atMs += latencyMs;
  const outcome = pick(roll, ['succeeded', 'succeeded', 'failed', 'lost'] as const);
  const provider = pick(roll, ['openai', 'anthropic']);
  const model = pick(roll, ['small', 'large']);
  // Now and then as large as a double can hold exactly: sums of them are not.
  const known = roll() < 0.02 ? 2 ** 53 - 1 - nano(roll) : nano(roll);
  const costNanoUsd = outcome === 'lost' || roll() < 0.1 ? null : known;
  const failureClass =
    outcome === 'failed' ? pick(roll, ['timeout', 'overloaded']) : outcome === 'lost' ? 'lost' : '';
  const facts = {
    latency_ms: latencyMs,
    cost_nano_usd: costNanoUsd,
    usage: { input_tokens: 7 },
  };
  const flagged =
    step === 'read' && outcome === 'succeeded' && roll() < 0.5
      ? ['hate', 'violence', 'other'].filter(() => roll() < 0.3)
      : null;
  const moderated = { flagged: (flagged ?? []).length > 0, categories: flagged };
  const data = {
    succeeded: { facts: flagged === null ? facts : { ...facts, moderated } },
    failed: { facts, failure: { class: failureClass }, retry: {} },
    lost: { possible_duplicate_spend: true, retry: {} },
  }[outcome];
  tell(draft, { type: `attempt.${outcome}`, step, attempt, data });
  call(draft, { step, attempt, provider, model, outcome });
  const heard = outcome === 'lost' ? null : latencyMs;
  const made = { step, provider, model, outcome, failureClass, flagged };
  return { ...made, atMs: draft.atMs, latencyMs: heard, costNanoUsd };
}

function nano(roll: Dice): number {
  return Math.floor(roll() * 90_000_000);
}

type Called = Pick<MadeAttempt, 'step' | 'provider' | 'model' | 'outcome'> & { attempt: number };

function call(draft: Draft, { step, attempt, ...told }: Called): void {
  draft.calls.push({
    attempt_key: `${step}#${attempt}`,
    step,
    attempt,
    ...told,
    item: null,
    failure_class: null,
    started_at: 1,
    latency_ms: null,
    cost_nano_usd: null,
    usage: {},
  });
}

function correct(roll: Dice, draft: Draft, made: MadeAttempt, attempt: number) {
  draft.atMs += Math.floor(roll() * 200_000);
  const costNanoUsd = nano(roll);
  const facts = { latency_ms: 5, cost_nano_usd: costNanoUsd };
  const { step } = made;
  const data = { facts, replaces_unknown: true };
  tell(draft, { type: 'cost.adjusted', step, attempt, data });
  call(draft, { ...made, attempt });
  return { ...made, atMs: draft.atMs, costNanoUsd };
}

type Birth = Pick<MadeJob, 'pipeline' | 'version' | 'tags'> & {
  readonly id: OwnedEntry['entry']['job']['id'];
  readonly createdAtMs: number;
};

/** One copy of everything, or two that overlap. */
function cut(roll: Dice, { events, calls, atMs }: Draft, birth: Birth): OwnedEntry['entry'][] {
  const { id, createdAtMs, tags, ...names } = birth;
  const copy = (from: number, to: number): OwnedEntry['entry'] => ({
    job: {
      id,
      ...names,
      status: to === events.length ? 'succeeded' : 'running',
      reason_code: null,
      seq: to,
      created_at: createdAtMs,
      started_at: createdAtMs + 1,
      finished_at: to === events.length ? atMs : null,
      expires_at: null,
      cost_nano_usd: 0,
      unpriced_attempts: 0,
      tags: [...tags],
      metadata: {},
      request_id: 'r',
      trace_id: 't',
    },
    events: { first_seq: from + 1, last_seq: to, events: events.slice(from, to) },
    calls,
  });
  if (roll() < 0.6) return [copy(0, events.length)];
  const middle = 1 + Math.floor(roll() * (events.length - 1));
  return [copy(0, middle), copy(Math.max(0, middle - 1), events.length)];
}
