import type { FailurePhase } from '../../../domain/job/failure.ts';
import type { ProviderFailureClass } from '../../http/failure-sentence.ts';
import { classOfStatus, phaseOfStatus } from '../../http/status-class.ts';
import type { Verdict } from '../../shared/failures.ts';
import type { ProviderError } from './error-body.ts';
import type { OpenAiCompatibleProfile } from '../profile.ts';

type ClassByName = Readonly<Record<string, ProviderFailureClass>>;

/** Money, not pace, whatever the status and wherever it is said: waiting does not help. */
const billingNames: ReadonlySet<string> = new Set([
  'insufficient_quota',
  'credit_balance_exhausted',
  'organization_spend_limit_exceeded',
  'project_spend_limit_exceeded',
  'organization_usage_limit_exceeded',
  'billing_hard_limit_reached',
  'billing_not_active',
  'openrouter_credits',
  'openrouter_key_limit',
  'openrouter_guardrail_budget',
  'openrouter_workspace_budget',
]);

/** Names that say more than the status they come with. */
const classByName: ClassByName = {
  rate_limit_exceeded: 'rate_limited',
  rate_limit_error: 'rate_limited',
  slow_down: 'rate_limited',
  openrouter_in_flight_budget: 'rate_limited',
  in_flight_budget_exhausted: 'rate_limited',
  server_is_overloaded: 'overloaded',
  overloaded_error: 'overloaded',
  capacity_exceeded: 'overloaded',
  context_length_exceeded: 'context_length',
  exceed_context_size_error: 'context_length',
  content_policy_violation: 'content_blocked_input',
  moderation_blocked: 'content_blocked_input',
  image_content_policy_violation: 'content_blocked_input',
  invalid_prompt: 'content_blocked_input',
  content_filter: 'content_blocked_input',
  flagged_input: 'content_blocked_input',
  ResponsibleAIPolicyViolation: 'content_blocked_input',
  bio_policy: 'content_blocked_input',
  unsupported_parameter: 'unsupported_parameter',
  unsupported_value: 'unsupported_parameter',
  invalid_api_key: 'auth',
  missing_api_key: 'auth',
  model_not_found: 'not_found_model',
  DeploymentNotFound: 'not_found_model',
  unsupported_country_region_territory: 'permission',
  json_validate_failed: 'output_invalid',
  vector_store_timeout: 'timeout',
  image_too_large: 'payload_too_large',
  image_file_too_large: 'payload_too_large',
  invalid_image: 'invalid_request',
  invalid_image_format: 'invalid_request',
  invalid_base64_image: 'invalid_request',
  invalid_image_url: 'invalid_request',
  invalid_image_mode: 'invalid_request',
  image_too_small: 'invalid_request',
  image_parse_error: 'invalid_request',
  image_file_not_found: 'invalid_request',
  empty_image_file: 'invalid_request',
  failed_to_download_image: 'invalid_request',
  unsupported_image_media_type: 'invalid_request',
};

/** Names that only repeat a status; they count where the status is 200. */
const classByPlainName: ClassByName = {
  invalid_request_error: 'invalid_request',
  BadRequestError: 'invalid_request',
  authentication_error: 'auth',
  permission_error: 'permission',
  billing_error: 'billing_exhausted',
  not_found_error: 'not_found_model',
  NotFoundError: 'not_found_model',
  timeout_error: 'timeout',
  server_error: 'provider_internal',
  api_error: 'provider_internal',
  internal_error: 'provider_internal',
  internal_server_error: 'provider_internal',
  InternalServerError: 'provider_internal',
};

/** Servers without a code for it (vLLM, Ollama, llama.cpp) say it in a sentence only. */
const contextWords =
  /maximum context length|context (?:length|window|size)|prompt is too long|too many tokens|reduce the length/i;
const statusesOfContext: ReadonlySet<number> = new Set([400, 413, 422]);

/** Classes in which nothing was produced, so that nothing can have been charged. */
const refusals: ReadonlySet<ProviderFailureClass> = new Set<ProviderFailureClass>([
  'rate_limited',
  'auth',
  'billing_exhausted',
  'permission',
  'not_found_model',
  'invalid_request',
  'unsupported_parameter',
  'context_length',
  'content_blocked_input',
  'payload_too_large',
]);

export type ErrorFacts = {
  readonly status: number;
  readonly error: ProviderError;
  /** Did the provider say how long to wait? */
  readonly mayWait: boolean;
  /** Had content arrived before the error? */
  readonly workSeen: boolean;
};

/** Which class of failure it is, and whether the provider may have worked (and charged) for it. */
export function verdictOf(facts: ErrorFacts, profile: OpenAiCompatibleProfile): Verdict {
  const failureClass = classOf(facts, profile);
  return { class: failureClass, phase: phaseOf(failureClass, facts) };
}

function classOf(facts: ErrorFacts, profile: OpenAiCompatibleProfile): ProviderFailureClass {
  const { error } = facts;
  const status = statusOf(facts);
  const named = classFromNames(facts, status);
  if (named !== null) return named;
  if (status === null) return firstNamed(error.signals, classByPlainName) ?? 'provider_internal';
  if (statusesOfContext.has(status) && contextWords.test(error.message)) return 'context_length';
  return profile.classByStatus[status] ?? classOfStatus(status);
}

function classFromNames(facts: ErrorFacts, status: number | null): ProviderFailureClass | null {
  const { signals } = facts.error;
  if (signals.some((signal) => billingNames.has(signal))) return 'billing_exhausted';
  const named = firstNamed(signals, classByName);
  // A 402 is about money unless the provider says both that it passes and when.
  if (named === 'rate_limited' && status === 402 && !facts.mayWait) return 'billing_exhausted';
  return named ?? null;
}

function phaseOf(failureClass: ProviderFailureClass, facts: ErrorFacts): FailurePhase {
  if (facts.workSeen) return 'unknown';
  if (failureClass === 'output_invalid') return 'finished';
  const status = statusOf(facts);
  if (status !== null) return phaseOfStatus(status);
  return refusals.has(failureClass) ? 'rejected' : 'unknown';
}

/** The status that counts: the real one, or inside a 200 the one in the error, if it has one. */
function statusOf({ status, error }: ErrorFacts): number | null {
  return status >= 300 ? status : error.status;
}

function firstNamed(
  signals: readonly string[],
  names: ClassByName,
): ProviderFailureClass | undefined {
  const signal = signals.find((candidate) => Object.hasOwn(names, candidate));
  return signal === undefined ? undefined : names[signal];
}
