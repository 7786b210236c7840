import { z } from 'zod';

/**
 * What is measured of a job, as kept in D1 and archived: STORED CONTRACT, fields are added as optional. A fact is made of
 * one event and is the same however often and in whatever company the event is told, so `(job, seq)` names it and
 * repetitions fall away. Times in milliseconds, money in nano-dollars.
 */
const count = z.number().int().nonnegative();
const moment = { seq: z.number().int(), at: z.number() };
const subject = {
  step: z.string(),
  /** Absent for work that calls no model. */
  provider: z.string().optional(),
  model: z.string().optional(),
};
const usage = z.record(z.string(), z.number());
/** What a moderation has found; categories that it has flagged, by name. */
export const moderated = z.object({
  flagged: z.boolean(),
  categories: z.array(z.string()).optional(),
});

/** An attempt has ended. */
const attemptFact = z.object({
  kind: z.literal('attempt'),
  ...moment,
  ...subject,
  outcome: z.enum(['succeeded', 'failed', 'lost', 'superseded']),
  class: z.string().optional(),
  latency_ms: z.number().optional(),
  ttft_ms: z.number().optional(),
  /** What the call cost; absent for work that calls no model and where nobody knows. */
  cost: z.number().int().optional(),
  /** The call may have been charged and nobody knows how much. */
  unpriced: z.literal(true).optional(),
  cached: z.literal(true).optional(),
  saved: z.number().int().optional(),
  usage: usage.optional(),
  /** Another attempt follows. */
  retried: z.literal(true).optional(),
  /** Broken rules of an output check, by their codes. */
  checks: z.record(z.string(), count).optional(),
  moderated: moderated.optional(),
});

/** What an attempt cost is known now. It counts at the moment of the correction, so that no past minute changes. */
const costFact = z.object({
  kind: z.literal('cost'),
  ...moment,
  ...subject,
  /** What the attempt was counted under. */
  class: z.string().optional(),
  cost: z.number().int().optional(),
  /** The attempt counted as one of unknown cost until now. */
  resolves: z.literal(true).optional(),
  /** Still nobody knows. */
  unpriced: z.literal(true).optional(),
  usage: usage.optional(),
  /** Of a result that came after its attempt had been given up, and was used. */
  moderated: moderated.optional(),
});

const occurrences = [
  'fallback',
  'target_skipped',
  're_asked',
  'declined',
  'hedged',
  'budget_exceeded',
] as const;
export type Occurrence = (typeof occurrences)[number];

/** Something happened that is only counted. */
const occurrenceFact = z.object({
  kind: z.literal('occurrence'),
  ...moment,
  ...subject,
  what: z.enum(occurrences),
});

/** A job has ended. */
const jobFact = z.object({
  kind: z.literal('job'),
  ...moment,
  status: z.string(),
  latency_ms: z.number(),
  queue_ms: z.number(),
  /** Absent where the shard that told of the job did not yet take the times apart. */
  provider_ms: z.number().optional(),
  waited_ms: z.number().optional(),
  overhead_ms: z.number().optional(),
  /** What the job and its children cost, as far as it is known at its end. */
  cost: z.number().int().optional(),
  /** Calls that were still open at the job's end: what they cost may never be known. */
  open: z.array(z.object(subject)).optional(),
});

/** A delivery of a webhook was tried; `seq` is the number of the try. */
const deliveryFact = z.object({
  kind: z.literal('delivery'),
  ...moment,
  /** Empty for what a job has named itself. */
  endpoint: z.string(),
  /** Why it failed; absent where it did not. */
  class: z.string().optional(),
  /** Absent where the receiver was not asked. */
  latency_ms: z.number().optional(),
  /** From what happened to the receiver's yes; absent for what was asked to be delivered again. */
  lag_ms: z.number().optional(),
  /** No other try follows. */
  given_up: z.literal(true).optional(),
});

/** A user has said what a job's output is worth. */
const feedbackFact = z.object({
  kind: z.literal('feedback'),
  ...moment,
  step: z.string().optional(),
  label: z.string().optional(),
  /** From 0 to 1. */
  score: z.number().optional(),
});

/** How a queue stood. */
const queueSample = z.object({
  kind: z.literal('queue_sample'),
  ...moment,
  queue: z.string(),
  messages: count,
  /** Absent where nothing waits, or the queue does not tell. */
  oldest_age_ms: z.number().optional(),
});

/** How many jobs of a project waited for a runner. */
const runnableSample = z.object({
  kind: z.literal('runnable_sample'),
  ...moment,
  jobs: count,
  oldest_age_ms: z.number().optional(),
});

/** How a target's circuit stood. */
const targetSample = z.object({
  kind: z.literal('target_sample'),
  ...moment,
  provider: z.string(),
  model: z.string(),
  state: z.string(),
});

const fact = z.discriminatedUnion('kind', [
  attemptFact,
  costFact,
  occurrenceFact,
  jobFact,
  deliveryFact,
  feedbackFact,
  queueSample,
  runnableSample,
  targetSample,
]);
export type Fact = z.infer<typeof fact>;
export type AttemptFact = z.infer<typeof attemptFact>;
export type CostFact = z.infer<typeof costFact>;
export type OccurrenceFact = z.infer<typeof occurrenceFact>;
export type JobFact = z.infer<typeof jobFact>;
export type DeliveryFact = z.infer<typeof deliveryFact>;
export type FeedbackFact = z.infer<typeof feedbackFact>;
export type QueueSample = z.infer<typeof queueSample>;
export type RunnableSample = z.infer<typeof runnableSample>;
export type TargetSample = z.infer<typeof targetSample>;

function readFact(stored: unknown): Fact[] {
  const parsed = fact.safeParse(stored);
  return parsed.success ? [parsed.data] : [];
}

/** Facts of one job, with what is the same for all of them; or of a delivery or a sample, which have no pipeline. */
export const jobFacts = z.object({
  /** The job, or what else names the facts together with their `seq`: the delivery's id, the sample's moment. */
  job: z.string(),
  pipeline: z.string(),
  version: z.number(),
  tags: z.array(z.string()).optional(),
  /** What a later release has written and this one does not know is left out. */
  facts: z.array(z.unknown()).transform((facts) => facts.flatMap(readFact)),
});
export type JobFacts = z.infer<typeof jobFacts>;

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** The minute that a moment lies in, by its first millisecond. */
export function minuteOf(ms: number): number {
  return Math.floor(ms / MINUTE_MS) * MINUTE_MS;
}

export function hourOf(ms: number): number {
  return Math.floor(ms / HOUR_MS) * HOUR_MS;
}
