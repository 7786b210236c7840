import type {
  DeliveryFact,
  FeedbackFact,
  JobFacts,
  QueueSample,
  RunnableSample,
  TargetSample,
} from '../facts/fact.ts';
import { share, type Share } from './share.ts';

/** Scores are added up in thousandths. */
export const SCORE_UNIT = 1_000;

type Other = DeliveryFact | FeedbackFact | QueueSample | RunnableSample | TargetSample;

/** What a fact adds that is of no attempt and no job. */
export function otherShares(job: JobFacts, fact: Other): Share[] {
  switch (fact.kind) {
    case 'delivery':
      return [deliveryShare(fact)];
    case 'feedback':
      return [feedbackShare(job, fact)];
    case 'queue_sample': {
      const { queue, messages, oldest_age_ms: age = ageOf(messages) } = fact;
      return [share('queues', [queue], {}, { queue_messages: messages, queue_oldest_age: age })];
    }
    case 'runnable_sample': {
      const { jobs, oldest_age_ms: age = ageOf(jobs) } = fact;
      return [share('runnable', [], {}, { runnable_jobs: jobs, runnable_oldest_age: age })];
    }
    case 'target_sample': {
      const { provider, model, state } = fact;
      const sums = { target_samples: 1, available_samples: state === 'available' ? 1 : 0 };
      return [share('targets', [provider, model, state], sums, {})];
    }
  }
}

/** Where nothing waits it has waited for 0; of what waits and does not tell since when, nothing is counted. */
function ageOf(waiting: number): number | undefined {
  return waiting === 0 ? 0 : undefined;
}

function deliveryShare(fact: DeliveryFact): Share {
  const { endpoint, latency_ms: latency, lag_ms: lag, given_up: givenUp } = fact;
  const sums = {
    webhook_tries: 1,
    webhook_failures: fact.class === undefined ? 0 : 1,
    webhooks_given_up: givenUp === true ? 1 : 0,
  };
  const times = { webhook_latency: latency, webhook_lag: lag };
  return share('webhooks', [endpoint, fact.class ?? ''], sums, times);
}

function feedbackShare({ pipeline, version }: JobFacts, fact: FeedbackFact): Share {
  const { step = '', label = '', score } = fact;
  const sums = {
    feedback: 1,
    scored_feedback: score === undefined ? 0 : 1,
    feedback_scores: score === undefined ? undefined : Math.round(score * SCORE_UNIT),
  };
  return share('feedback', [pipeline, String(version), step, label], sums, {});
}
