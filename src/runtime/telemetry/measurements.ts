import type { AttemptFacts, Moderated } from '../../domain/job/attempt.ts';
import type { Continuation, CountedAs, JobEvent } from '../../domain/job/event.ts';
import type { Violation } from '../../domain/job/failure.ts';
import type { JobState } from '../../domain/job/job.ts';
import { isRefusedHere } from '../../services/metrics/facts/facts-of-job.ts';
import { activeOf, endsJob, targetOf, type Change } from './change.ts';
import { pointOf, type Numbers, type Point, type Texts } from './columns.ts';

/** The points of a commit for Analytics Engine: one for each finished attempt, late cost and finished job. */
export function pointsOf(change: Change): Point[] {
  const points = change.events.flatMap((event) => attemptPoint(change, event) ?? []);
  return endsJob(change) ? [...points, jobPoint(change.state)] : points;
}

function attemptPoint(change: Change, event: JobEvent): Point | null {
  switch (event.type) {
    case 'attempt.succeeded': {
      const { facts, late, countedAs } = event.data;
      // Its end has had a point of its own, when it was given up.
      if (late === true) return adjustment(change, event, { facts, resolves: true, countedAs });
      return attemptWith(change, event, { outcome: 'succeeded' }, facts);
    }
    case 'attempt.failed': {
      const { failure } = event.data;
      const facts = isRefusedHere(failure) ? withoutTimes(event.data.facts) : event.data.facts;
      const texts = {
        outcome: 'failed',
        failure_class: failure.class,
        followed_by: followerOf(change, event, event.data),
        violation_codes: codesOf(failure.violations ?? []),
      };
      return attemptWith(change, event, texts, facts);
    }
    case 'attempt.lost': {
      const followedBy = followerOf(change, event, event.data);
      const texts = { outcome: 'lost', failure_class: 'lost', followed_by: followedBy };
      return attemptWith(change, event, texts, null);
    }
    case 'attempt.superseded':
      return attemptWith(change, event, { outcome: 'superseded' }, null);
    case 'cost.adjusted': {
      const { facts, replacesUnknown, countedAs } = event.data;
      // A call that was open at its job's end has no point that says it is unknown.
      const wasTold = activeOf(change, event) === null;
      return adjustment(change, event, { facts, resolves: replacesUnknown && wasTold, countedAs });
    }
    default:
      return null;
  }
}

function attemptWith(
  change: Change,
  event: JobEvent,
  texts: Texts,
  facts: AttemptFacts | null,
): Point {
  const active = activeOf(change, event);
  const lost = money(active?.local === true ? 0 : null);
  const { returnedModel, finishReason, moderated } = facts ?? {};
  return pointAbout(
    change.state,
    {
      ...subjectOf(change, event),
      ...texts,
      kind: 'attempt',
      returned_model: returnedModel,
      finish_reason: finishReason,
      ...findings(moderated),
    },
    {
      ...(facts === null ? lost : factsOf(facts)),
      attempt: event.attempt,
      target_index: active?.targetIndex,
    },
  );
}

/** What an attempt cost and used, known too late for its own point, which said that it is not known if it `resolves`. */
type Adjustment = {
  readonly facts: AttemptFacts;
  readonly resolves: boolean;
  readonly countedAs: CountedAs | null | undefined;
};

function adjustment(
  change: Change,
  event: JobEvent,
  { facts, resolves, countedAs = null }: Adjustment,
): Point {
  const spent = spentOf(facts);
  return pointAbout(
    change.state,
    {
      ...subjectOf(change, event),
      ...endedAs(countedAs),
      ...findings(facts.moderated),
      kind: 'cost_adjustment',
    },
    {
      ...spent,
      cost_unknown: (spent.cost_unknown ?? 0) - (resolves ? 1 : 0),
      attempt: event.attempt,
    },
  );
}

/** The texts of the point that an attempt's end has had. */
function endedAs(countedAs: CountedAs | null): Texts {
  if (countedAs === null) return {};
  if (countedAs === 'superseded') return { outcome: countedAs };
  const outcome = countedAs === 'lost' ? countedAs : 'failed';
  return { outcome, failure_class: countedAs };
}

