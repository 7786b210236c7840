import type { Failure } from '../domain/failure.ts';
import type { Json } from '../domain/json.ts';
import type { ModelCall, ModelKind, ModelReply, Spent } from '../domain/model-call.ts';

/** What an adapter sends: a JSON request, complete but for credentials and correlation headers. */
export type WireRequest = {
  readonly method: 'GET' | 'POST';
  /** Path below the provider's base URL, beginning with `/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Json;
};

/** What came back. `body` is the parsed JSON, or the text when it is not JSON. */
export type WireReply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Json;
};

/** Everything an adapter may look at to say what went wrong. */
export type ErrorEvidence =
  /** The provider answered, with an error status or an error inside a success. */
  | { readonly kind: 'reply'; readonly reply: WireReply }
  /** The request or the reading of its answer threw; `sent` says whether the body may have left. */
  | {
      readonly kind: 'exception';
      readonly name: string;
      readonly message: string;
      readonly sent: boolean;
    }
  /** Our own deadline or a cancel cut the call. */
  | { readonly kind: 'aborted'; readonly by: 'deadline' | 'cancel' };

/** An opaque, JSON-safe handle to work that outlives one request. */
type Ticket = { readonly providerJobId: string; readonly data: Json };

export type CallOutcome =
  | { readonly kind: 'done'; readonly reply: ModelReply }
  | { readonly kind: 'pending'; readonly ticket: Ticket; readonly checkInMs: number }
  /** `spent` is present when the provider worked, and charges, although there is no result to use. */
  | { readonly kind: 'failed'; readonly failure: Failure; readonly spent?: Spent };

export type CallContext = {
  /** Aborted with the reason `cancel` when the job is cancelled, and with `deadline` at the attempt's end. */
  readonly signal: AbortSignal;
  /** Stable for one attempt; sent wherever a provider takes an idempotency key. */
  readonly idempotencyKey: string;
  /** Correlation headers (`traceparent`, `x-request-id`) to pass on. */
  readonly headers: Readonly<Record<string, string>>;
  /** Called once the response headers are there: from then on the call holds no connection slot. */
  readonly onHeaders: () => void;
};

/**
 * The thin abstraction around one provider. `transformInput`, `normalizeOutput` and `classifyError` are pure;
 * `submitJob` makes the one call and never retries. `getJobStatus` and `cancelJob` exist only where the
 * provider has them: their presence is the capability.
 */
export type ProviderAdapter = {
  readonly id: string;
  /** Changes whenever the mapping changes; stored with every attempt. */
  readonly version: number;
  readonly capabilities: {
    readonly kinds: readonly ModelKind[];
    /** True when calls run inside the Worker and need no outgoing connection. */
    readonly local: boolean;
  };
  transformInput(call: ModelCall): WireRequest;
  normalizeOutput(reply: WireReply, call: ModelCall): CallOutcome;
  classifyError(evidence: ErrorEvidence): Failure;
  submitJob(call: ModelCall, context: CallContext): Promise<CallOutcome>;
  readonly getJobStatus?: (ticket: Ticket, context: CallContext) => Promise<CallOutcome>;
  readonly cancelJob?: (ticket: Ticket, context: CallContext) => Promise<void>;
};
