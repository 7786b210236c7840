import { withRecentEndpoints } from '../runtime/d1/recent/recent-lookups.ts';
import { resealEndpoints } from '../runtime/d1/webhooks/reseal-endpoints.ts';
import { makeWebhookEndpoints } from '../runtime/d1/webhooks/webhook-endpoints.ts';
import { makeDeliveriesByName, makeDeliveriesOf } from '../runtime/deliveries/deliveries-client.ts';
import { machine } from '../runtime/machine.ts';
import type { Outside } from '../services/outbound/outside.ts';
import type { Log } from '../services/ports/log.ts';
import type { DeliveriesOf, WebhookEndpoints } from '../services/ports/webhooks.ts';
import { makeWebhookUrls, type WebhookUrls } from '../services/webhooks/endpoints/webhook-urls.ts';
import { makeProjectSecrets, type ProjectSecrets } from '../services/webhooks/project-secrets.ts';
import { makeSecretBox, shutBox } from '../services/webhooks/secret-box.ts';
import { countUpTo, signingSecretOf } from './settings.ts';

/** What a deployment knows of webhooks by its settings and its database. */
export type WebhookSettings = {
  readonly webhookEndpoints: WebhookEndpoints;
  /** The most endpoints of a project. */
  readonly webhookEndpointsMax: number;
  readonly webhookUrls: WebhookUrls;
  readonly deliveriesOf: DeliveriesOf;
  /** Null without a `SIGNING_SECRET`: there are no webhooks then. */
  readonly projectSecrets: ProjectSecrets | null;
};

const ENDPOINTS_DEFAULT = 16;
/** Lists of deliveries ask every endpoint's object. */
const ENDPOINTS_MAX = 100;

export function webhookSettings(
  env: Env,
  setting: (name: string) => string | undefined,
  outside: Outside,
): WebhookSettings {
  const signing = signingSecretOf(setting);
  const box = signing === null ? shutBox : makeSecretBox(signing.secret, signing.previous);
  const endpoints = makeWebhookEndpoints(env.DB, box);
  return {
    webhookEndpoints: withRecentEndpoints(endpoints, machine),
    webhookEndpointsMax:
      countUpTo(ENDPOINTS_MAX, setting('WEBHOOK_ENDPOINTS_MAX')) ?? ENDPOINTS_DEFAULT,
    webhookUrls: makeWebhookUrls({ outside, machine }),
    deliveriesOf: makeDeliveriesOf(makeDeliveriesByName(env.DELIVERIES)),
    projectSecrets: signing === null ? null : makeProjectSecrets(signing.secret, signing.previous),
  };
}

/** Seals what endpoints keep under the present secret, as long as there is one before it. */
export function resealing(
  env: Env,
  setting: (name: string) => string | undefined,
  log: Log,
): () => Promise<void> {
  const signing = signingSecretOf(setting);
  if (signing === null || signing.previous === null) return async () => {};
  const box = makeSecretBox(signing.secret, signing.previous);
  return async () => {
    const count = await resealEndpoints(env.DB, box);
    if (count > 0) log('info', 'webhook.resealed', { count });
  };
}
