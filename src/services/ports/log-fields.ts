import type { Json } from '../../domain/json.ts';

/**
 * Every field that a log line may have beside `level`, `event` and `at`; `docs/logs.md` says what each means. None
 * ever holds a payload, a prompt, a secret, or text that a provider or a user wrote.
 */
export const logFields = [
  // What the line is about.
  'request_id',
  'trace_id',
  'project',
  'pipeline',
  'job_id',
  'parent',
  'step',
  'item',
  'attempt',
  'attempt_key',
  'provider',
  'model',
  'returned_model',
  'target',
  'provider_job_id',
  // What became of it.
  'status',
  'outcome',
  'reason',
  'class',
  'phase',
  'code',
  'http_status',
  'because',
  'from',
  'to',
  'state',
  'until',
  'stopped',
  // How long it took, and what it cost.
  'latency_ms',
  'queue_ms',
  'first_token_ms',
  'for_ms',
  'cost_nano_usd',
  'saved_nano_usd',
  'unpriced_attempts',
  'input_tokens',
  'output_tokens',
  'cached',
  'late',
  'score',
  'label',
  // Requests and messages.
  'method',
  'route',
  'actor',
  'by',
  'queue',
  'message_id',
  'delivery',
  'entries',
  'summary',
  // Housekeeping and what goes wrong.
  'alive',
  'bulk_id',
  'bytes',
  'characters_min',
  'count',
  'error',
  'events',
  'file',
  'files',
  'jobs',
  'jobs_deleted',
  'problem',
  'reasons',
  'setting',
  'shard',
  'shards',
  'stack',
  'tries',
  'what',
] as const;
type LogField = (typeof logFields)[number];

/** The fields of one line; those that are undefined are left out. */
export type LogFields = { readonly [Field in LogField]?: Json | undefined };
