import { z } from 'zod';

import {
  deliveryStates,
  endpointStates,
  webhookPayloads,
  type Delivery,
  type DeliveryTry,
  type JobWebhook,
  type WebhookEndpoint,
} from '../../domain/webhook.ts';
import { isoTime } from '../../domain/wire.ts';
import { secretsInForce } from '../webhooks/endpoints/rotate-secret.ts';

const time = z.iso.datetime();

export const webhookEndpointSchema = z
  .object({
    object: z.literal('webhook_endpoint'),
    id: z.string(),
    url: z.string(),
    events: z.array(z.string()),
    payload: z.enum(webhookPayloads),
    ordered: z.boolean(),
    header_names: z.array(z.string()).meta({
      description: 'The headers that go with each delivery; their values are never shown',
    }),
    secrets: z
      .array(z.object({ created_at: time, expires_at: time.nullable() }))
      .meta({ description: 'Those in force, the newest first: deliveries are signed with each' }),
    state: z.enum(endpointStates).meta({
      description:
        '`paused`: what is due waits until it is resumed; `disabled`: its receiver has answered 410, and nothing is kept for it',
    }),
    state_reason: z.string().nullable(),
    state_since: time,
    description: z.string(),
    created_at: time,
  })
  .meta({ id: 'WebhookEndpoint' });

export const webhookEndpointWithSecretSchema = webhookEndpointSchema.extend({
  secret: z.string().meta({ description: 'Shown this once; it is stored encrypted' }),
});

export const webhookEndpointAgainSchema = webhookEndpointSchema.extend({
  secret: z.string().nullable().meta({
    description: 'Null after a day, and once it was rotated',
  }),
});

export function webhookEndpointView(
  endpoint: WebhookEndpoint,
  nowMs: number,
): z.infer<typeof webhookEndpointSchema> {
  const { id, url, events, payload, ordered, state, stateReason, description } = endpoint;
  return {
    object: 'webhook_endpoint',
    id,
    url,
    events: [...events],
    payload,
    ordered,
    header_names: Object.keys(endpoint.headers),
    secrets: secretsInForce(endpoint, nowMs).map(({ createdAtMs, expiresAtMs }) => ({
      created_at: isoTime(createdAtMs),
      expires_at: timeOrNull(expiresAtMs),
    })),
    state,
    state_reason: stateReason,
    state_since: isoTime(endpoint.stateSinceMs),
    description,
    created_at: isoTime(endpoint.createdAtMs),
  };
}

export const jobWebhookSchema = z
  .object({ url: z.string(), events: z.array(z.string()), payload: z.enum(webhookPayloads) })
  .nullable()
  .meta({ description: 'Whom the job’s submitter wants told of it' });

export function jobWebhookView(webhook: JobWebhook | undefined): z.infer<typeof jobWebhookSchema> {
  if (webhook === undefined) return null;
  return { url: webhook.url, events: [...webhook.events], payload: webhook.payload };
}

const trySchema = z.object({
  number: z.int(),
  at: time,
  latency_ms: z.int(),
  status: z.int().nullable().meta({ description: 'Null when no answer came' }),
  error: z.string().nullable().meta({
    description: 'Why it does not count as delivered: `http_status`, `timeout`, the name of a rule',
  }),
  answer: z.string().meta({ description: 'The first bytes of the answer’s body, as text' }),
});

const listedDelivery = {
  object: z.literal('webhook_delivery'),
  id: z.string(),
  endpoint: z.string().nullable().meta({ description: 'Null for a job’s own webhook' }),
  url: z.string().nullable(),
  event_id: z.string().meta({
    description: 'The header `webhook-id`: the same for the same event, however often it is sent',
  }),
  type: z.string(),
  job_id: z.string().nullable(),
  seq: z.int().nullable().meta({ description: 'Number of the event in its job’s history' }),
  state: z.enum(deliveryStates),
  created_at: time,
  next_try_at: time.nullable().meta({ description: 'For a pending one' }),
  delivered_at: time.nullable(),
  try_count: z.int(),
  last_try: trySchema.nullable(),
  redeliveries: z.int().meta({ description: 'How often it was asked for again' }),
};

export const listedDeliverySchema = z.object(listedDelivery).meta({ id: 'ListedWebhookDelivery' });
export const deliverySchema = z
  .object({ ...listedDelivery, tries: z.array(trySchema) })
  .meta({ id: 'WebhookDelivery' });

export function listedDeliveryView(delivery: Delivery): z.infer<typeof listedDeliverySchema> {
  const { id, endpointId, url, announcement, state, tries, redeliveries } = delivery;
  const last = tries.at(-1);
  return {
    object: 'webhook_delivery',
    id,
    endpoint: endpointId,
    url,
    event_id: announcement.id,
    type: announcement.type,
    job_id: announcement.jobId,
    seq: announcement.seq,
    state,
    created_at: isoTime(delivery.createdAtMs),
    next_try_at: timeOrNull(delivery.nextTryAtMs),
    delivered_at: timeOrNull(delivery.deliveredAtMs),
    try_count: last?.number ?? 0,
    last_try: last === undefined ? null : tryView(last),
    redeliveries,
  };
}

export function deliveryView(delivery: Delivery): z.infer<typeof deliverySchema> {
  return { ...listedDeliveryView(delivery), tries: delivery.tries.map(tryView) };
}

function tryView({ number, atMs, latencyMs, status, error, answer }: DeliveryTry) {
  return { number, at: isoTime(atMs), latency_ms: latencyMs, status, error, answer };
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}
