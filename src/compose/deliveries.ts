import { makeFactWriter } from '../runtime/d1/fact-rows.ts';
import type { TellDeps } from '../runtime/consumers/tell-receivers.ts';
import type { WebhookDeps } from '../runtime/consumers/webhooks.ts';
import type { DeliveriesDeployment } from '../runtime/deliveries/deliveries-object.ts';
import { makeDeliveriesByName } from '../runtime/deliveries/deliveries-client.ts';
import { machine } from '../runtime/machine.ts';
import type { Announcements } from '../services/ports/announcements.ts';
import type { JobShards } from '../services/ports/job-shard/job-shard.ts';
import type { Log } from '../services/ports/log.ts';
import type { Objects } from '../services/ports/values/objects.ts';
import type { DeliveriesOf, WebhookEndpoints } from '../services/ports/webhooks.ts';
import type { Outside } from '../services/outbound/outside.ts';
import { makeAnnouncements } from '../services/webhooks/delivering/announce.ts';
import { isMeasured } from './settings.ts';
import type { ProjectSecrets } from '../services/webhooks/project-secrets.ts';

/** What tells receivers of what happens, and what delivers it to them. */
export type DeliveryParts = {
  readonly announcements: Announcements;
  readonly receivers: TellDeps;
  readonly deliverer: WebhookDeps;
  readonly deployment: DeliveriesDeployment;
};

type Parts = {
  readonly setting: (name: string) => string | undefined;
  readonly webhookEndpoints: WebhookEndpoints;
  readonly projectSecrets: ProjectSecrets | null;
  readonly deliveriesOf: DeliveriesOf;
  readonly outside: Outside;
  readonly shards: JobShards;
  readonly objects: Objects;
  readonly log: Log;
};

const PAUSE_AFTER_HOURS_DEFAULT = 72;
const HOUR_MS = 3_600_000;

export function deliveryParts(env: Env, parts: Parts): DeliveryParts {
  const { setting, webhookEndpoints: endpoints, projectSecrets, log, deliveriesOf } = parts;
  const { outside, shards, objects } = parts;
  const announcements = makeAnnouncements({ endpoints, deliveriesOf });
  const hours = Number(setting('WEBHOOK_PAUSE_AFTER_HOURS') ?? PAUSE_AFTER_HOURS_DEFAULT);
  return {
    announcements,
    receivers: { endpoints, deliveriesOf, log },
    deliverer: {
      outside,
      shards,
      objects,
      endpoints,
      projectSecrets,
      announcements,
      pauseAfterMs: (hours > 0 ? hours : PAUSE_AFTER_HOURS_DEFAULT) * HOUR_MS,
      fetch: (url, init) => fetch(url, init),
      machine,
      log,
      deliveriesOf: makeDeliveriesByName(env.DELIVERIES),
      dataset: env.MEASUREMENTS,
      ...(isMeasured(setting) ? { facts: makeFactWriter(env.DB) } : {}),
    },
    deployment: { log, sendHint: async (message) => void (await env.WEBHOOKS.send(message)) },
  };
}
