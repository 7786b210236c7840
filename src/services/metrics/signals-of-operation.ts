import { SCORE_UNIT } from './rollup/other-shares.ts';
import type { SetName } from './rollup/series.ts';
import type { Signal } from './signal.ts';

const MODERATED = ['attempts'] as const;
const WEBHOOKS = ['webhooks'] as const;
const FEEDBACK = ['feedback'] as const;
const TARGETS = ['targets'] as const;

const MODERATION = 'what a moderation step answers';
const TRY = 'by the deliverer, around the request';
const GIVEN = '`POST /v1/jobs/{id}/feedback`';
const BY_SCHEDULE = 'by the schedule, each minute: ';

/** What was found of inputs and outputs, by models and by people. */
export const verdicts: readonly Signal[] = [
  count('moderated', 'Texts and images that a moderation has looked at', MODERATED, MODERATION),
  count('flagged', 'Texts and images that a moderation has flagged', MODERATED, MODERATION),
  {
    name: 'flagged_rate',
    meaning:
      'The share of texts and images that a moderation has flagged, of those that it has looked at',
    unit: 'ratio',
    kind: 'ratio',
    sets: MODERATED,
    of: 'flagged',
    over: 'moderated',
    without: ['class'],
    measured: MODERATION,
  },
  count(
    'flagged_categories',
    'What moderations have flagged texts and images for; group by `category`',
    ['moderation'],
    MODERATION,
  ),
  count('feedback', 'What users have said of jobs; group by `label`', FEEDBACK, GIVEN),
  {
    name: 'feedback_score',
    meaning: 'The mean score that users gave, from 0 to 1',
    unit: 'ratio',
    kind: 'ratio',
    sets: FEEDBACK,
    of: 'feedback_scores',
    over: 'scored_feedback',
    scale: SCORE_UNIT,
    measured: GIVEN,
  },
];

/** How deliveries, queues and targets do. */
export const operation: readonly Signal[] = [
  {
    name: 'webhook_lag',
    meaning: 'From what a webhook tells of to the receiver’s yes, all tries included',
    unit: 'ms',
    kind: 'distribution',
    sets: WEBHOOKS,
    measured: TRY,
  },
  {
    name: 'webhook_latency',
    meaning: 'How long a receiver of webhooks took for one try',
    unit: 'ms',
    kind: 'distribution',
    sets: WEBHOOKS,
    measured: TRY,
  },
  count('webhook_tries', 'Tries of deliveries of webhooks', WEBHOOKS, TRY),
  count(
    'webhook_failures',
    'Tries of deliveries of webhooks that failed; group by `class` to see why',
    WEBHOOKS,
    TRY,
  ),
  {
    name: 'webhook_failure_rate',
    meaning: 'The share of tries of webhooks that failed; by `class`, that failed so',
    unit: 'ratio',
    kind: 'ratio',
    sets: WEBHOOKS,
    of: 'webhook_failures',
    over: 'webhook_tries',
    above: ['class'],
    measured: TRY,
  },
  count(
    'webhooks_given_up',
    'Deliveries of webhooks after whose last try none follows',
    WEBHOOKS,
    TRY,
  ),
  sampled('queue_messages', 'count', 'Messages that wait in a queue', ['queues'], '`metrics()`'),
  sampled(
    'queue_oldest_age',
    'ms',
    'Age of the oldest message that waits in a queue',
    ['queues'],
    '`metrics()`',
  ),
  sampled(
    'runnable_jobs',
    'count',
    'Jobs that could go on and that no runner has taken',
    ['runnable'],
    'what history tells of waits over 5 s',
  ),
  sampled(
    'runnable_oldest_age',
    'ms',
    'How long the job has waited that has waited longest for a runner',
    ['runnable'],
    'what history tells of waits over 5 s',
  ),
  count(
    'target_samples',
    'How often a target was looked at; group by `state` to see how its circuit stood',
    TARGETS,
    `${BY_SCHEDULE}the target’s gate`,
  ),
  {
    name: 'target_availability',
    meaning: 'The share of samples in which a target’s circuit let every call through',
    unit: 'ratio',
    kind: 'ratio',
    sets: TARGETS,
    of: 'available_samples',
    over: 'target_samples',
    without: ['state'],
    measured: `${BY_SCHEDULE}the target’s gate`,
  },
  {
    name: 'target_state',
    meaning: 'How a target stands, as a label: in the words of `/v1/targets`',
    unit: 'state',
    kind: 'gauge',
    measured: 'the target’s gate, when `/metrics` is asked',
  },
  {
    name: 'silent_shards',
    meaning: 'Shards that did not answer when asked: what waits there is not in `runnable_jobs`',
    unit: 'count',
    kind: 'gauge',
    measured: 'the project’s shards, when `/metrics` is asked',
  },
];

function count(name: string, meaning: string, sets: readonly SetName[], measured: string): Signal {
  return { name, meaning, unit: 'count', kind: 'sum', sets, measured };
}

function sampled(
  name: string,
  unit: 'count' | 'ms',
  meaning: string,
  sets: readonly SetName[],
  source: string,
): Signal {
  return { name, meaning, unit, kind: 'sampled', sets, measured: `${BY_SCHEDULE}${source}` };
}
