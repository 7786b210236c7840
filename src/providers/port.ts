import type { Failure } from '../domain/job/failure.ts';
import type { Json } from '../domain/json.ts';
import type { MediaRef } from '../domain/model/media.ts';
import type { Ticket } from '../domain/model/ticket.ts';
import type {
  Execution,
  ModelCall,
  ModelKind,
  ModelReply,
  Spent,
} from '../domain/model/model-call.ts';
import type { WireBody } from './http/wire-body.ts';

/** What an adapter sends: a request, complete but for credentials, correlation headers and the bytes of files. */
export type WireRequest = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path and query below the provider's base URL, beginning with `/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Ignored for `GET` and `DELETE`. */
  readonly body: WireBody;
};

/**
 * What came back. `body` is the parsed JSON, or the text when it is not JSON; of a reply that is an image or a sound,
 * by its content type, it is the bytes in base64.
 */
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

export type { Ticket } from '../domain/model/ticket.ts';

export type CallOutcome =
  | { readonly kind: 'done'; readonly reply: ModelReply }
  /** `checkInMs` is when it is worth asking; a callback may come first. */
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
  /** Called with each piece of a streamed text; the first call marks the first token. */
  readonly onText?: (piece: string) => void;
  /** The bytes of a file that the call names. Absent where no call can name one. */
  readonly media?: MediaSource;
  /** Where the provider may report the end of this attempt; null when the deployment has no public address. */
  readonly callbackUrl?: string | null;
  /** When the attempt is given up: a provider that takes a deadline gets it. */
  readonly deadlineAtMs?: number;
};

/** Reads files at the moment a request needs them. Throws `MediaGone` when one has been deleted meanwhile. */
export type MediaSource = {
  read(media: MediaRef): Promise<Uint8Array>;
  stream(media: MediaRef): Promise<ReadableStream<Uint8Array>>;
  /** A short-lived public address of the file; null when the deployment has no public address. */
  url(media: MediaRef): Promise<string | null>;
};

/** What is known of a submit whose outcome is not. */
export type LostSubmit = {
  readonly call: ModelCall;
  readonly idempotencyKey: string;
  readonly callbackUrl: string | null;
  /** When the attempt began. */
  readonly startedAtMs: number;
};

export type Reconciled =
  /** The provider took it: the attempt goes on under this ticket. */
  | { readonly kind: 'found'; readonly ticket: Ticket }
  /** The provider has no such work: sending it again is safe. */
  | { readonly kind: 'absent' }
  /** It cannot be told. */
  | { readonly kind: 'unknown' };

/** A provider's callback as it arrived. Header names are in lower case. */
export type CallbackRequest = {
  readonly headers: Readonly<Record<string, string>>;
  /** The raw body: signatures are over bytes. */
  readonly body: Uint8Array;
  readonly nowMs: number;
};

export type CallbackVerdict =
  | { readonly kind: 'genuine' }
  /** `reason` is a sentence of ours, without anything of the request in it. */
  | { readonly kind: 'refused'; readonly reason: string };

export type Callbacks = {
  /** Checks the provider's own signature; the attempt's token in the URL has been checked before. */
  verify(request: CallbackRequest): Promise<CallbackVerdict>;
  /** What the callback says; `ask` when it only says that it is time to ask for the status. */
  read(body: Json, call: ModelCall): CallOutcome | { readonly kind: 'ask' };
};

export type Capabilities = {
  readonly kinds: readonly ModelKind[];
  /** True when calls run inside the Worker and need no outgoing connection. */
  readonly local: boolean;
  /** How each kind may be asked; a kind that is absent only knows `sync`. */
  readonly executions?: Readonly<Partial<Record<ModelKind, readonly Execution[]>>>;
};

/**
 * The thin abstraction around one provider. `transformInput`, `unsupported`, `normalizeOutput` and `classifyError`
 * are pure; `submitJob` makes the one call and never retries. What only some providers have is optional: its
 * presence is the capability.
 */
export type ProviderAdapter = {
  readonly id: string;
  /** Changes whenever the mapping changes; stored with every attempt. */
  readonly version: number;
  readonly capabilities: Capabilities;
  transformInput(call: ModelCall): WireRequest;
  /**
   * What of a call this provider cannot be told, by field name (`seed`, `topP`, `tools`, `diarize`). The runner
   * drops these fields where the route allows it, and fails the attempt where it does not.
   */
  readonly unsupported?: (call: ModelCall) => readonly string[];
  normalizeOutput(reply: WireReply, call: ModelCall): CallOutcome;
  classifyError(evidence: ErrorEvidence): Failure;
  submitJob(call: ModelCall, context: CallContext): Promise<CallOutcome>;
  readonly getJobStatus?: (
    ticket: Ticket,
    call: ModelCall,
    context: CallContext,
  ) => Promise<CallOutcome>;
  /** Resolves whatever the provider answers: a cancel is a wish, and it may come too late. */
  readonly cancelJob?: (ticket: Ticket, call: ModelCall, context: CallContext) => Promise<void>;
  /** Looks for a submit whose answer was lost. Never throws. */
  readonly findJob?: (lost: LostSubmit, context: CallContext) => Promise<Reconciled>;
  readonly callbacks?: Callbacks;
};
