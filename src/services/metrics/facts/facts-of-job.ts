import { z } from 'zod';

import { attemptKey } from '../../../domain/job/attempt.ts';
import { endsJob } from '../../../domain/job/job-end.ts';
import { moderated, type Fact, type JobFacts, type Occurrence } from './fact.ts';

/** What history tells of a job at once: some of its events, and the model calls that they end. */
export type ToldJob = {
  readonly job: {
    readonly id: string;
    readonly pipeline: string;
    readonly version: number;
    readonly status: string;
    readonly created_at: number;
    readonly started_at: number | null;
    readonly tags: readonly string[];
    readonly times?: JobTimesRow | undefined;
  };
  readonly events: { readonly events: readonly unknown[] } | null;
  readonly calls: readonly ToldCall[];
};

/** Where the time of a job that is over went, what it cost, and the paid calls that were open at its end. */
export type JobTimesRow = {
  readonly provider_ms: number;
  readonly waited_ms: number;
  readonly overhead_ms: number;
  /** Nano-dollars, as far as they are known by then. Absent where a shard of a release before tells. */
  readonly cost?: number | undefined;
  readonly open: readonly {
    readonly step: string;
    readonly provider: string;
    readonly model: string;
  }[];
};

type ToldCall = {
  readonly attempt_key: string;
  readonly provider: string;
  readonly model: string;
  readonly local?: boolean | undefined;
  /** How the attempt ended; absent where an event comes without its call. */
  readonly outcome?: string | undefined;
  readonly failure_class?: string | null | undefined;
};

const target = z.object({ provider: z.string(), model: z.string() });
const attemptFacts = z.object({
  latency_ms: z.number().optional(),
  time_to_first_token_ms: z.number().optional(),
  cost_nano_usd: z.number().nullable(),
  usage: z.record(z.string(), z.number()).optional(),
  cache_hit: z.literal(true).optional(),
  saved_nano_usd: z.number().nullish(),
  moderated: moderated.optional(),
});
type Told = z.infer<typeof attemptFacts>;

/** Events as history has them (`toWire`); what is not needed here is not looked at. */
const toldEvent = z.object({
  seq: z.number(),
  type: z.string(),
  at: z.iso.datetime(),
  step: z.string().optional(),
  item: z.number().optional(),
  attempt: z.number().optional(),
  data: z
    .object({
      facts: attemptFacts.optional(),
      late: z.literal(true).optional(),
      failure: z
        .object({
          class: z.string(),
          phase: z.string().optional(),
          violations: z.array(z.object({ code: z.string() })).optional(),
        })
        .optional(),
      retry: z.object({}).optional(),
      possible_duplicate_spend: z.boolean().optional(),
      replaces_unknown: z.boolean().optional(),
      counted_as: z.string().nullish(),
      hedge_of: z.number().optional(),
      target: target.optional(),
      from: target.optional(),
    })
    .optional(),
});
type ToldEvent = z.infer<typeof toldEvent>;
type Data = NonNullable<ToldEvent['data']>;
type Subject = { readonly step: string; readonly provider?: string; readonly model?: string };

/** The facts that a copy of history holds. An event that cannot be read gives none. */
export function factsOfJob({ job, events, calls }: ToldJob): JobFacts {
  const called = new Map(calls.map((call) => [call.attempt_key, call]));
  const facts = (events?.events ?? []).flatMap((event) => {
    const told = toldEvent.safeParse(event);
    return told.success ? factsOfEvent(job, told.data, called) : [];
  });
  const { id, pipeline, version, tags } = job;
  return { job: id, pipeline, version, ...(tags.length > 0 ? { tags: [...tags] } : {}), facts };
}

const OCCURRENCES: Readonly<Record<string, Occurrence>> = {
  'fallback.taken': 'fallback',
  'target.skipped': 'target_skipped',
  'output.re_asked': 're_asked',
  'attempt.declined': 'declined',
  'budget.exceeded': 'budget_exceeded',
};

function factsOfEvent(
  job: ToldJob['job'],
  event: ToldEvent,
  called: ReadonlyMap<string, ToldCall>,
): Fact[] {
  const { type, step, data = {} } = event;
  if (endsJob(type)) return [jobEnded(job, event)];
  if (step === undefined) return [];
  const what = data.hedge_of === undefined ? OCCURRENCES[type] : 'hedged';
  if (what === undefined) return factsOfEnd(event, step, called);
  const subject = { step, ...(data.target ?? data.from) };
  return [{ kind: 'occurrence', ...momentOf(event), ...subject, what }];
}

function factsOfEnd(event: ToldEvent, step: string, called: ReadonlyMap<string, ToldCall>): Fact[] {
  const { type, item = null, attempt = 0, data = {} } = event;
  const call = called.get(attemptKey(step, item, attempt));
  const subject =
    call === undefined ? { step } : { step, provider: call.provider, model: call.model };
  const facts = ENDS[type]?.(event, subject, data, call?.local === true) ?? [];
  return facts.map((fact) =>
    fact.kind === 'cost' ? { ...fact, ...classOf(data.counted_as, call) } : fact,
  );
}

/** What the attempt was counted under that a correction is of. */
function classOf(countedAs: Data['counted_as'], call: ToldCall | undefined): { class?: string } {
  if (countedAs !== undefined) return countedAs === null ? {} : { class: countedAs };
  // Events of earlier releases do not say it.
  const { outcome = '', failure_class: failureClass = null } = call ?? {};
  if (outcome === 'lost' || outcome === 'superseded') return { class: outcome };
  return failureClass === null ? {} : { class: failureClass };
}

