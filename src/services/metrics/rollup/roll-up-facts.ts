import type {
  AttemptFact,
  CostFact,
  Fact,
  JobFact,
  JobFacts,
  OccurrenceFact,
} from '../facts/fact.ts';
import type { RollupSum } from './series.ts';
import { share, type Amounts, type Share } from './share.ts';
import { otherShares } from './other-shares.ts';

/** Of a job with more tags than this, the others are not counted by tag. */
const TAGS_MAX = 32;

/** Adds what a fact counts for to the series that it belongs to. */
export function addFact(sum: RollupSum, job: JobFacts, fact: Fact): void {
  for (const { set, series } of sharesOf(job, fact)) sum.add(set, series);
}

/** What a fact adds, and to which series. */
function sharesOf(job: JobFacts, fact: Fact): Share[] {
  switch (fact.kind) {
    case 'attempt':
      return [
        ...callShares(job, fact, attemptSums(fact), timesOf(fact)),
        ...checkShares(job, fact),
        ...moderationShares(job, fact),
      ];
    case 'cost':
      return [...callShares(job, fact, callSums(fact), {}), ...moderationShares(job, fact)];
    case 'occurrence':
      return [share('attempts', callValues(job, fact, ''), { [COUNTED_AS[fact.what]]: 1 }, {})];
    case 'job':
      return jobShares(job, fact);
    default:
      return otherShares(job, fact);
  }
}

const COUNTED_AS = {
  fallback: 'fallbacks',
  target_skipped: 'skipped_targets',
  re_asked: 're_asks',
  declined: 'declined_attempts',
  hedged: 'hedges',
  budget_exceeded: 'exceeded_budgets',
} as const satisfies Record<OccurrenceFact['what'], string>;

type Subject = Pick<AttemptFact, 'step' | 'provider' | 'model'>;

function callShares(
  job: JobFacts,
  fact: AttemptFact | CostFact,
  sums: Amounts,
  times: Amounts,
): Share[] {
  const { provider, model, class: failureClass = '' } = fact;
  const byTag =
    provider === undefined
      ? []
      : tagsOf(job).map((tag) =>
          share('tags', [tag, job.pipeline, provider, model ?? ''], sums, {}),
        );
  return [share('attempts', callValues(job, fact, failureClass), sums, times), ...byTag];
}

function callValues(job: JobFacts, { step, provider, model }: Subject, last: string): string[] {
  return [job.pipeline, String(job.version), step, provider ?? '', model ?? '', last];
}

function attemptSums(fact: AttemptFact): Amounts {
  const { outcome, retried, cached, saved } = fact;
  return {
    attempts: 1,
    failures: outcome === 'failed' || outcome === 'lost' ? 1 : 0,
    retries: retried === true ? 1 : 0,
    cache_hits: cached === true ? 1 : 0,
    saved,
    ...callSums(fact),
  };
}

/** Cost, consumption and findings of a call, or of its correction. */
function callSums(fact: AttemptFact | CostFact): Amounts {
  const resolved = fact.kind === 'cost' && fact.resolves === true ? 1 : 0;
  const unknown = (fact.unpriced === true ? 1 : 0) - resolved;
  return { cost: fact.cost, unknown_costs: unknown, ...fact.usage, ...findings(fact) };
}

function findings({ moderated }: AttemptFact | CostFact): Amounts {
  return moderated === undefined ? {} : { moderated: 1, flagged: moderated.flagged ? 1 : 0 };
}

/** How long a call took. What was taken over from another call says nothing of its provider. */
function timesOf({
  provider,
  cached,
  outcome,
  latency_ms: latency,
  ttft_ms: ttft,
}: AttemptFact): Amounts {
  const heard = outcome === 'succeeded' || outcome === 'failed';
  if (provider === undefined || cached === true || !heard) return {};
  return { provider_latency: latency, time_to_first_token: ttft };
}

function checkShares(job: JobFacts, fact: AttemptFact): Share[] {
  return Object.entries(fact.checks ?? {}).map(([rule, times]) =>
    share('checks', callValues(job, fact, rule), { failed_checks: times }, {}),
  );
}

function moderationShares(job: JobFacts, fact: AttemptFact | CostFact): Share[] {
  return [...new Set(fact.moderated?.categories)].map((category) =>
    share('moderation', callValues(job, fact, category), { flagged_categories: 1 }, {}),
  );
}

function jobShares(job: JobFacts, fact: JobFact): Share[] {
  const times = {
    job_latency: fact.latency_ms,
    queue_wait: fact.queue_ms,
    provider_wait: fact.provider_ms,
    deliberate_wait: fact.waited_ms,
    overhead: fact.overhead_ms,
    job_cost: fact.cost,
  };
  const open = (fact.open ?? []).map((call) =>
    share('attempts', callValues(job, call, ''), { unknown_costs: 1 }, {}),
  );
  return [
    share('jobs', [job.pipeline, String(job.version), fact.status], { jobs: 1 }, times),
    ...tagsOf(job).map((tag) => share('tags', [tag, job.pipeline, '', ''], { jobs: 1 }, {})),
    ...open,
  ];
}

function tagsOf({ tags = [] }: JobFacts): readonly string[] {
  return [...new Set(tags)].slice(0, TAGS_MAX);
}
