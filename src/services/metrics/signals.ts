import { snakeCase } from '../../domain/wire.ts';
import { usageFields, type Usage } from '../../domain/model/usage.ts';
import { dimensionsOf, type SetName } from './rollup/series.ts';
import type { Signal } from './signal.ts';
import { operation, verdicts } from './signals-of-operation.ts';

const CALLS = ['attempts', 'tags'] as const;
const BY_STEP = ['attempts'] as const;

const ATTEMPT_END = 'the event that ends the attempt';
const JOB_END = 'the event that ends the job, and the job’s events before it';

const work: readonly Signal[] = [
  {
    name: 'jobs',
    meaning: 'Jobs that have ended',
    unit: 'count',
    kind: 'sum',
    sets: ['jobs', 'tags'],
    without: ['provider', 'model'],
    measured: 'the event that ends the job',
  },
  ...spans({
    job_latency: 'From submit to the job’s end',
    queue_wait:
      'From submit until a job’s first attempt began, or until its end if none did: queues, limits of jobs at a time, and pauses',
    provider_wait:
      'Of a job’s time since its first attempt, that in which at least one model call was under way outside the Worker',
    deliberate_wait:
      'Of a job’s time since its first attempt and without calls under way, that in which it was held on purpose: back-off, limit, circuit, budget, timer, event, review, child job, pause',
    overhead:
      'What is left of a job’s time since its first attempt: our own work, and waiting for our own queues and for runners that were lost',
  }),
  {
    name: 'attempts',
    meaning: 'Attempts of steps that have ended, those of steps without a model included',
    unit: 'count',
    kind: 'sum',
    sets: CALLS,
    measured: ATTEMPT_END,
  },
  {
    name: 'failures',
    meaning: 'Attempts that failed or were lost; group by `class` to see why',
    unit: 'count',
    kind: 'sum',
    sets: CALLS,
    measured: ATTEMPT_END,
  },
  {
    name: 'error_rate',
    meaning: 'The share of attempts that failed or were lost; by `class`, that failed so',
    unit: 'ratio',
    kind: 'ratio',
    sets: CALLS,
    of: 'failures',
    over: 'attempts',
    above: ['class'],
    measured: ATTEMPT_END,
  },
  {
    name: 'provider_latency',
    meaning:
      'From the start of a model call to its answer, those of models inside the Worker (`builtin`) included; results that were taken over do not count',
    unit: 'ms',
    kind: 'distribution',
    sets: BY_STEP,
    measured: 'by the runner, around the call',
  },
  {
    name: 'time_to_first_token',
    meaning: 'From the start of a model call to the first piece of streamed text',
    unit: 'ms',
    kind: 'distribution',
    sets: BY_STEP,
    measured: 'by the runner, where the answer is streamed',
  },
  {
    name: 'retries',
    meaning: 'Failed or lost attempts that another one followed',
    unit: 'count',
    kind: 'sum',
    sets: CALLS,
    measured: ATTEMPT_END,
  },
  ...occurrences({
    fallbacks: ['Times that a step moved on, by the target that it left', '`fallback.taken`'],
    skipped_targets: ['Targets that were passed over without a call', '`target.skipped`'],
    declined_attempts: ['Attempts that a limit or a circuit held back', '`attempt.declined`'],
    hedges: ['Second targets asked beside slow ones, by the target asked', '`attempt.started`'],
    exceeded_budgets: ['Calls that a budget had no room for', '`budget.exceeded`'],
    re_asks: ['Times that a model was asked again after a failed check', '`output.re_asked`'],
  }),
  {
    name: 'cache_hits',
    meaning: 'Attempts whose result was taken over from an identical call',
    unit: 'count',
    kind: 'sum',
    sets: CALLS,
    measured: ATTEMPT_END,
  },
  {
    name: 'cache_hit_rate',
    meaning: 'The share of attempts whose result was taken over',
    unit: 'ratio',
    kind: 'ratio',
    sets: CALLS,
    of: 'cache_hits',
    over: 'attempts',
    without: ['class'],
    measured: ATTEMPT_END,
  },
  {
    name: 'failed_checks',
    meaning: 'Rules of output checks that answers broke; group by `rule` to see which',
    unit: 'count',
    kind: 'sum',
    sets: ['checks'],
    measured: 'the violations of attempts that failed as `output_invalid`',
  },
  {
    name: 'cost',
    meaning:
      'What attempts cost. A cost that becomes known later counts in the minute in which it does',
    unit: 'nano_usd',
    kind: 'sum',
    sets: CALLS,
    measured: 'by the runner, from usage and prices; `cost.adjusted`',
  },
  {
    name: 'job_cost',
    meaning: 'What a job and its child jobs cost, as far as it is known at its end',
    unit: 'nano_usd',
    kind: 'distribution',
    sets: ['jobs'],
    measured: JOB_END,
  },
  {
    name: 'saved',
    meaning: 'What calls had cost whose results other attempts took over',
    unit: 'nano_usd',
    kind: 'sum',
    sets: CALLS,
    measured: ATTEMPT_END,
  },
  {
    name: 'unknown_costs',
    meaning: 'Attempts whose cost is not known, less those that it has become known of since',
    unit: 'count',
    kind: 'sum',
    sets: CALLS,
    measured: 'attempts without a price, lost attempts, calls open at a job’s end; `cost.adjusted`',
  },
];

