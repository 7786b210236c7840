export type WebhookHeaders =
  /** `Headers` of the platform, and what is like them. */
  | { get(name: string): string | null | undefined }
  /** What Node gives as `request.headers`. */
  | { readonly [name: string]: string | readonly string[] | undefined };

export type VerifyWebhook = {
  /** `whsec_…`; or several as `secrets`, while one is being rotated. */
  readonly secret?: string | undefined;
  readonly secrets?: readonly string[] | undefined;
  readonly headers: WebhookHeaders;
  /** The body as it came, before it is parsed. */
  readonly body: string | ArrayBuffer | ArrayBufferView;
  /** How far the time of signing may be from now, either way: five minutes unless told otherwise. */
  readonly toleranceMs?: number | undefined;
  /** Milliseconds since 1970: now unless told otherwise. */
  readonly nowMs?: number | undefined;
};

/** Append-only: an event of a type that is not listed here may come from a newer deployment. */
export type WebhookPayload = {
  readonly type: string;
  /** When it happened: ISO 8601 in UTC. */
  readonly timestamp: string;
  readonly data: { readonly [field: string]: unknown };
};

export type VerifiedWebhook<Payload = WebhookPayload> = {
  /** The same for the same event, however often it comes: drop what has been seen. */
  readonly id: string;
  /** When this try was signed. */
  readonly timestamp: Date;
  readonly payload: Payload;
};

export type WebhookVerificationReason =
  | 'secret_missing'
  | 'secret_invalid'
  | 'body_not_raw'
  | 'header_missing'
  | 'timestamp_invalid'
  | 'timestamp_too_old'
  | 'timestamp_too_new'
  | 'signature_missing'
  | 'signature_mismatch'
  | 'body_not_json';

export declare class WebhookVerificationError extends Error {
  constructor(reason: WebhookVerificationReason, message: string);
  readonly reason: WebhookVerificationReason;
}

/** Gives the event of a genuine and recent webhook; throws a `WebhookVerificationError` for anything else. */
export declare function verifyWebhook<Payload = WebhookPayload>(
  given: VerifyWebhook,
): Promise<VerifiedWebhook<Payload>>;