/** How long it took to refuse a call on this side says nothing about its provider. */
function withoutTimes(facts: AttemptFacts): AttemptFacts {
  const { timeToFirstTokenMs: _, ...rest } = facts;
  return { ...rest, latencyMs: 0 };
}

function findings(moderated: Moderated | undefined): Texts {
  if (moderated === undefined) return {};
  const { flagged, categories = [] } = moderated;
  return { label: flagged ? 'flagged' : 'passed', categories: listOf(categories) };
}

function subjectOf(change: Change, event: JobEvent): Texts {
  const { provider = '', model = '' } = targetOf(change, event) ?? {};
  return { step: event.step ?? '', provider, model };
}

/** What follows an attempt that gave no result: another attempt of some kind, or the reason why none does. */
function followerOf(change: Change, event: JobEvent, data: Continuation): string {
  if ('stopped' in data) return data.stopped;
  if (!('retry' in data)) return 'hedge';
  if (change.events.some((other) => isReAskAfter(other, event))) return 're_ask';
  const index = activeOf(change, event)?.targetIndex ?? data.retry.targetIndex;
  return data.retry.targetIndex === index ? 'retry' : 'fallback';
}

function isReAskAfter({ type, step, item, attempt }: JobEvent, failed: JobEvent): boolean {
  const isSame = step === failed.step && item === failed.item && attempt === failed.attempt;
  return type === 'output.re_asked' && isSame;
}

/** The rules that an output broke, each once. */
function codesOf(violations: readonly Violation[]): string {
  return [...new Set(violations.map(({ code }) => code))].toSorted().join(',');
}

function money(costNanoUsd: number | null): Numbers {
  return { cost_nano_usd: costNanoUsd ?? 0, cost_unknown: costNanoUsd === null ? 1 : 0 };
}

function factsOf(facts: AttemptFacts): Numbers {
  return {
    ...spentOf(facts),
    latency_ms: facts.latencyMs,
    first_token_ms: facts.timeToFirstTokenMs,
    cache_hit: facts.cacheHit === true ? 1 : 0,
    saved_nano_usd: facts.savedNanoUsd ?? 0,
  };
}

function spentOf({ costNanoUsd, usage = {} }: AttemptFacts): Numbers {
  return {
    ...money(costNanoUsd),
    input_tokens: sumOf(usage.inputTokens, usage.cacheReadTokens, usage.cacheWriteTokens),
    output_tokens: sumOf(usage.outputTokens, usage.reasoningTokens),
    images: usage.images,
    audio_ms: usage.audioMs,
    compute_ms: usage.computeMs,
  };
}

function sumOf(...counts: readonly (number | undefined)[]): number {
  return counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
}

function jobPoint(state: JobState): Point {
  const { birth, startedAtMs, finishedAtMs, cost } = state;
  const endMs = finishedAtMs ?? birth.createdAtMs;
  return pointAbout(
    state,
    { kind: 'job', outcome: state.status, failure_class: state.reason?.code ?? '' },
    {
      latency_ms: endMs - birth.createdAtMs,
      cost_nano_usd: cost.nanoUsd,
      cost_unknown: cost.unpricedAttempts > 0 ? 1 : 0,
      queue_wait_ms: (startedAtMs ?? endMs) - birth.createdAtMs,
      events: state.seq,
    },
  );
}

function pointAbout({ birth }: JobState, texts: Texts, numbers: Numbers): Point {
  const { project, pipeline, version, id } = birth;
  return pointOf(
    project,
    {
      ...texts,
      pipeline,
      pipeline_version: String(version),
      job_id: id,
      tags: listOf(birth.tags),
    },
    numbers,
  );
}

/** `,a,b,`, so that a query finds a member as `,a,`; empty without any. A comma within one becomes a space. */
function listOf(names: readonly string[]): string {
  const plain = names.map((name) => name.replaceAll(',', ' '));
  return plain.length === 0 ? '' : `,${plain.join(',')},`;
}
