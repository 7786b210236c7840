import type { JobId, ProjectId } from '../../domain/ids.ts';
import type {
  Announcement,
  Delivery,
  DeliveryState,
  DeliveryTry,
  EndpointState,
  WebhookEndpoint,
  WebhookPayload,
} from '../../domain/webhook.ts';

/** Endpoints as D1 has them: the truth of their configuration. Secrets are encrypted at rest. */
export type WebhookEndpoints = {
  list(project: ProjectId): Promise<readonly WebhookEndpoint[]>;
  get(project: ProjectId, id: string): Promise<WebhookEndpoint | null>;
  /** False when the project has as many as it may have, or one that was made under the same key. */
  insert(endpoint: WebhookEndpoint, max: number, asked?: AskedUnderKey): Promise<boolean>;
  /** The endpoint that was made under a key, and the hash of what was asked for. */
  madeUnder(
    project: ProjectId,
    keySha256: string,
  ): Promise<{ readonly endpoint: WebhookEndpoint; readonly bodySha256: string } | null>;
  /** Replaces what is given and leaves the rest, so that changes at the same time do not undo each other; false when it is gone. */
  change(endpoint: EndpointKey, changes: EndpointChanges): Promise<boolean>;
  /** Replaces the secrets, if they still are what was seen. */
  rotate(
    endpoint: EndpointKey,
    seenSecretsChangedAtMs: number,
    rotated: Pick<WebhookEndpoint, 'secrets' | 'secretsChangedAtMs'>,
  ): Promise<boolean>;
  /** Changes the state alone, if it still is what was seen: deliveries and users may do it at the same time. */
  moveState(
    endpoint: EndpointKey,
    change: {
      readonly from: EndpointState;
      readonly to: EndpointState;
      readonly reason: string | null;
      readonly atMs: number;
    },
  ): Promise<boolean>;
  /** What is removed stays in the list of those for as long as its deliveries are kept; false when it was gone. */
  remove(project: ProjectId, id: string, atMs: number): Promise<boolean>;
  /** Removed since a moment, the latest first, at most so many. */
  removed(project: ProjectId, sinceMs: number, limit: number): Promise<readonly RemovedEndpoint[]>;
};

export type RemovedEndpoint = Pick<WebhookEndpoint, 'id' | 'url'>;

/** An `Idempotency-Key`, and what was asked for under it; the hash of that has the key in it, so that nobody else can guess at it. */
export type AskedUnderKey = { readonly keySha256: string; readonly bodySha256: string };

export type EndpointKey = Pick<WebhookEndpoint, 'project' | 'id'>;

export type EndpointChanges = Partial<
  Pick<WebhookEndpoint, 'url' | 'events' | 'payload' | 'ordered' | 'headers' | 'description'>
>;

/** An announcement for one receiver. */
export type DeliveryOrder = {
  readonly announcement: Announcement;
  /** For a job's own webhook; absent for an endpoint, whose configuration is read when it is delivered. */
  readonly to?: { readonly url: string; readonly payload: WebhookPayload };
  /** When the job is erased: from then on nothing of it is delivered or shown. */
  readonly eraseAtMs?: number;
  /** Of a job whose caller does not record its trace. */
  readonly sampled?: false;
};

/**
 * Events `firstSeq` to `lastSeq` of a job have been told of, whichever of them are wanted, and so have those up to `before`.
 * Where order is kept, an event waits until everything before it has been told.
 */
export type ToldEvents = {
  readonly jobId: JobId;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly before: number;
};

/**
 * What the `Deliveries` object of a receiver offers: the truth of what is pending there, and the log of what was tried.
 * Calls may be repeated, and answers lost.
 */
export type Deliveries = {
  /** Stored once it answers; what it has already is not stored twice. `ordered` and `state` as the caller last saw them. */
  accept(
    orders: readonly DeliveryOrder[],
    seen: ReceiverSeen,
    /** For a receiver that keeps order: what its jobs' history has told, together with the orders that come of it. */
    told?: readonly ToldEvents[],
  ): Promise<void>;
  /** A deliverer's visit: what it tried, and what it may try next. Leased; a repeated `requestId` gets the same answer. */
  next(turn: DeliveryTurn): Promise<DeliveryAnswer>;
  /** Newest first, below `before`. */
  list(query: DeliveryQuery): Promise<readonly Delivery[]>;
  get(id: string): Promise<Delivery | null>;
  /** Makes deliveries due at once, with a schedule of their own; answers with how many. */
  redeliver(which: RedeliveryOrder): Promise<number>;
  /** The receiver was paused, resumed, disabled. Resumed: what was held is due. */
  changed(seen: ReceiverSeen): Promise<void>;
  /** A job was erased: nothing of it is delivered or shown any more. */
  forget(jobId: JobId): Promise<void>;
};

export type ReceiverSeen = { readonly state: EndpointState; readonly ordered: boolean };

export type DueDelivery = {
  readonly id: string;
  readonly number: number;
  readonly order: DeliveryOrder;
  /** Since when every try at this receiver has failed; null when one has succeeded since. */
  readonly failingSinceMs: number | null;
  /** Somebody has asked to have it delivered again. */
  readonly redelivery?: true;
};

export type DeliveryAnswer = {
  readonly due: readonly DueDelivery[];
  /** Of what was reported: deliveries whose reported try has failed, and after which none follows. */
  readonly givenUp: readonly string[];
};

export type DeliveryTurn = {
  readonly requestId: string;
  readonly capacity: number;
  readonly tried: readonly TriedDelivery[];
};

export type TriedDelivery = {
  readonly id: string;
  readonly tried: DeliveryTry;
  /** `Retry-After` of the answer, in milliseconds. */
  readonly retryAfterMs: number | null;
  /** `held`: the endpoint turned out to be paused, and nothing was sent. */
  readonly verdict: 'delivered' | 'again' | 'gone' | 'held' | 'erased';
};

export type DeliveryQuery = {
  readonly limit: number;
  /** Only older ones than this id. */
  readonly before: string | null;
  readonly state?: DeliveryState | undefined;
  readonly type?: string | undefined;
  readonly jobId?: JobId | undefined;
  readonly afterMs?: number | undefined;
  readonly beforeMs?: number | undefined;
};

export type RedeliveryOrder =
  | { readonly kind: 'one'; readonly id: string }
  | { readonly kind: 'all'; readonly query: Omit<DeliveryQuery, 'before' | 'limit'> };

/** Finds the object of an endpoint, and the one that keeps jobs' own webhooks of a URL's origin. */
export type DeliveriesOf = {
  endpoint(project: ProjectId, endpointId: string): Deliveries;
  /** Jobs' own webhooks lie in a few objects of their project, by origin. */
  ofOrigin(project: ProjectId, origin: string): Deliveries;
  /** All objects that keep jobs' own webhooks of a project. */
  ofJobs(project: ProjectId): readonly Deliveries[];
};
