import type { FailureClass } from '../../domain/job/failure.ts';

/** Who failed, in the words that a user of the deployment knows. */
export type Subject = {
  readonly provider: string;
  /** The model that was asked for; `null` where only the provider's answer is known. */
  readonly model: string | null;
  /** The name of the secret that holds the provider's key. */
  readonly secretName: string;
};

/** The classes that an adapter may give; the rest are found on our own side. */
export type ProviderFailureClass = Exclude<
  FailureClass,
  | 'lost'
  | 'expression_failed'
  | 'step_input_invalid'
  | 'value_too_large'
  | 'internal'
  | 'child_failed'
  | 'budget_exceeded'
>;

type Words = { readonly what: string; readonly advice: string };

const wordsByClass = {
  rate_limited: (at) => ({
    what: `${at.provider} limits the rate of calls`,
    advice: 'Retry later, lower the concurrency of this target, or add a fallback target.',
  }),
  overloaded: (at) => ({
    what: `${at.provider} is overloaded`,
    advice: 'Retry later or add a fallback target.',
  }),
  timeout: (at) => ({
    what: `${at.provider} did not answer in time`,
    advice: 'Raise the timeout of the step, ask for less output, or choose a faster model.',
  }),
  network: (at) => ({
    what: `The connection to ${at.provider} failed`,
    advice: "Retry; if it goes on, check the provider's base URL and its status page.",
  }),
  provider_internal: (at) => ({
    what: `${at.provider} failed on its own side`,
    advice: "Retry; if it goes on, check the provider's status page or add a fallback target.",
  }),
  auth: (at) => ({
    what: `${at.provider} did not accept the API key`,
    advice: `Check the secret ${at.secretName}.`,
  }),
  billing_exhausted: (at) => ({
    what: `The account at ${at.provider} has no credit left or has reached a spending limit`,
    advice: `Add credit or raise the limit of the account that ${at.secretName} belongs to.`,
  }),
  permission: (at) => ({
    what: `${at.provider} does not allow this call`,
    advice: `Check what the account that ${at.secretName} belongs to may use, and from which region.`,
  }),
  not_found_model: (at) => ({
    what: `${at.provider} does not know the model`,
    advice: "Check the model's name, the account's access to it, and the provider's base URL.",
  }),
  invalid_request: (at) => ({
    what: `${at.provider} refused the request as invalid`,
    advice:
      "Check the step's messages, parameters and output schema; `detail` has the reason given.",
  }),
  unsupported_parameter: (at) => ({
    what: `${at.provider} does not support a parameter of this call`,
    advice: 'Remove the parameter or choose a model that has it; `detail` names it.',
  }),
  context_length: (at) => ({
    what: `The prompt does not fit what ${at.provider} takes`,
    advice: 'Shorten or split the input, or choose a model with a larger context window.',
  }),
  content_blocked_input: (at) => ({
    what: `${at.provider} refused the input under its content policy`,
    advice: 'Review the input; it will be refused again unchanged.',
  }),
  content_blocked_output: (at) => ({
    what: `${at.provider} withheld the answer under its content policy, or the model refused`,
    advice: 'Review the input and the prompt.',
  }),
  payload_too_large: (at) => ({
    what: `The call to ${at.provider}, or its answer, is too large`,
    advice: 'Send less in one call or ask for less output.',
  }),
  output_truncated: (at) => ({
    what: `${at.provider} stopped at the output limit before the JSON was complete`,
    advice: 'Raise the maximum of output tokens or ask for a smaller result.',
  }),
  output_invalid: (at) => ({
    what: `${at.provider} could not produce what was asked for`,
    advice: 'Retry, simplify the output schema, or choose another model.',
  }),
  unknown: (at) => ({
    what: `${at.provider} failed in a way that is not known`,
    advice: '`detail` has what it said.',
  }),
  cancelled: (at) => ({
    what: `The call to ${at.provider} was cancelled`,
    advice: 'Nothing needs to be done; the provider may still charge for it.',
  }),
  not_configured: (at) => ({
    what: `${at.provider} cannot be called as it is configured`,
    advice: `Check the provider's base URL and the secret ${at.secretName}.`,
  }),
} as const satisfies Record<ProviderFailureClass, (at: Subject) => Words>;

const modelNameMax = 120;

/** Our own sentences about a failure: who, which model, with which status, and what to do. */
export function failureSentence(
  failureClass: ProviderFailureClass,
  subject: Subject,
  status?: number,
): string {
  const { what, advice } = wordsByClass[failureClass](subject);
  const model = subject.model === null ? '' : ` (model ${subject.model.slice(0, modelNameMax)})`;
  const answered = status === undefined ? '' : `, status ${status}`;
  return `${what}${model}${answered}. ${advice}`;
}
