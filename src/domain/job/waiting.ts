/**
 * What keeps a job from moving. Shown to users, stored in D1, and named in queries: append, never rename.
 * - `runner`: there is work, and no runner has taken it yet
 * - `rate_limit`, `provider`: the pause after a provider's limit, or a provider that is down
 * - `concurrency`, `budget`: a limit of the pipeline or of the project
 * - `retry_backoff`: the pause before the next attempt
 * - `review`, `event`, `timer`, `child`: a person, a message from outside, a moment, another job
 */
export const waitingKinds = [
  'runner',
  'rate_limit',
  'concurrency',
  'provider',
  'review',
  'retry_backoff',
  'budget',
  'event',
  'timer',
  'child',
] as const;
export type WaitingKind = (typeof waitingKinds)[number];