type Made = (event: ToldEvent, subject: Subject, data: Data, isLocal: boolean) => Fact[];

const ENDS: Readonly<Record<string, Made>> = {
  'attempt.succeeded': succeeded,
  'attempt.failed': failed,
  'attempt.lost': (event, subject, data) =>
    given(event, subject, 'lost', data.possible_duplicate_spend === true, data),
  'attempt.superseded': (event, subject, data, isLocal) =>
    given(event, subject, 'superseded', !isLocal, data),
  'cost.adjusted': (event, subject, data) =>
    corrected(event, subject, data.facts, data.replaces_unknown === true),
};

function momentOf({ seq, at }: ToldEvent): { seq: number; at: number } {
  return { seq, at: Date.parse(at) };
}

/** A result of an attempt that had been given up is only a correction: its end was counted before. */
function succeeded(event: ToldEvent, subject: Subject, { facts, late }: Data): Fact[] {
  if (late === true) {
    const found = moderatedOf(facts);
    return corrected(event, subject, facts, true).map((fact) => ({ ...fact, ...found }));
  }
  return [
    {
      kind: 'attempt',
      ...momentOf(event),
      ...subject,
      outcome: 'succeeded',
      ...measured(subject, facts),
    },
  ];
}

function failed(event: ToldEvent, subject: Subject, { facts, failure, retry }: Data): Fact[] {
  const checks = failure?.class === 'output_invalid' ? countCodes(failure.violations ?? []) : null;
  return [
    {
      kind: 'attempt',
      ...momentOf(event),
      ...subject,
      outcome: 'failed',
      class: failure?.class ?? 'unknown',
      ...measured(
        subject,
        failure !== undefined && isRefusedHere(failure) ? withoutTimes(facts) : facts,
      ),
      ...(retry === undefined ? {} : { retried: true }),
      ...(checks === null ? {} : { checks }),
    },
  ];
}

/** What keeps a call from being answered although it was made. */
const ON_THE_WAY: ReadonlySet<string> = new Set(['network', 'timeout']);

/** True for what was refused on this side, such as by a budget: it says nothing of how fast a provider is. */
export function isRefusedHere({
  class: of,
  phase,
}: Pick<NonNullable<Data['failure']>, 'class' | 'phase'>): boolean {
  return phase === 'not_sent' && !ON_THE_WAY.has(of);
}

function withoutTimes(facts: Told | undefined): Told | undefined {
  return facts && { ...facts, latency_ms: undefined, time_to_first_token_ms: undefined };
}

/** The end of an attempt of which nobody has heard: what it cost is unknown if it can have cost anything. */
function given(
  event: ToldEvent,
  subject: Subject,
  outcome: 'lost' | 'superseded',
  maySpend: boolean,
  { retry }: Data,
): Fact[] {
  return [
    {
      kind: 'attempt',
      ...momentOf(event),
      ...subject,
      outcome,
      class: outcome,
      ...(maySpend && subject.provider !== undefined ? { unpriced: true } : {}),
      ...(retry === undefined ? {} : { retried: true }),
    },
  ];
}

/** The children's costs are told by the children: an attempt without a target has none of its own. */
function corrected(
  event: ToldEvent,
  subject: Subject,
  facts: Told | undefined,
  resolves: boolean,
): Fact[] {
  if (subject.provider === undefined) return [];
  return [
    {
      kind: 'cost',
      ...momentOf(event),
      ...subject,
      ...(resolves ? { resolves: true } : {}),
      ...costOf(facts),
      ...usageOf(facts),
    },
  ];
}

function measured(subject: Subject, facts: Told | undefined) {
  const latency = facts?.latency_ms === undefined ? {} : { latency_ms: facts.latency_ms };
  if (subject.provider === undefined) return latency;
  const ttft = facts?.time_to_first_token_ms;
  return {
    ...latency,
    ...(ttft === undefined ? {} : { ttft_ms: ttft }),
    ...costOf(facts),
    ...(facts?.cache_hit === true ? { cached: true as const } : {}),
    ...(facts?.saved_nano_usd == null ? {} : { saved: facts.saved_nano_usd }),
    ...usageOf(facts),
    ...moderatedOf(facts),
  };
}

function costOf(facts: Told | undefined): { cost: number } | { unpriced: true } {
  const cost = facts?.cost_nano_usd ?? null;
  return cost === null ? { unpriced: true } : { cost };
}

function usageOf(facts: Told | undefined) {
  const usage = facts?.usage;
  return usage === undefined || Object.keys(usage).length === 0 ? {} : { usage };
}

function moderatedOf(facts: Told | undefined) {
  return facts?.moderated === undefined ? {} : { moderated: facts.moderated };
}

function countCodes(violations: readonly { readonly code: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { code } of violations) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

function jobEnded(
  { created_at: createdAt, started_at: startedAt, times }: ToldJob['job'],
  event: ToldEvent,
): Fact {
  const { seq, at } = momentOf(event);
  const started = startedAt ?? at;
  const { open = [], ...spans } = times ?? {};
  return {
    kind: 'job',
    seq,
    at,
    status: event.type.slice('job.'.length),
    latency_ms: Math.max(0, at - createdAt),
    queue_ms: Math.max(0, started - createdAt),
    ...spans,
    ...(open.length > 0 ? { open: [...open] } : {}),
  };
}
