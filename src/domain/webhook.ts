import type { JobId, ProjectId } from './ids.ts';
import { jobEndTypes } from './job/job-end.ts';
import type { JsonObject } from './json.ts';

/**
 * Webhooks, by the rules of Standard Webhooks (https://www.standardwebhooks.com): what may be told, to whom, and how a
 * delivery stands. The names live in users' receivers and filters: append, never rename.
 */
export const webhookEventTypes = [
  'job.queued',
  'job.started',
  'job.waiting',
  'job.resumed',
  'job.paused',
  'job.cancelling',
  ...jobEndTypes,
  'step.failed',
  'review.requested',
  'alert.webhook_endpoint_paused',
  'alert.webhook_endpoint_disabled',
  'alert.budget_threshold',
  'alert.budget_exceeded',
  /** What `POST …/test` sends, whatever the filter says. */
  'webhook.test',
] as const;

/** The groups that a filter may name as `job.*`; some have no types yet, so that a filter need not change for them. */
export const webhookEventGroups = [
  'job',
  'step',
  'review',
  'alert',
  'release',
  'evaluation',
] as const;

/** True when a filter, a list of types and of groups such as `job.*` or `*`, lets a type through. */
export function isWanted(filter: readonly string[], type: string): boolean {
  const group = `${type.slice(0, type.indexOf('.'))}.*`;
  return filter.some((each) => each === '*' || each === type || each === group);
}

/** True of what may be told at all. */
export function isAnnounced(type: string): boolean {
  return webhookEventTypes.some((known) => known === type);
}

/** Something that happened in a project and may be told. It carries no payload. */
export type Announcement = {
  /**
   * The same for the same happening, however often it is announced: it becomes the header `webhook-id`, by which receivers
   * know repetitions. For an event of a job `evt_<job id without its prefix>_<seq>`.
   */
  readonly id: string;
  readonly type: string;
  readonly atMs: number;
  readonly jobId: JobId | null;
  /** Number of the event in its job's history. */
  readonly seq: number | null;
  /** Identifiers, status, codes, counts: what the thin payload shows beside them. */
  readonly data: JsonObject;
};

/** `thin`: what happened, with ids and a link; `full`: also the job as `GET /v1/jobs/{id}` answers when it is delivered. */
export const webhookPayloads = ['thin', 'full'] as const;
export type WebhookPayload = (typeof webhookPayloads)[number];

/** `paused`: by a user, or after days of failures; what is due waits. `disabled`: the receiver said 410; nothing is kept for it. */
export const endpointStates = ['active', 'paused', 'disabled'] as const;
export type EndpointState = (typeof endpointStates)[number];

export type WebhookSecret = {
  /** `whsec_` and base64 of 24 to 64 bytes. */
  readonly secret: string;
  readonly createdAtMs: number;
  /** From when on nothing is signed with it any more; null for the newest. */
  readonly expiresAtMs: number | null;
};

/** Where a project's events are delivered. */
export type WebhookEndpoint = {
  /** `whe_` and 32 hexadecimal digits. */
  readonly id: string;
  readonly project: ProjectId;
  readonly url: string;
  readonly events: readonly string[];
  readonly payload: WebhookPayload;
  /** True when the events of a job are delivered one after the other, in the order of their `seq`. */
  readonly ordered: boolean;
  /** Sent with each delivery, beside our own. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The newest first; two at most are in force at a time. Those that can no longer be decrypted are missing: an
   * endpoint without any is delivered nothing until its secret is rotated.
   */
  readonly secrets: readonly WebhookSecret[];
  /** Moves with each rotation, so that of two at once one is refused. */
  readonly secretsChangedAtMs: number;
  readonly state: EndpointState;
  readonly stateReason: string | null;
  readonly stateSinceMs: number;
  readonly description: string;
  readonly createdAtMs: number;
};

/** What a job's submitter asks to be told of this job alone. Part of the job's birth. */
export type JobWebhook = {
  readonly url: string;
  readonly events: readonly string[];
  readonly payload: WebhookPayload;
};

/**
 * `pending`: due now or later, `held` with its endpoint when that is paused; `delivered`: a 2xx answer came; `failed`: given
 * up after the last try, or because the endpoint was disabled; `erased`: its job was erased before it was delivered.
 */
export const deliveryStates = ['pending', 'delivered', 'failed', 'erased'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** One try to deliver. */
export type DeliveryTry = {
  readonly number: number;
  readonly atMs: number;
  readonly latencyMs: number;
  /** HTTP status; null when no answer came. */
  readonly status: number | null;
  /** Machine-readable: `http_status`, `timeout`, `no_answer`, the name of a URL rule …; null for a success. */
  readonly error: string | null;
  /** The first bytes of the answer, as text. */
  readonly answer: string;
};

/** One announcement on its way to one endpoint. */
export type Delivery = {
  /** `whd_` and 32 hexadecimal digits, the first twelve the moment: ids sort by it. */
  readonly id: string;
  /** Of the endpoint; null for a job's own webhook. */
  readonly endpointId: string | null;
  /** Of a job's own webhook; null for an endpoint, which knows its URL. */
  readonly url: string | null;
  readonly announcement: Announcement;
  readonly state: DeliveryState;
  readonly createdAtMs: number;
  /** The next try, for a pending one. */
  readonly nextTryAtMs: number | null;
  readonly deliveredAtMs: number | null;
  readonly tries: readonly DeliveryTry[];
  /** When the first schedule ended; a redelivery begins a new one. */
  readonly redeliveries: number;
};
