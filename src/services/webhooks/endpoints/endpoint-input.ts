import { z } from 'zod';

import { DAY, duration } from '../../../domain/definition/definition-parts.ts';
import { jobEndTypes } from '../../../domain/job/job-end.ts';
import { webhookPayloads } from '../../../domain/webhook.ts';
import { endpointEventNames, jobEventNames, unknownName } from './event-names.ts';
import { headerMistakes, lowerCaseNames } from './receiver-headers.ts';

/** What requests say about webhooks: of endpoints, and of a job's own. */

const EVENTS_MAX = 50;
/** By the rules of Standard Webhooks. */
const SECRET_BYTES = { min: 24, max: 64 };

const url = z.string().min(1).max(2_048).meta({
  description:
    'Where deliveries are POSTed: https, port 443, a public host. Redirects are not followed.',
});
const payload = z.enum(webhookPayloads).meta({
  description:
    '`thin`: what happened, with ids and links; `full`: also the job, as it is when it is delivered',
});
const ordered = z.boolean().meta({
  description:
    'Whether the events of a job are delivered one after the other, in the order of their `seq`',
});
const description = z.string().max(500);

function eventsOf(known: readonly string[]) {
  const name = z.string().superRefine((text, context) => {
    if (!known.includes(text)) {
      context.addIssue({ code: 'custom', message: unknownName(text, known) });
    }
  });
  return z
    .array(name)
    .min(1, 'name at least one event, or * for all')
    .max(EVENTS_MAX, `must be at most ${EVENTS_MAX} names`)
    .meta({ description: `Any of ${known.join(', ')}` });
}

const headers = z
  .record(z.string(), z.string())
  .superRefine((given, context) => {
    for (const { name, message } of headerMistakes(given)) {
      context.addIssue({ code: 'custom', message, path: name === null ? [] : [name] });
    }
  })
  .transform(lowerCaseNames)
  .meta({
    type: 'object',
    additionalProperties: { type: 'string' },
    description:
      'Sent with each delivery, a key of the receiver’s for instance. Their values are never shown again.',
  });

const secret = z
  .string()
  .superRefine((text, context) => {
    const message = secretMistake(text);
    if (message !== null) context.addIssue({ code: 'custom', message });
  })
  .meta({
    description:
      'A secret of your own: `whsec_` and base64 of 24 to 64 random bytes. One is made if absent.',
  });

/** Null for a secret that can be signed with. */
export function secretMistake(text: string): string | null {
  const { min, max } = SECRET_BYTES;
  const form = `whsec_ and base64 of ${min} to ${max} random bytes, such as $(echo whsec_$(openssl rand -base64 32))`;
  const encoded = /^whsec_(.*)$/s.exec(text)?.[1];
  if (encoded === undefined) return `does not begin with whsec_; it must be ${form}`;
  const bytes = decodedLength(encoded);
  if (bytes === null) return `is not base64 after whsec_; it must be ${form}`;
  if (bytes < min)
    return `is too short: ${bytes} bytes can be guessed too easily; it must be ${form}`;
  return bytes > max ? `is too long: ${bytes} bytes; it must be ${form}` : null;
}

function decodedLength(encoded: string): number | null {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(encoded) || encoded.length % 4 !== 0) return null;
  const padding = /=*$/.exec(encoded)?.[0].length ?? 0;
  return (encoded.length / 4) * 3 - padding;
}

export const endpointInput = z
  .strictObject({
    url,
    events: eventsOf(endpointEventNames).default(['*']),
    payload: payload.default('thin'),
    ordered: ordered.default(false),
    headers: headers.default({}),
    description: description.default(''),
    secret: secret.optional(),
  })
  .meta({ id: 'CreateWebhookEndpoint' });
export type EndpointInput = z.output<typeof endpointInput>;

export const endpointChange = z
  .strictObject({
    url: url.optional(),
    events: eventsOf(endpointEventNames).optional(),
    payload: payload.optional(),
    ordered: ordered.optional(),
    headers: headers.optional(),
    description: description.optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'name at least one field to change')
  .meta({ id: 'ChangeWebhookEndpoint' });
export type EndpointChange = z.output<typeof endpointChange>;

export const rotateInput = z.strictObject({
  secret: secret.optional(),
  keep_old_for: duration(0, 30 * DAY, '0s and 30d')
    .default('24h')
    .meta({
      description:
        'How long deliveries are signed with the present secret as well: 0s to 30d. 0s ends all older ones at once.',
      example: '24h',
    }),
});
export type RotateInput = z.output<typeof rotateInput>;

export const jobWebhookField = z
  .strictObject({
    url,
    // A submitter wants to hear of the job's end unless it says otherwise.
    events: eventsOf(jobEventNames).default([...jobEndTypes]),
    payload: payload.default('thin'),
  })
  .meta({
    id: 'JobWebhook',
    description:
      'Whom to tell of this job. Signed with the secret of GET /v1/webhook-signing-secret; without `events` its end is told.',
  });