const USAGE_MEANING = {
  inputTokens: 'Text tokens of prompts, without those of a provider’s cache',
  cacheReadTokens: 'Tokens read from providers’ caches',
  cacheWriteTokens: 'Tokens written to caches that live for minutes',
  cacheWriteHourTokens: 'Tokens written to caches that live for an hour',
  audioInputTokens: 'Audio tokens of prompts',
  imageInputTokens: 'Image tokens of prompts',
  outputTokens: 'Text tokens of answers, without reasoning',
  reasoningTokens: 'Reasoning tokens of answers',
  audioOutputTokens: 'Audio tokens of answers',
  imageOutputTokens: 'Image tokens of answers',
  images: 'Images made',
  audioMs: 'Length of audio that was charged',
  computeMs: 'Time on providers’ hardware',
  searchUnits: 'Units of search',
  characters: 'Characters of text that were processed',
} as const satisfies Record<keyof Usage, string>;

const usage: readonly Signal[] = usageFields.map((field) => ({
  name: snakeCase(field),
  meaning: USAGE_MEANING[field],
  unit: unitOfUsage(field),
  kind: 'sum',
  sets: CALLS,
  measured: 'as the provider reports it',
}));

/**
 * Everything that is measured, once: `docs/metrics.md` shows this table, the APIs and `/metrics` answer by it. A name is
 * used by dashboards and alerts: append, never rename.
 */
export const signals: readonly Signal[] = [...work, ...usage, ...verdicts, ...operation];

/** Signals that are kept by minute and hour. */
export type KeptSignal = Exclude<Signal, { readonly kind: 'gauge' }>;
export const keptSignals = signals.filter(
  (signal): signal is KeptSignal => signal.kind !== 'gauge',
);

export function keptSignal(name: string): KeptSignal | null {
  return keptSignals.find((signal) => signal.name === name) ?? null;
}

/** What a signal can be told apart by, in all combinations that one of its sets has. */
export function dimensionsOfSignal(signal: KeptSignal): string[] {
  return [...new Set(signal.sets.flatMap((set) => dimensionsIn(signal, set)))];
}

function dimensionsIn(signal: KeptSignal, set: SetName): readonly string[] {
  const without = 'without' in signal ? (signal.without ?? []) : [];
  return dimensionsOf[set].filter((dimension) => !without.includes(dimension));
}

/** The set of a signal that has all these dimensions; null when none has. */
export function setFor(signal: KeptSignal, dimensions: readonly string[]): SetName | null {
  const fits = signal.sets.find((set) => {
    const known = dimensionsIn(signal, set);
    return dimensions.every((dimension) => known.includes(dimension));
  });
  return fits ?? null;
}

function spans(meanings: Readonly<Record<string, string>>): Signal[] {
  return Object.entries(meanings).map(([name, meaning]) => ({
    name,
    meaning,
    unit: 'ms',
    kind: 'distribution',
    sets: ['jobs'],
    measured: JOB_END,
  }));
}

function occurrences(
  meanings: Readonly<Record<string, readonly [meaning: string, event: string]>>,
): Signal[] {
  return Object.entries(meanings).map(([name, [meaning, measured]]) => ({
    name,
    meaning,
    unit: 'count',
    kind: 'sum',
    sets: BY_STEP,
    measured,
  }));
}

function unitOfUsage(field: keyof Usage): Signal['unit'] {
  if (field.endsWith('Tokens')) return 'tokens';
  return field.endsWith('Ms') ? 'ms' : 'units';
}
