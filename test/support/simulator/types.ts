import type { Json, JsonObject } from '../../../src/domain/json.ts';

/** What goes wrong with one request. At most one of the kinds below; the modifiers combine with any of them. */
export type Fault = {
  // Modifiers.
  /** Wait this long before anything is answered. */
  readonly latency_ms?: number;
  /** Headers at once, then the body in pieces with a pause before each. */
  readonly slow_body?: { readonly delay_ms: number; readonly chunks: number };

  // Kinds.
  /** An error answer; `code`, `type`, `message`, `body` and the `retry_after` fields shape it. */
  readonly status?: number;
  /** `after_request`: the work is done and paid, then the connection breaks without an answer. */
  readonly drop?: 'before_headers' | 'mid_body' | 'after_request';
  /** A 200 whose JSON is cut short, or is not JSON at all although it says so. */
  readonly malformed?: 'truncated' | 'invalid';
  /** An HTML page with status 502, as a proxy would answer. */
  readonly not_json?: true;
  /** A well-formed reply whose JSON content breaks the schema that was asked for. */
  readonly wrong_schema?: true;
  /** An error object in a 200. */
  readonly error_in_200?: true;
  /** An error event after this many pieces of content. */
  readonly stream_error?: number;
  /** Half of the content, with `finish_reason: "length"`. */
  readonly truncate?: true;
  readonly refusal?: string;
  /** Work in the background is taken and fails in the end; `code` and `message` say how. */
  readonly fails_later?: true;
  /** No answer until one side closes the connection; `after_request`: although the work is done and paid. */
  readonly hang?: true | 'after_request';

  // The shape of an error.
  /** Sent as the `retry-after` header: a number of seconds, or a text verbatim. */
  readonly retry_after?: number | string;
  /** Sent as a `retry-after` header in the HTTP-date form, this many seconds from now. */
  readonly retry_after_date_s?: number;
  readonly retry_after_ms?: number;
  readonly code?: string | number;
  readonly type?: string;
  readonly message?: string;
  /** Takes the place of the whole error body. */
  readonly body?: Json;
};

/** A fixed answer in place of a made-up one. */
export type Reply = {
  readonly text?: string;
  readonly json?: Json;
  /** Tools that the pretended model calls instead of saying something. */
  readonly tool_calls?: readonly { readonly name: string; readonly arguments: Json }[];
  /** So many questions for work in the background are answered with "not yet": 2 unless said. */
  readonly polls?: number;
  /** Work in the background calls back so long after its submit, and has ended then; never unless said. */
  readonly callback_ms?: number;
  /** Replaces the usage object, for tests of prices. */
  readonly usage?: JsonObject;
};

/** When a rule applies, and what happens then. The first rule that fires wins. */
export type Rule = {
  readonly match: {
    /** The whole path, or its beginning followed by `*`. */
    readonly path?: string;
    readonly model?: string;
    /** A text that must occur in the raw request body. */
    readonly contains?: string;
  };
  /** Fire at most so often; forever when absent. */
  readonly times?: number;
  /** Let the first so many matches pass. */
  readonly after: number;
  /** Fire on this share of the matches, drawn from a seeded generator. */
  readonly probability: number;
  readonly seed?: number;
  readonly fault: Fault;
  readonly reply?: Reply;
};

/** A rule as it is written: everything may be left out, and shorthands are allowed. */
export type RuleInput = {
  readonly match?: Rule['match'];
  readonly times?: number;
  readonly after?: number;
  readonly probability?: number;
  readonly seed?: number;
  readonly fault?: FaultInput;
  readonly reply?: Reply;
};

/** A fault as it is written: `true` stands for the usual form of a kind. */
export type FaultInput = Omit<Fault, 'malformed' | 'stream_error' | 'refusal' | 'slow_body'> & {
  readonly malformed?: Fault['malformed'] | true;
  readonly stream_error?: number | true;
  readonly refusal?: string | true;
  /** A number is the pause in milliseconds between pieces. */
  readonly slow_body?: number | { readonly delay_ms: number; readonly chunks?: number };
};

/** What the script, a header or the model's name decided for one request. */
export type Scripted = { readonly fault: Fault; readonly reply?: Reply };

/** An answer ready to be sent; several pieces make a stream. */
export type Answer = {
  readonly status: number;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pieces: readonly string[];
  /** Was work done that a provider would bill? */
  readonly paid: boolean;
};

/** One request below `/v1`, read and not yet answered. */
export type Call = {
  readonly seq: number;
  readonly method: string;
  readonly path: string;
  readonly query?: URLSearchParams;
  readonly model: string | null;
  /** The parsed body, a form as an object, or `undefined` when it is neither. */
  readonly body: Json | undefined;
  readonly bodyText: string;
};

/** Sends a request back with an error in the provider's shape. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly answer: Answer;
  constructor(answer: Answer) {
    super('request refused');
    this.answer = answer;
  }
}
